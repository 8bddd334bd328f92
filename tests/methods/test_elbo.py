"""The step of a VAE: both networks down one bound, with a method's terms and nothing of the adversarial game."""

import copy
from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import Tensor

from graftgan.augment import AdaptiveAugment
from graftgan.errors import NumericalError
from graftgan.methods import Method
from graftgan.methods.base import Turn
from graftgan.methods.elbo import elbo_step
from graftgan.methods.step import take_step
from graftgan.randomness import generator_at
from graftgan.state import State


def step(tiny: SimpleNamespace, state: State, method: Method | None = None) -> dict[str, Tensor]:
    real, labels = tiny.batch_at(0)
    return elbo_step(state, method or Method(), real, labels, tiny.fabric, generator_at(0, 0))


def test_the_loss_is_the_bound_written_out(tiny: SimpleNamespace) -> None:
    state = tiny.prepare(tiny.built("vae"), Method())
    real, _ = tiny.batch_at(0)
    with torch.no_grad():
        mean, log_variance = state.discriminator.posterior(real)
        noise = torch.randn(mean.shape, generator=generator_at(0, 0))
        made = state.generator(mean + torch.exp(log_variance / 2) * noise)
    x, m = real.double().numpy(), made.double().numpy()
    mu, v = mean.double().numpy(), np.exp(log_variance.double().numpy())
    mse, kl, values = np.mean((x - m) ** 2), np.mean(np.sum(0.5 * (mu**2 + v - 1 - np.log(v)), axis=1)), 3 * 16 * 16
    density = np.exp(-((x - m) ** 2) / (2 * mse)) / np.sqrt(2 * np.pi * mse)
    told = step(tiny, state)
    assert told["reconstruction"].item() == pytest.approx(-np.log(density).mean(), rel=1e-4)
    assert told["kl"].item() == pytest.approx(kl, rel=1e-4)
    assert told["loss_d"].item() == pytest.approx(kl / values, rel=1e-4)
    assert told["loss_g"].item() == pytest.approx(-np.log(density).mean() + kl / values, rel=1e-4)
    assert told["sigma"].item() == pytest.approx(np.sqrt(mse), rel=1e-4)
    assert set(told) == {"loss_g", "loss_d", "reconstruction", "kl", "sigma"}


def test_it_learns_the_few_pictures_there_are(tiny: SimpleNamespace) -> None:
    state = tiny.built("vae")
    state.optimiser_g = torch.optim.Adam(state.trainable_g().values(), 0.002, (0.0, 0.99))
    state.optimiser_d = torch.optim.Adam(state.trainable_d().values(), 0.002, (0.0, 0.99))
    y, x = torch.meshgrid(torch.linspace(-1, 1, 16), torch.linspace(-1, 1, 16), indexing="ij")
    blobs = [torch.exp(-4 * ((x - a) ** 2 + (y - b) ** 2)) * 2 - 1 for a in (-0.5, 0.5) for b in (-0.5, 0.5)]
    real = torch.stack(blobs)[:, None].repeat(1, 3, 1, 1)
    told = [elbo_step(state, Method(), real, None, tiny.fabric, generator_at(0, index)) for index in range(60)]
    assert told[-1]["loss_g"] < told[0]["loss_g"] - 1
    with torch.no_grad():
        again = state.generator(state.discriminator.posterior(real)[0])
    nearest = (again[:, None] - real[None]).square().mean(dim=(2, 3, 4)).argmin(dim=1)
    assert nearest.tolist() == [0, 1, 2, 3]


