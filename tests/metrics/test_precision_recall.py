"""Precision and recall: what moves which, and too few pictures."""

import numpy as np
import pytest

from graftgan.errors import UserError
from graftgan.metrics import precision, recall


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def test_identical_sets_have_all_of_both(rng):
    cloud = rng.normal(size=(50, 8))
    assert precision(cloud, cloud).value == 1 and recall(cloud, cloud).value == 1


def test_sets_far_apart_have_nothing_of_either_and_still_an_error(rng):
    x, y = rng.normal(size=(50, 8)), rng.normal(size=(40, 8)) + 100
    for measure in (precision(x, y), recall(x, y)):
        assert measure.value == 0 and measure.error > 0


def test_each_is_the_other_with_the_sets_exchanged(rng):
    x, y = rng.normal(size=(50, 4)), rng.normal(size=(40, 4)) + 0.4
    there, back = precision(x, y), recall(y, x)
    assert there.value == back.value and there.error == back.error


def test_a_lost_mode_lowers_recall_and_not_precision(rng):
    modes = np.where(np.arange(200) % 2, 30.0, 0.0)[:, None]
    real, whole, lost = (rng.normal(size=(200, 4)) + shift for shift in (modes, modes, 0.0))
    assert recall(real, lost).value < 0.6 * recall(real, whole).value
    assert precision(real, lost).value > precision(real, whole).value - 0.05


def test_noise_lowers_precision_and_not_recall(rng):
    real, wide = rng.normal(size=(300, 3)), 4 * rng.normal(size=(300, 3))
    assert precision(real, wide).value < 0.4
    assert recall(real, wide).value > 0.9


def test_the_error_is_the_spread_over_other_judged_pictures(rng):
    real = rng.normal(size=(100, 4))
    found = [precision(real, rng.normal(size=(80, 4)) + 0.8) for _ in range(200)]
    assert np.mean([one.error for one in found]) == pytest.approx(np.std([one.value for one in found]), rel=0.15)


@pytest.mark.parametrize(
    ("metric", "side"), [(precision, "real"), (precision, "fake"), (recall, "real"), (recall, "fake")]
)
@pytest.mark.parametrize("count", [0, 3, 5])
def test_neighbours_among_few_pictures_are_refused(metric, side, count):
    sets = {"real": np.eye(9), "fake": np.eye(9), side: np.eye(9)[:count]}
    with pytest.raises(
        UserError, match=f"{metric.__name__} with 3 neighbours among {count} {side} pictures means nothing"
    ):
        metric(**sets)


def test_no_neighbour_is_refused():
    with pytest.raises(UserError, match="at least 1, not 0"):
        precision(np.eye(9), np.eye(9), k=0)
