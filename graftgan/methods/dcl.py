"""Dual contrastive learning: each adapted picture stays nearer to its own source picture than to any other."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from graftgan.errors import UserError
from graftgan.losses.contrast import contrast, paired_contrast
from graftgan.methods.base import Method, Preparation, Turn
from graftgan.networks.base import Discriminator
from graftgan.state import State
from graftgan.surgery.still_copy import inner_blocks, source_maps, still_copy
from graftgan.surgery.taps import tapped


@dataclass(frozen=True)
class DCL(Method):
    """Holds G's maps to their own latent's source maps, and D's view of fakes away from that of the photos.

    Source: Zhao et al. 2022, A Closer Look at Few-shot Image Generation (arXiv 2205.03805). G: the anchor is the
    adapted map of z_i, its counterpart the source's map of z_i, strangers the source's maps of the other latents. D:
    the anchor is D's map of a fake, its counterpart the source D's map of the same fake, strangers D's maps of real
    pictures; that slows how fast fakes are drawn onto the few photos. Deviations: every inner block of G and every
    block of D counts, as a mean; D's contrast sees pictures before augmentation.

    Trains: all of G and D. Frozen: copies of the source's G and D, kept in checkpoints.
    Cost: a step takes one more pass of the source's G and of the source's D without gradients, and two more of D;
    memory for the copies and, in D's turn, for the maps of those two.
    Measured: 0.97 of plain fine-tuning's KID on the mean of six pairs of ten photos at 32 px, 0.89 to 1.03
    (docs/results/bench).
    Prefer it: on targets near the source, to slow the loss of variety; on far ones it holds on to the source.

    Attributes:
        generator_weight: of G's contrast.
        discriminator_weight: of D's contrast.
        temperature: of both; the smaller, the more the likest stranger counts.
    """

    needs_adversary: ClassVar[bool] = True

    generator_weight: float = 2.0
    """Weight of G's contrast with the source's maps."""
    discriminator_weight: float = 0.5
    """Weight of D's contrast with the source's D and the photos."""
    temperature: float = 0.07
    """Temperature of both contrasts."""

    def __post_init__(self) -> None:
        """Raises UserError for a setting that is out of its range."""
        for name in ("generator_weight", "discriminator_weight"):
            if not getattr(self, name) >= 0:
                raise UserError(f"--method-options {name}={getattr(self, name)}: at least 0")
        if not self.temperature > 0:
            raise UserError(f"--method-options temperature={self.temperature}: above 0")

    def draws_on(self) -> str:
        """D's contrast has the source D's maps as counterparts; with `discriminator_weight` 0 there is none."""
        if not self.discriminator_weight:
            return ""
        return "contrasts D with the source's discriminator (not with discriminator_weight=0)"

    def prepare(self, state: State, preparation: Preparation) -> None:
        """Sets the source's G and D aside."""
        state.fixed["source"] = still_copy(state.generator)
        state.fixed["source_discriminator"] = still_copy(state.discriminator)

    def taps(self, state: State) -> tuple[int, ...]:
        """Looks at every inner block's map."""
        return inner_blocks(state.generator)

    def generator_terms(self, state: State, turn: Turn) -> dict[str, Tensor]:
        """Returns G's weighted contrast."""
        if self.generator_weight == 0:
            return {}
        source = source_maps(state.fixed["source"], turn.z, turn.labels, list(turn.maps), turn.noise)
        losses = [paired_contrast(maps, source[at], self.temperature).mean() for at, maps in turn.maps.items()]
        return {"contrast_g": self.generator_weight * torch.stack(losses).mean()}

    def discriminator_terms(self, state: State, turn: Turn) -> dict[str, Tensor]:
        """Returns D's weighted contrast."""
        if self.discriminator_weight == 0:
            return {}
        fakes, reals = (seen(state.discriminator, images, turn.labels) for images in (turn.fakes, turn.real))
        with torch.no_grad():
            source = seen(state.fixed["source_discriminator"], turn.fakes, turn.labels)
        losses = [contrast(maps, source[at], reals[at], self.temperature).mean() for at, maps in fakes.items()]
        return {"contrast_d": self.discriminator_weight * torch.stack(losses).mean()}


def seen(discriminator: nn.Module, images: Tensor, labels: Tensor | None) -> dict[int, Tensor]:
    """Returns the map of every block of a discriminator that looks at pictures, by the resolution the block reads."""
    assert isinstance(discriminator, Discriminator)
    with tapped(discriminator, list(discriminator.blocks())) as maps:
        discriminator(images, labels)
    return maps
