"""The inner loop as a method of `adapt` is the inner loop of `meta`."""

import copy

import pytest
import torch

from graftgan.augment import NoAugment
from graftgan.devices import launch
from graftgan.errors import UserError
from graftgan.losses import LOSSES
from graftgan.methods.inner_loop import Draws, Game
from graftgan.methods.learnt import InnerLoop, Learnt
from graftgan.methods.rules import Rules
from graftgan.networks import NETWORKS
from graftgan.state import State


@pytest.mark.parametrize("optimiser", ["sgd", "adam"])
@pytest.mark.parametrize("loss", ["hinge", "relativistic"])
def test_a_run_plays_the_inner_loop(optimiser: str, loss: str) -> None:
    shapes = dict(resolution=16, channel_base=64, channel_max=8)
    generator = NETWORKS["dcgan"].generator(**shapes, z_dim=4, layer_norm=True)  # type: ignore[arg-type]
    discriminator = NETWORKS["dcgan"].discriminator(**shapes, layer_norm=True)  # type: ignore[arg-type]
    rng = torch.Generator().manual_seed(0)
    generator.init_weights(rng)
    discriminator.init_weights(rng)
    method = Learnt(loss=loss, optimiser=optimiser, lr_g=0.02, lr_d=0.01, r1=0.5)
    real = torch.randn(3, 3, 16, 16, generator=rng).tanh()

    state = State(copy.deepcopy(generator).train(), copy.deepcopy(discriminator).train(), generator, NoAugment())
    state.optimiser_g = torch.optim.Adam(state.trainable_g().values(), 0.1, (0.0, 0.99))
    state.optimiser_d = torch.optim.Adam(state.trainable_d().values(), 0.1, (0.0, 0.99))
    rules = method.game(Rules(LOSSES["hinge"], r1=7.0, lecam=1.0))
    for at in range(2):
        method.step(state, real, None, rules, launch("cpu"), torch.Generator().manual_seed(at))
        state.step += 1

    game = Game(generator, discriminator, InnerLoop(loss, optimiser, 0.02, 0.01, r1=0.5))
    latents = [torch.Generator().manual_seed(at) for at in range(2)]
    for_d, for_g = (torch.stack([torch.randn(3, 4, generator=one) for one in latents]) for _ in range(2))
    end, _, _ = game.run(game.start(), real, Draws(for_d, for_g, torch.zeros(2, 3, 1, 1, 1)))
    for name, weight in state.generator.named_parameters():
        assert torch.allclose(weight, end.generator[name], rtol=1e-4, atol=1e-4 if optimiser == "adam" else 1e-6)


def test_settings_are_checked() -> None:
    with pytest.raises(UserError, match="learnt.*lr-g 0: above 0"):
        Learnt(lr_g=0)
    with pytest.raises(UserError, match="learnt.*hing: did you mean hinge"):
        Learnt(loss="hing")
