"""Density and coverage: their expectations in closed form, what moves which, and too few pictures."""

import numpy as np
import pytest

from graftgan.errors import UserError
from graftgan.metrics import coverage, density, precision


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.mark.parametrize(("n", "m"), [(40, 60), (60, 20)])
def test_expectations_where_both_sets_are_of_one_distribution(rng, n, m):
    """E density = 1; E coverage = 1 - prod (n - a) / (m + n - a), whatever the distribution (Naeem, section 3.3)."""
    sets = [(rng.normal(size=(n, 5)), rng.normal(size=(m, 5))) for _ in range(150)]
    densities = [density(x, y) for x, y in sets]
    coverages = [coverage(x, y) for x, y in sets]
    for found, expected in ((densities, 1.0), (coverages, coverages[0].protocol["expected"])):
        values = np.array([one.value for one in found])
        assert abs(values.mean() - expected) < 4 * values.std() / np.sqrt(len(values))


def test_expected_coverage_by_hand():
    """N = M = 12, k = 1: the nearest of 11 others and 12 judged is a judged one with 12 / 23."""
    cloud = np.random.default_rng(1).normal(size=(12, 2))
    assert coverage(cloud, cloud + 1, k=1).protocol["expected"] == pytest.approx(12 / 23)


def test_identical_sets(rng):
    """Every ball holds its centre and k neighbours: density (k + 1) / k."""
    cloud = rng.normal(size=(50, 8))
    assert density(cloud, cloud).value == pytest.approx(6 / 5) and coverage(cloud, cloud).value == 1


def test_sets_far_apart_have_nothing_of_either(rng):
    x, y = rng.normal(size=(50, 8)), rng.normal(size=(40, 8)) + 100
    assert density(x, y).value == 0 and coverage(x, y).value == 0


def test_a_lost_mode_lowers_coverage_and_not_density(rng):
    modes = np.where(np.arange(200) % 2, 30.0, 0.0)[:, None]
    real, whole, lost = (rng.normal(size=(200, 4)) + shift for shift in (modes, modes, 0.0))
    assert coverage(real, lost).value < 0.6 * coverage(real, whole).value
    assert density(real, lost).value > density(real, whole).value - 0.1


def test_one_odd_real_picture_decides_precision_and_not_density(rng):
    real = rng.normal(size=(100, 4))
    odd = np.concatenate([real, np.full((1, 4), 40.0)])
    fake = rng.normal(size=(100, 4)) + 12
    assert precision(odd, fake).value > 0.9 and density(odd, fake).value < 0.3


def test_one_copied_photo_covers_little(rng):
    real = rng.normal(size=(100, 6))
    assert coverage(real, real[:1].repeat(100, 0)).value < 0.15


def test_the_error_of_density_is_the_spread_over_other_judged_pictures(rng):
    real = rng.normal(size=(100, 4))
    found = [density(real, rng.normal(size=(80, 4)) + 0.8) for _ in range(200)]
    assert np.mean([one.error for one in found]) == pytest.approx(np.std([one.value for one in found]), rel=0.15)


@pytest.mark.parametrize("metric", [density, coverage])
def test_neighbours_among_few_pictures_are_refused(metric):
    with pytest.raises(UserError, match=f"{metric.__name__} with 5 neighbours among 9 real pictures means nothing"):
        metric(np.eye(9), np.eye(9))
