"""EWC: the Fisher information of single pictures, free of units, measured once and left alone on resume."""

import math
from types import SimpleNamespace

import pytest
import torch
from torch import Tensor, nn

from graftgan.errors import UserError
from graftgan.methods.base import Preparation
from graftgan.methods.ewc import EWC, pull
from graftgan.randomness import generator_at


class Scaled(nn.Module):
    """A network of one number: x -> factor * x."""

    c_dim, z_dim = 0, 1

    def __init__(self, factor: float) -> None:
        super().__init__()
        self.factor = nn.Parameter(torch.tensor([factor]))

    def forward(self, x: Tensor, labels: Tensor | None, rng: torch.Generator | None = None) -> Tensor:
        return x * self.factor


def preparation(tiny: SimpleNamespace, saved: dict[str, Tensor] | None = None) -> tuple[Preparation, list[int]]:
    told: list[int] = []
    made = Preparation(
        tiny.batch_at, tiny.rules, tiny.fabric, 0, saved, lambda done, *_: told.append(done), tiny.photos
    )
    return made, told


def test_fisher_is_the_mean_over_pictures_of_squared_gradients(tiny: SimpleNamespace) -> None:
    weight, steepness, pictures = 0.7, 1.3, 5
    state = SimpleNamespace(generator=Scaled(weight), discriminator=Scaled(steepness))
    found = [torch.zeros(1)]
    given, told = preparation(tiny)
    EWC(pictures=pictures).measure(state, given, found)  # type: ignore[arg-type]
    drawn = torch.randn(pictures, 1, generator=generator_at(0, 0, purpose="fisher")).flatten().tolist()
    # d/dw log sigmoid(a w z) = a z / (1 + exp(a w z))
    expected = sum((steepness * z / (1 + math.exp(steepness * weight * z))) ** 2 for z in drawn) / pictures
    assert found[0].item() == pytest.approx(expected, rel=1e-5)
    assert told == [1, 2, 3, 4, 5] and state.generator.factor.grad is None


@pytest.mark.parametrize("network", ["dcgan", "stylegan2"])
def test_a_tenth_of_every_weight_pays_a_hundredth_whatever_the_pair(network: str, tiny: SimpleNamespace) -> None:
    state = tiny.prepare(tiny.built(network), EWC(pictures=2))
    source, fisher = state.fixed["source_g"], state.fixed["fisher"]
    assert pull(state.generator, source, fisher).item() == 0
    with torch.no_grad():
        for parameter in state.generator.parameters():
            parameter.mul_(1.1)
    assert pull(state.generator, source, fisher).item() == pytest.approx(0.01, rel=1e-4)


def test_pull_weighs_squares_and_has_their_gradient() -> None:
    now, before, fisher = (
        nn.ParameterList([nn.Parameter(torch.tensor(v, dtype=torch.float64))])
        for v in ([3.0, 1.0], [1.0, 2.0], [0.5, 4.0])
    )
    value = pull(now, before, fisher)
    assert value.item() == 0.5 * 4 + 4.0 * 1
    (slope,) = torch.autograd.grad(value, now[0])
    assert slope.tolist() == [2 * 0.5 * 2, 2 * 4.0 * -1]


def test_measuring_leaves_the_pair_alone_and_a_resumed_run_does_not_measure(tiny: SimpleNamespace) -> None:
    state = tiny.built("dcgan")
    before = {**state.generator.state_dict(), **state.discriminator.state_dict()}
    before = {name: tensor.clone() for name, tensor in before.items()}
    given, told = preparation(tiny)
    EWC(pictures=2).prepare(state, given)
    after = {**state.generator.state_dict(), **state.discriminator.state_dict()}
    assert all(torch.equal(before[name], after[name]) for name in before) and len(told) == 2
    assert state.generator.training and state.discriminator.training

    resumed = tiny.built("dcgan")
    given, told = preparation(tiny, state.tensors())
    EWC(pictures=2).prepare(resumed, given)
    assert not told and resumed.tensors().keys() == state.tensors().keys()


def test_the_term_is_the_weighted_pull(tiny: SimpleNamespace) -> None:
    method = EWC(strength=3.0, pictures=2)
    state = tiny.prepare(tiny.built("dcgan"), method)
    tiny.advance(state, method, 1)
    expected = 3.0 * pull(state.generator, state.fixed["source_g"], state.fixed["fisher"]).item()
    assert expected > 0 and tiny.advance(state, method, 1)[0]["ewc"].item() == pytest.approx(expected)


@pytest.mark.parametrize("settings", [{"strength": float("nan")}, {"pictures": 0}])
def test_a_setting_out_of_range_is_refused_by_name(settings: dict[str, float]) -> None:
    with pytest.raises(UserError, match=f"{next(iter(settings))}="):
        EWC(**settings)  # type: ignore[arg-type]
