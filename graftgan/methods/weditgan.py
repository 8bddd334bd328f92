"""WeditGAN: the source's generator stays as it is, and its latent codes move by a constant."""

from dataclasses import dataclass
from typing import ClassVar

from graftgan.errors import UserError
from graftgan.methods.base import Method, Preparation
from graftgan.networks.fronted import FrontedGenerator
from graftgan.networks.stylegan2 import StyleGAN2Generator
from graftgan.state import State
from graftgan.surgery.freeze import freeze
from graftgan.surgery.style_offsets import offset_styles


@dataclass(frozen=True)
class WeditGAN(Method):
    """Learns one constant offset of each style: w' = w + dw, the same dw for every picture.

    Source: Duan et al. 2023, WeditGAN (arXiv 2305.06671). Every picture of the source has its counterpart, which
    differs by what the target domain has in common.
    Deviations: their regularisers of dw (perpendicularity) and the contrastive loss are left out. A network without
    styles (DCGAN) gets one offset of its latents z, z' = z + dz, and keeps the source's batch norm statistics, as
    batch statistics would take a constant out again; that is much less than an offset in each layer.

    Trains: the offsets; all of D. Frozen: all of the source's generator.
    Cost: cheaper than plain fine-tuning, as G's weights need no gradient.
    Measured: 1.02 of plain fine-tuning's KID on the mean of six pairs of ten photos at 32 px, 0.84 to 1.32
    (docs/results/bench).
    Prefer it: where the target is near the source and differs by a style, or where all that changes must be a few
    numbers, which can be scaled and taken back.

    Attributes:
        pace: how much faster than a network's usual rate the offsets learn, above 0.
    """

    needs_adversary: ClassVar[bool] = True
    small: ClassVar[bool] = True

    pace: float = 10.0
    """Learning rate of the offsets, relative to the network's usual one."""

    def __post_init__(self) -> None:
        """Raises UserError for a setting that is out of its range."""
        if not self.pace > 0:
            raise UserError(f"--method-options pace={self.pace}: above 0")

    def rates(self) -> tuple[float, float]:
        """Offsets are few and far from their goal; D learns as usual."""
        return self.pace, 1.0

    def prepare(self, state: State, preparation: Preparation) -> None:
        """Freezes G and gives it offsets."""
        freeze(state.generator)
        if isinstance(state.generator, StyleGAN2Generator):
            offset_styles(state.generator)
            return
        device = next(state.generator.parameters()).device
        state.generator = FrontedGenerator(state.generator, layers=0).to(device)