def test_one_step_is_each_networks_own_step_down_the_bound(tiny: SimpleNamespace) -> None:
    state = tiny.prepare(tiny.built("vae"), Method())
    apart = copy.deepcopy(state)
    both = {**state.trainable_g(), **state.trainable_d()}
    before = {name: parameter.detach().clone() for name, parameter in both.items()}
    step(tiny, state)
    # Adam's first step is the learning rate (0.01) against the sign of the gradient.
    real, _ = tiny.batch_at(0)
    mean, log_variance = apart.discriminator.posterior(real)
    z = mean + torch.exp(log_variance / 2) * torch.randn(mean.shape, generator=generator_at(0, 0))
    kl = (mean.square() + log_variance.exp() - 1 - log_variance).sum(1).mean() / 2
    loss = (real - apart.generator(z)).square().mean().log() / 2 + kl / (3 * 16 * 16)
    loss.backward()
    for name, parameter in {**apart.trainable_g(), **apart.trainable_d()}.items():
        assert parameter.grad is not None
        clear = parameter.grad.abs() > 1e-5
        assert clear.any(), name
        moved = (both[name].detach() - before[name])[clear]
        torch.testing.assert_close(moved, -0.01 * parameter.grad[clear].sign(), rtol=0.02, atol=1e-4)


def test_a_methods_terms_count_and_see_the_reconstructions_and_their_maps(tiny: SimpleNamespace) -> None:
    turns: list[Turn] = []

    @dataclass(frozen=True)
    class Pulled(Method):
        def taps(self, state: State) -> tuple[int, ...]:
            return (8,)

        def generator_terms(self, state: State, turn: Turn) -> dict[str, Tensor]:
            turns.append(turn)
            return {"pull": 1e6 * turn.fakes.mean()}

    state, plain = (tiny.prepare(tiny.built("vae"), Method()) for _ in range(2))
    told = step(tiny, state, Pulled())
    first = step(tiny, plain)
    turn = turns[0]
    assert told["pull"].item() == pytest.approx(1e6 * turn.fakes.mean().item())
    assert torch.equal(told["loss_g"], first["loss_g"])
    assert turn.fake_logits.numel() == 0 and turn.real_logits is None and turn.labels is None
    assert turn.maps[8].shape[2:] == (8, 8)
    torch.testing.assert_close(plain_again(tiny, turn.z), turn.fakes)
    darker, usual = (made.generator(turn.z.detach()).mean() for made in (state, plain))
    assert darker < usual - 0.01


def plain_again(tiny: SimpleNamespace, z: Tensor) -> Tensor:
    """What a pair that has not learnt yet makes of latents."""
    return tiny.built("vae").generator(z)


def test_pictures_are_not_augmented_and_ada_stays_where_it_was(tiny: SimpleNamespace) -> None:
    state, plain = (tiny.prepare(tiny.built("vae"), Method()) for _ in range(2))
    state.augment = AdaptiveAugment(p=0.5, kimg=1.0)
    assert torch.equal(step(tiny, state)["loss_g"], step(tiny, plain)["loss_g"])
    assert state.augment.p.item() == 0.5


def test_the_pair_decides_which_step_it_is(tiny: SimpleNamespace) -> None:
    real, labels = tiny.batch_at(0)
    for network, sign in (("vae", "kl"), ("dcgan", "logit_real")):
        state = tiny.prepare(tiny.built(network), Method())
        told = take_step(state, Method(), real, labels, tiny.rules, tiny.fabric, generator_at(0, 0))
        assert ({"kl", "logit_real"} & told.keys()) == {sign}


def test_frozen_networks_stand_still(tiny: SimpleNamespace) -> None:
    state = tiny.built("vae")
    state.generator.requires_grad_(False)
    tiny.prepare(state, Method())
    before = copy.deepcopy(state.generator.state_dict())
    step(tiny, state)
    assert state.optimiser_g is None
    assert all(torch.equal(before[name], tensor) for name, tensor in state.generator.state_dict().items())


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_is_not_finite_is_named_before_a_weight_is_touched(tiny: SimpleNamespace, value: float) -> None:
    @dataclass(frozen=True)
    class Broken(Method):
        def generator_terms(self, state: State, turn: Turn) -> dict[str, Tensor]:
            return {"broken": torch.tensor(value)}

    state = tiny.prepare(tiny.built("vae"), Method())
    before = state.tensors()
    with pytest.raises(NumericalError, match="the loss broken is"):
        step(tiny, state, Broken())
    assert all(torch.equal(before[name], tensor) for name, tensor in state.tensors().items())
