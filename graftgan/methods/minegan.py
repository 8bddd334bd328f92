"""MineGAN: a small network finds where in the source's latent space the target lies; then everything trains."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from lightning_fabric import Fabric
from torch import Tensor

from graftgan.errors import UserError
from graftgan.methods.base import Method, Preparation
from graftgan.methods.rules import Rules
from graftgan.methods.step import adversarial_step
from graftgan.networks.fronted import FrontedGenerator
from graftgan.randomness import generator_at
from graftgan.state import State
from graftgan.surgery.freeze import freeze


@dataclass(frozen=True)
class MineGAN(Method):
    """Trains a miner M in front of the source's generator, G(M(z)), first alone with D, then with all of G.

    Source: Wang et al. 2020, MineGAN (arXiv 1912.05270). M, two layers of the latent's width, steers sampling to the
    part of the source's distribution that D takes for the target; then G is fine-tuned from there.
    Deviations: M adds to the latent, M(z) = z + W2 relu(W1 z + b1) + b2 with W2 = 0 at first, so that the start is
    exactly the source. Batch norm keeps the source's statistics throughout: those of a batch of mined latents would
    take out again what is mined.

    Trains: M and all of D; after `stage_steps` steps all of G, too. Frozen: G until then; statistics of batch norm.
    Cost: a step of the first stage is cheaper than plain fine-tuning, one of the second the same.
    Measured: 1.06 of plain fine-tuning's KID on the mean of six pairs of ten photos at 32 px, 0.65 to 1.38
    (docs/results/bench).
    Prefer it: where the target is a part of the source's domain.

    Attributes:
        stage_steps: steps that G stays as it is while M and D train, at least 0; after those that are D's alone.
    """

    needs_adversary: ClassVar[bool] = True

    stage_steps: int = 100
    """Steps that only the miner and D train; 0: everything trains from the start."""

    def __post_init__(self) -> None:
        """Raises UserError for a setting that is out of its range."""
        if self.stage_steps < 0:
            raise UserError(f"--method-options stage_steps={self.stage_steps}: at least 0")

    def prepare(self, state: State, preparation: Preparation) -> None:
        """Puts a miner in front of G. G is in its optimiser from the start, and held still step by step."""
        device = next(state.generator.parameters()).device
        mined = FrontedGenerator(state.generator, layers=2)
        mined.draw_front(generator_at(preparation.seed, 0, purpose="miner"))
        freeze(mined.inner)
        mined.inner.requires_grad_(True)
        state.generator = mined.to(device)

    def step(
        self, state: State, real: Tensor, labels: Tensor | None, rules: Rules, fabric: Fabric, rng: torch.Generator
    ) -> dict[str, Tensor] | None:
        """The step of the adversarial game, in which G behind the miner trains or not, by the step's number."""
        assert isinstance(state.generator, FrontedGenerator)
        state.generator.inner.requires_grad_(state.step >= rules.d_first + self.stage_steps)
        return adversarial_step(state, self, real, labels, rules, fabric, rng)
