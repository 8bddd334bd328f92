"""The source's discriminator as a frozen feature extractor, with new heads that judge what it sees."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from graftgan.errors import UserError
from graftgan.methods.base import Method, Preparation
from graftgan.networks.heads import MapHead
from graftgan.randomness import generator_at
from graftgan.state import State
from graftgan.surgery.freeze import freeze
from graftgan.surgery.taps import tapped


@dataclass(frozen=True)
class Extractor(Method):
    """Freezes all of D and trains small heads on the feature maps of its blocks; their mean is the logit.

    Source: FreezeD (Mo, Cho, Shin 2020, arXiv 2002.10964) taken to its end, with heads on several maps as Kumari et
    al. 2022, Vision-aided GAN (arXiv 2112.09130), put them on networks trained for other tasks; here the features are
    those the source's own D learnt, so no further weights are needed. Ours; no published numbers.
    A head halves its map until it is 4 px or less, then gives a logit a place (`networks/heads.py`).

    Trains: all of G, and the heads. Frozen: all of D, batch norm statistics included.
    Cost: about a plain step; D's weights need no gradients, the heads' do.
    Measured: 1.12 of plain fine-tuning's KID on the mean of six pairs of ten photos at 32 px, 0.92 to 1.20
    (docs/results/bench).
    Prefer it: with few pictures that look like the source's at close range; far from it D does not see what matters.

    Heads know no classes. The model that comes out carries the source's D, unchanged.

    Attributes:
        width: channels inside a head, at least 1.
    """

    needs_adversary: ClassVar[bool] = True

    width: int = 64
    """Channels inside a head."""

    def __post_init__(self) -> None:
        """Raises UserError for a width below 1."""
        if self.width < 1:
            raise UserError(f"--method-options width={self.width}: at least 1")

    def draws_on(self) -> str:
        """All of it: the frozen features are those that the source's D learnt."""
        return "sees through the source's discriminator"

    def prepare(self, state: State, preparation: Preparation) -> None:
        """Freezes D and draws a head for each of its blocks."""
        network = state.discriminator
        where = next(network.parameters()).device
        freeze(network)
        rng = generator_at(preparation.seed, 0, purpose="heads")
        shape = (2, network.channels, network.resolution, network.resolution)
        labels = torch.eye(network.c_dim, device=where)[[0, 0]] if network.c_dim else None
        with torch.no_grad(), tapped(network, list(network.blocks())) as maps:
            network(torch.zeros(shape, device=where), labels)
        heads = {str(at): MapHead(seen.shape[1], seen.shape[2], self.width, rng) for at, seen in maps.items()}
        state.with_discriminator["heads"] = nn.ModuleDict(heads).to(where)

    def score(self, state: State, images: Tensor, labels: Tensor | None, rng: torch.Generator) -> Tensor:
        """The mean over the heads of the mean over their places, (N, 1)."""
        heads = state.with_discriminator["heads"]
        assert isinstance(heads, nn.ModuleDict)
        with tapped(state.discriminator, [int(at) for at in heads]) as maps:
            state.discriminator(images, labels)
        opinions = [head(maps[int(at)]).float().mean(dim=(1, 2, 3)) for at, head in heads.items()]
        return torch.stack(opinions).mean(dim=0)[:, None]
