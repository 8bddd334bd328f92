"""The average: its formula, and that a short run forgets where it began."""

import copy
import math

import pytest
import torch
from torch import nn

from graftgan.recipes.adapt import AdaptOptions
from graftgan.recipes.train import TrainOptions
from graftgan.training import ema


@pytest.mark.parametrize(
    ("batch", "images", "half_life_kimg", "rampup", "expected"),
    [
        (16, 16_000, 0.5, 0.05, 0.5 ** (16 / 500)),  # the half-life itself, the ramp is wider by now
        (16, 16_000, 10.0, 0.05, 0.5 ** (16 / 800)),  # the ramp
        (32, 32, 10.0, 0.05, 0.5**20),  # the first step
        (32, 32, 10.0, 0.0, 0.5 ** (32 / 10_000)),  # no ramp
        (500, 10**9, 0.5, 0.05, 0.5),
        (32, 32, 0.0, 0.05, 0.0),  # no average at all
    ],
)
def test_decay_is_its_formula(batch: int, images: int, half_life_kimg: float, rampup: float, expected: float) -> None:
    assert ema.decay(batch, images, half_life_kimg, rampup) == pytest.approx(expected, rel=1e-12)


def weight_of_the_start(batch: int, steps: int, half_life_kimg: float, rampup: float) -> float:
    decays = (ema.decay(batch, batch * step, half_life_kimg, rampup) for step in range(1, steps + 1))
    return math.prod(decays)


@pytest.mark.parametrize("options", [AdaptOptions(), TrainOptions()], ids=["adapt", "train"])
def test_a_run_of_a_thousand_steps_does_not_end_with_its_start(options: AdaptOptions | TrainOptions) -> None:
    assert weight_of_the_start(options.batch, 1000, options.ema_kimg, options.ema_rampup) < 1e-6
    half_life = -math.log(2) * options.batch / math.log(0.998)
    assert weight_of_the_start(options.batch, 1000, half_life / 1000, 0.0) == pytest.approx(0.998**1000)  # 13 %


def test_the_average_itself_forgets_as_the_formula_says() -> None:
    model, average = nn.Linear(1, 1, bias=False), nn.Linear(1, 1, bias=False)
    model.weight.data.fill_(0.0)
    average.weight.data.fill_(1.0)
    for step in range(1, 101):
        ema.update(average, model, ema.decay(8, 8 * step, 1.0, 0.5))
    assert average.weight.item() == pytest.approx(weight_of_the_start(8, 100, 1.0, 0.5), rel=1e-3)
    assert 0 < average.weight.item() < 0.01


def test_update_averages_weights_and_float_buffers_and_copies_counters() -> None:
    model = nn.BatchNorm1d(3)
    average = copy.deepcopy(model)
    model.weight.data.fill_(5.0)
    model.running_mean.fill_(4.0)
    model.num_batches_tracked.fill_(7)
    ema.update(average, model, keep=0.75)
    assert torch.equal(average.weight, torch.full((3,), 2.0))
    assert torch.equal(average.running_mean, torch.full((3,), 1.0))
    assert average.num_batches_tracked == 7
    assert torch.equal(model.weight, torch.full((3,), 5.0))


def test_what_never_moved_stays_to_the_bit() -> None:
    model = nn.Linear(50, 50)
    average = copy.deepcopy(model)
    for keep in (0.1, 0.9, 0.999):
        ema.update(average, model, keep)
    assert torch.equal(average.weight, model.weight)
