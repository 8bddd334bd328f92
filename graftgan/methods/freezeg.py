"""FreezeG: the coarse blocks of the generator stay as the source left them."""

import dataclasses
from dataclasses import dataclass

from graftgan.errors import UserError
from graftgan.methods.base import Method, Preparation
from graftgan.methods.rules import Rules
from graftgan.state import State
from graftgan.surgery.freeze import freeze


@dataclass(frozen=True)
class FreezeG(Method):
    """Freezes G's lowest-resolution blocks, trains its finer blocks and all of D.

    Source: FreezeG (bryandlee 2020, github.com/bryandlee/FreezeG; there is no paper). `frozen` counts blocks from 4 px
    up. Whatever comes before the blocks is frozen with them (StyleGAN2's mapping network): a frozen block keeps its
    shapes only as long as it is given the source's styles, so that the feature maps of the last frozen block are the
    source's to the bit, for every latent. A frozen block of StyleGAN2 keeps its part of the colours, too. The path
    length penalty is left out, as there: what it would even out is mostly frozen.

    Trains: G from block `frozen` up, all of D. Frozen: G's first `frozen` blocks and what feeds them.
    Cost: none; a little less than a plain step.
    Measured: 1.14 of plain fine-tuning's KID on the mean of six pairs of ten photos at 32 px, 1.06 to 1.26
    (docs/results/bench).
    Prefer it: where pictures should keep the source's layout and take the target's surface, and where source and
    target are to be shown side by side for the same latent.

    Attributes:
        frozen: how many blocks, from 4 px; 0 is plain fine-tuning.
    """

    frozen: int = 2
    """How many of G's blocks are frozen, counted from 4 px up."""

    def game(self, rules: Rules) -> Rules:
        """Leaves the path length penalty out where anything is frozen."""
        return dataclasses.replace(rules, path_length=0.0) if self.frozen else rules

    def prepare(self, state: State, preparation: Preparation) -> None:
        """Freezes all of G but its later blocks.

        Raises:
            UserError: `frozen` is negative, or leaves no block of G to train.
        """
        blocks = state.generator.blocks()
        if not 0 <= self.frozen < len(blocks):
            raise UserError(
                f"--method-options frozen={self.frozen}: G has {len(blocks)} blocks, and at least one must train"
            )
        if not self.frozen:
            return
        freeze(state.generator)
        for resolution in list(blocks)[self.frozen :]:
            for name in blocks[resolution]:
                state.generator.get_submodule(name).requires_grad_(True).train()
