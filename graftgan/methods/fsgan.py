"""FSGAN: only the singular values of the source's kernels adapt."""

from dataclasses import dataclass
from typing import ClassVar

from graftgan.methods.base import Method, Preparation
from graftgan.state import State
from graftgan.surgery.singular_values import by_singular_values


@dataclass(frozen=True)
class FSGAN(Method):
    """Trains one factor on each singular value of every kernel of G and D.

    Source: Robb et al. 2020, Few-Shot Adaptation of Generative Adversarial Networks (arXiv 2010.11943, section 3.2):
    W' = U diag(S m) V^T, m from 1, in convolutions and fully connected layers, the mapping network included. As there,
    nothing else trains: no bias, norm, constant or noise strength. Batch norms keep the source's statistics, in D too.
    Deviation: m learns at one rate everywhere, also in the mapping network, whose weights learn at a hundredth.

    Trains: m. Frozen: everything else.
    Cost: one matrix product a kernel and pass, which counts where pictures are small and channels many; an
    eigendecomposition of every kernel, once; one more copy of all kernels in memory. G learns twice as fast as usual,
    D 5 times (DCGAN 0.0008 and 0.002): a faster G outruns a D that has so few numbers to answer with.
    Measured: 1.23 of plain fine-tuning's KID on the mean of six pairs of ten photos at 32 px, 1.01 to 1.69
    (docs/results/bench).
    Prefer it: for targets near the source, where the result must be small.
    """

    small: ClassVar[bool] = True

    def draws_on(self) -> str:
        """D's kernels stay the source's up to their singular values."""
        return "keeps the kernels of the source's discriminator"

    def rates(self) -> tuple[float, float]:
        """D faster than G: it must keep up with few numbers, on features that it cannot change."""
        return 2.0, 5.0

    def prepare(self, state: State, preparation: Preparation) -> None:
        """Decomposes every kernel."""
        by_singular_values(state.generator)
        by_singular_values(state.discriminator)
