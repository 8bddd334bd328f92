"""D's first steps alone: nothing of G moves in them, and D learns what it would have learnt beside G."""

import copy
from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from graftgan.methods import METHODS, Method
from graftgan.methods.base import Preparation
from graftgan.methods.descent import statistics_kept
from graftgan.methods.rules import Rules
from graftgan.methods.step import take_step
from graftgan.randomness import generator_at
from graftgan.state import State
from graftgan.training.ema import update

FIRST = 2
NETWORKS = ("dcgan", "stylegan2")


def steps(state: State, method: Method, rules: Rules, tiny: SimpleNamespace, count: int) -> Iterator[dict[str, Tensor]]:
    for _ in range(count):
        real, labels = tiny.batch_at(state.step)
        losses = take_step(state, method, real, labels, rules, tiny.fabric, generator_at(0, state.step))
        method.after_step(state)
        state.step += 1
        update(state.average, state.generator, 0.5)
        yield losses


def prepared(network: str, method: Method, tiny: SimpleNamespace) -> tuple[State, Rules]:
    state = tiny.prepare(tiny.built(network), method)
    state.average = copy.deepcopy(state.generator).eval().requires_grad_(False)
    return state, method.game(replace(tiny.rules, d_first=FIRST))


def of_g(state: State) -> dict[str, Tensor]:
    """All that G's optimiser trains, with G's statistics, and its average."""
    owners: dict[str, nn.Module] = {"generator": state.generator, "average": state.average, **state.with_generator}
    return {
        f"{owner}.{name}": value.clone() for owner, one in owners.items() for name, value in one.state_dict().items()
    }


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("name", [name for name in METHODS if name != "bsa"])
def test_in_the_first_steps_all_of_g_stands_still_and_then_it_moves(
    name: str, network: str, tiny: SimpleNamespace
) -> None:
    method = tiny.make(name)
    state, rules = prepared(network, method, tiny)
    g, d = of_g(state), {key: value.detach().clone() for key, value in state.trainable_d().items()}
    for losses in steps(state, method, rules, tiny, FIRST):
        assert "loss_d" in losses and "loss_g" not in losses
        assert not any(value.requires_grad for value in losses.values())
    assert all(torch.equal(g[key], value) for key, value in of_g(state).items())
    assert any(not torch.equal(d[key], value) for key, value in state.trainable_d().items())
    (losses,) = steps(state, method, rules, tiny, 1)
    assert {"loss_d", "loss_g"} <= losses.keys()
    assert any(not torch.equal(g[key], value) for key, value in of_g(state).items())


@pytest.mark.parametrize("network", NETWORKS)
def test_alone_d_takes_the_step_that_it_takes_beside_g(network: str, tiny: SimpleNamespace) -> None:
    alone, rules = prepared(network, Method(), tiny)
    beside, _ = prepared(network, Method(), tiny)
    (one,) = steps(alone, Method(), rules, tiny, 1)
    (other,) = steps(beside, Method(), replace(rules, d_first=0), tiny, 1)
    assert one == {key: other[key] for key in one} and other.keys() - one.keys() == {"loss_g"}
    for key, value in alone.trainable_d().items():
        assert torch.equal(value, beside.trainable_d()[key]), key


def test_a_miner_has_its_stage_after_the_steps_of_d(tiny: SimpleNamespace) -> None:
    method = METHODS["minegan"](stage_steps=1)  # type: ignore[call-arg]
    state, rules = prepared("dcgan", method, tiny)
    kernel = state.generator.get_parameter("inner.main.0.weight")
    front = state.generator.get_parameter("front.offset")
    seen = []
    for _ in steps(state, method, rules, tiny, FIRST + 2):
        seen.append((front.detach().clone(), kernel.detach().clone()))
    moved = [[not torch.equal(a, b) for a, b in zip(x, y, strict=True)] for x, y in zip(seen, seen[1:], strict=False)]
    assert moved == [[False, False], [True, False], [True, True]]


def test_what_a_probe_finds_does_not_depend_on_it(tiny: SimpleNamespace) -> None:
    kept: list[list[float]] = []
    for first in (0, 9):
        state, method = tiny.built("dcgan"), METHODS["modulate"](probe_steps=3, fisher_steps=1)  # type: ignore[call-arg]
        rules = replace(tiny.rules, d_first=first)
        method.prepare(state, Preparation(tiny.batch_at, rules, tiny.fabric, 0, None, lambda *_: None, tiny.photos))
        kept.append([one.value for one in method.findings(state)])
    assert kept[0] == kept[1] and 0 < sum(kept[0])


def test_the_games_of_methods_leave_it_as_it_is_but_for_one_without_an_adversary(tiny: SimpleNamespace) -> None:
    asked = replace(tiny.rules, d_first=7)
    assert {name for name in METHODS if tiny.make(name).game(asked).d_first != 7} == {"bsa"}


def test_statistics_kept_inside_statistics_kept() -> None:
    norm: Any = nn.BatchNorm2d(2)
    with statistics_kept(norm):
        with statistics_kept(norm):
            norm(torch.ones(2, 2, 3, 3))
        norm(torch.ones(2, 2, 3, 3))
    assert not norm.running_mean.any() and norm.num_batches_tracked == 0
    norm(torch.ones(2, 2, 3, 3))
    assert norm.running_mean.all() and norm.num_batches_tracked == 1
