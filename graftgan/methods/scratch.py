"""Training from random weights: what a transferred pair has to beat."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import nn

from graftgan.methods.base import Method, Preparation
from graftgan.networks.base import Discriminator, Generator
from graftgan.networks.fronted import FrontedGenerator, build_generator
from graftgan.randomness import generator_at
from graftgan.state import State


@dataclass(frozen=True)
class Scratch(Method):
    """Trains the source's architecture from random weights: the source gives its widths and nothing else.

    Source: the "from scratch" rows of Wang et al. 2018, Transferring GANs (arXiv 1805.01677), and of every comparison
    since. Weights are drawn as the architecture's own `init_weights` draws them; batch norm statistics and the mean
    style that truncation uses start anew, too. Deviation: none, but the budget is the run's, so the pair is as
    unfinished as a few hundred steps leave it.

    Trains: all of G and D. Frozen: nothing.
    Cost: none over a plain step.
    Measured: 2.17 of plain fine-tuning's KID on the mean of six pairs of ten photos at 32 px, 1.18 to 3.74
    (docs/results/bench).
    Prefer it: as the control that says what the source was worth; as a method with thousands of pictures and far
    longer runs only.
    """

    keeps_source: ClassVar[bool] = False
    needs_source: ClassVar[bool] = False

    def prepare(self, state: State, preparation: Preparation) -> None:
        """Draws both networks anew from the run's seed; a resumed run's values come from its checkpoint."""
        if preparation.saved is not None:
            return
        rng = generator_at(preparation.seed, 0, purpose="scratch")
        for network in (state.generator, state.discriminator):
            draw_anew(network, rng)


def draw_anew(network: Generator | Discriminator, rng: torch.Generator) -> None:
    """Gives a network, in place, the weights and statistics of a newly made and drawn one of its architecture."""
    fresh: nn.Module
    if isinstance(network, FrontedGenerator):
        fresh = build_generator(type(network.inner), network.config())
    else:
        fresh = type(network)(**network.config())
    fresh.init_weights(rng)
    network.load_state_dict(fresh.state_dict())
