"""The loop: its length, its ticks, how it stops; it is handed a state that knows no GAN."""

import copy
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from graftgan.augment import AUGMENTS
from graftgan.errors import NumericalError, StoppedEarly
from graftgan.state import State
from graftgan.training.loop import Schedule, fit


def schedule(kimg: float = 0.048, ticks: int = 3) -> Schedule:
    return Schedule(batch=8, kimg=kimg, ticks=ticks, half_life_kimg=1.0, rampup=0.05)


class Run:
    """A state of one weight that grows by one a step, and the ticks of its loop."""

    def __init__(self) -> None:
        model = nn.Linear(1, 1, bias=False)
        model.weight.data.zero_()
        model.requires_grad_(False)
        self.state = State(model, nn.Identity(), copy.deepcopy(model), AUGMENTS["none"]())  # type: ignore[arg-type]
        self.ticks: list[tuple[int, dict[str, Any]]] = []

    def step(self, index: int) -> dict[str, Tensor]:
        assert index == self.state.step
        self.state.generator.weight.data += 1
        return {"loss_d": torch.tensor(float(index)), "loss_g": torch.tensor(1.0)}

    def fit(self, plan: Schedule, asked: Callable[[], bool] = lambda: False) -> None:
        fit(self.state, self.step, plan, self.tick, asked, show=False, what="test")

    def tick(self, numbers: dict[str, Any]) -> None:
        self.ticks.append((self.state.step, numbers))


@pytest.mark.parametrize(("kimg", "steps"), [(0.008, 1), (0.0081, 2), (0.016, 2), (0.0001, 1), (8.0, 1000)])
def test_the_budget_is_rounded_up_to_whole_steps(kimg: float, steps: int) -> None:
    assert schedule(kimg).steps == steps


@pytest.mark.parametrize(
    ("ticks", "expected"), [(1, [6]), (2, [3, 6]), (3, [2, 4, 6]), (4, [2, 4, 6]), (99, [1, 2, 3, 4, 5, 6])]
)
def test_ticks_are_spread_evenly_and_the_last_step_is_one(ticks: int, expected: list[int]) -> None:
    assert [step for step in range(1, 7) if schedule(ticks=ticks).is_tick(step)] == expected


def test_a_run_counts_averages_and_tells_the_means_of_each_tick() -> None:
    run = Run()
    run.fit(schedule())
    assert (run.state.step, run.state.images) == (6, 48)
    assert [(step, numbers["loss_d"], numbers["kimg"]) for step, numbers in run.ticks] == [
        (2, 0.5, 0.016),
        (4, 2.5, 0.032),
        (6, 4.5, 0.048),
    ]
    assert all(numbers["images_per_s"] > 0 and numbers["memory_mb"] > 1 for _, numbers in run.ticks)
    assert 5 < run.state.average.weight.item() < 6  # the average follows, a little behind


def test_it_goes_on_where_the_state_stands_and_a_finished_run_stays() -> None:
    run = Run()
    run.state.step, run.state.images = 4, 32
    run.fit(schedule())
    assert [step for step, _ in run.ticks] == [6]
    run.fit(schedule())
    assert [step for step, _ in run.ticks] == [6]


def test_asked_to_stop_it_finishes_the_step_makes_the_tick_and_says_where() -> None:
    run = Run()
    with pytest.raises(StoppedEarly, match="after step 3 of 6"):
        run.fit(schedule(), asked=lambda: run.state.step == 3)
    assert [step for step, _ in run.ticks] == [2, 3]


def test_asked_in_the_last_step_it_is_simply_done() -> None:
    run = Run()
    run.fit(schedule(), asked=lambda: run.state.step == 6)
    assert run.ticks[-1][0] == 6


def test_a_numerical_error_is_told_with_its_step_and_makes_no_tick() -> None:
    run = Run()

    def step(index: int) -> dict[str, Tensor]:
        if index == 3:
            raise NumericalError("the loss loss_g is nan")
        return Run.step(run, index)

    run.step = step  # type: ignore[method-assign]
    with pytest.raises(NumericalError, match="^step 4: the loss loss_g is nan$"):
        run.fit(schedule(ticks=6))
    assert [tick for tick, _ in run.ticks] == [1, 2, 3]
