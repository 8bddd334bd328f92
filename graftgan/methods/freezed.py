"""FreezeD: the low-level blocks of the discriminator stay as the source left them."""

from dataclasses import dataclass
from typing import ClassVar

from graftgan.errors import UserError
from graftgan.methods.base import Method, Preparation
from graftgan.state import State
from graftgan.surgery.freeze import freeze_blocks


@dataclass(frozen=True)
class FreezeD(Method):
    """Freezes D's highest-resolution blocks, trains the rest of D and all of G.

    Source: Mo, Cho, Shin 2020, Freeze the Discriminator (arXiv 2002.10964). They keep only D's last blocks and
    the final linear layer training; `frozen` counts blocks from the picture inward, as ADA's `freezed` does layers.

    Trains: all of G, D from block `frozen` inward. Frozen: D's first `frozen` blocks (edges and colours, which
    transfer best).
    Cost: none; a step takes 0.8 of a plain one.
    Measured: 1.09 of plain fine-tuning's KID on the mean of six pairs of ten photos at 32 px, 0.98 to 1.31
    (docs/results/bench).
    Prefer it: over plain fine-tuning whenever the source's pictures look like the target's at close range.

    Attributes:
        frozen: how many blocks, from the highest resolution; D's head always trains.
    """

    needs_adversary: ClassVar[bool] = True
    frozen: int = 2
    """How many of D's blocks are frozen, counted from the picture inward."""

    def draws_on(self) -> str:
        """Blocks of a D that was drawn at random would stay random."""
        return "freezes blocks of the source's discriminator" if self.frozen else ""

    def prepare(self, state: State, preparation: Preparation) -> None:
        """Freezes the first blocks of D.

        Raises:
            UserError: `frozen` is negative, or more than D has blocks.
        """
        resolutions = list(state.discriminator.blocks())
        if not 0 <= self.frozen <= len(resolutions):
            raise UserError(f"--method-options frozen={self.frozen}: D has {len(resolutions)} blocks besides its head")
        freeze_blocks(state.discriminator, resolutions[: self.frozen])
