"""A tiny pair of every network, prepared by any method and stepped: what the tests of methods stand on."""

from types import SimpleNamespace

import pytest
import torch
from torch import Tensor

from graftgan.augment import AUGMENTS
from graftgan.devices import launch
from graftgan.losses import LOSSES
from graftgan.methods import METHODS, Method
from graftgan.methods.base import Preparation
from graftgan.methods.rules import Rules
from graftgan.methods.step import take_step
from graftgan.networks import NETWORKS
from graftgan.randomness import generator_at
from graftgan.state import State

RULES = Rules(LOSSES["non-saturating"], r1=0.1, r1_every=2)
FABRIC = launch("cpu")
QUICK = {
    "modulate": {"probe_steps": 1, "fisher_steps": 1},
    "rick": {"warm_up": 1, "every": 1},
    "minegan": {"stage_steps": 1},
    "rssa": {"search_steps": 1},
    "ewc": {"pictures": 2},
    "projected": {"side": 32, "channels": 8, "width": 8},
}
"""Settings that make a method's preparation short, by method."""


def batch_at(step: int) -> tuple[Tensor, None]:
    """Four pictures of noise, 16 px."""
    return torch.rand(4, 3, 16, 16, generator=generator_at(7, step)) * 2 - 1, None


def photos(most: int = 8) -> Tensor:
    """Eight pictures, all there are."""
    return torch.cat([batch_at(step)[0] for step in range(2)])[:most]


def built(name: str) -> State:
    """A pair of that network, drawn, not prepared."""
    widths = {"resolution": 16, "channel_base": 128, "channel_max": 16}
    latent = {"z_dim": 8, "w_dim": 8, "mapping_layers": 2} if name == "stylegan2" else {"z_dim": 8}
    generator = NETWORKS[name].generator(**widths, **latent)
    inverse = {} if NETWORKS[name].discriminator.adversary else {"z_dim": 8}
    discriminator = NETWORKS[name].discriminator(**widths, **inverse)
    generator.init_weights(generator_at(0, 0))
    discriminator.init_weights(generator_at(0, 1))
    return State(generator, discriminator, generator, AUGMENTS["diffaug"]())


def prepare(state: State, method: Method, saved: dict[str, Tensor] | None = None) -> State:
    """The state, prepared by the method, with optimisers."""
    rules = method.game(RULES)
    method.prepare(state, Preparation(batch_at, rules, FABRIC, 0, saved, lambda done, of, note: None, photos))
    if state.trainable_g():
        state.optimiser_g = torch.optim.Adam(state.trainable_g().values(), 0.01, (0.0, 0.99))
    if state.trainable_d():
        state.optimiser_d = torch.optim.Adam(state.trainable_d().values(), 0.01, (0.0, 0.99))
    return state


def advance(state: State, method: Method, steps: int) -> list[dict[str, Tensor]]:
    """The terms of every step."""
    losses = []
    for _ in range(steps):
        real, labels = batch_at(state.step)
        rng, rules = generator_at(0, state.step), method.game(RULES)
        losses.append(take_step(state, method, real, labels, rules, FABRIC, rng))
        method.after_step(state)
        state.step += 1
    return losses


def make(name: str) -> Method:
    """A method whose preparation is short."""
    return METHODS[name](**QUICK.get(name, {}))


@pytest.fixture(scope="session")
def tiny() -> SimpleNamespace:
    """`built(network)`, `prepare(state, method)`, `advance(state, method, steps)`, `make(name)` and the rest."""
    return SimpleNamespace(
        built=built,
        prepare=prepare,
        advance=advance,
        make=make,
        batch_at=batch_at,
        photos=photos,
        rules=RULES,
        fabric=FABRIC,
    )
