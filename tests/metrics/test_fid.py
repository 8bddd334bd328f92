"""FID: closed forms, the textbook formula where that is stable, and few pictures in many dimensions."""

import numpy as np
import pytest
import scipy.linalg

from graftgan.errors import UserError
from graftgan.metrics import fid


def textbook(x: np.ndarray, y: np.ndarray) -> float:
    cx, cy = np.cov(x, rowvar=False), np.cov(y, rowvar=False)
    apart = x.mean(0) - y.mean(0)
    return float(apart @ apart + np.trace(cx + cy - 2 * scipy.linalg.sqrtm(cx @ cy).real))


def exact_cloud(rng: np.random.Generator, count: int, mean: np.ndarray, deviation: np.ndarray) -> np.ndarray:
    """A cloud with exactly this mean and exactly the covariance diag(deviation^2)."""
    cloud = rng.normal(size=(count, len(mean)))
    cloud -= cloud.mean(0)
    white = np.linalg.qr(cloud)[0] * np.sqrt(count - 1)
    return white * deviation + mean


def test_closed_form_of_two_gaussians():
    """Diagonal covariances commute: |m1 - m2|^2 + sum (s1 - s2)^2 = 1 + 4 + (1 - 3)^2 + (2 - 2)^2 = 9."""
    rng = np.random.default_rng(0)
    x = exact_cloud(rng, 60, np.array([0.0, 1.0]), np.array([1.0, 2.0]))
    y = exact_cloud(rng, 80, np.array([1.0, 3.0]), np.array([3.0, 2.0]))
    assert fid(x, y).value == pytest.approx(9.0)


@pytest.mark.parametrize("dim", [4, 60, 300])
def test_equal_sets_are_at_zero(dim):
    cloud = np.random.default_rng(1).normal(size=(64, dim))
    assert 0 <= fid(cloud, cloud).value < 1e-9


def test_agrees_with_the_textbook_formula_at_full_rank():
    rng = np.random.default_rng(2)
    x, y = rng.normal(size=(200, 12)), rng.normal(size=(150, 12)) @ rng.normal(size=(12, 12)) + 0.5
    assert fid(x, y).value == pytest.approx(textbook(x, y), rel=1e-9)


@pytest.mark.parametrize(("n", "m"), [(60, 50), (50, 500), (500, 50)])
def test_fewer_pictures_than_dimensions(n, m):
    """Unused dimensions change nothing: rotate clouds of rank 20 into 400 dimensions."""
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=(n, 20)) * 2, rng.normal(size=(m, 20)) + 1
    rotation = np.linalg.qr(rng.normal(size=(400, 400)))[0][:20]
    measure = fid(x @ rotation, y @ rotation)
    assert measure.value == pytest.approx(textbook(x, y), rel=1e-9)
    assert measure.protocol["warning"].startswith("biased: N < dim")


def test_disjoint_subspaces():
    """Covariances without a shared direction: the root term is zero, only the traces and the means remain."""
    rng = np.random.default_rng(4)
    x, y = np.zeros((50, 200)), np.zeros((50, 200))
    x[:, :100], y[:, 100:] = rng.normal(size=(2, 50, 100))
    expected = ((x.mean(0) - y.mean(0)) ** 2).sum() + x.var(0, ddof=1).sum() + y.var(0, ddof=1).sum()
    assert fid(x, y).value == pytest.approx(expected)


def test_no_warning_at_full_rank_and_order_does_not_matter():
    rng = np.random.default_rng(5)
    x, y = rng.normal(size=(70, 5)), rng.normal(size=(90, 5))
    assert fid(x, y).value == pytest.approx(fid(y, x).value)
    assert "warning" not in fid(x, y).protocol


@pytest.mark.parametrize("count", [0, 1, 10, 49])
def test_few_pictures_are_refused_and_kid_is_named(count):
    with pytest.raises(UserError, match=f"fid of {count} fake pictures .* use kid"):
        fid(np.zeros((50, 4)), np.zeros((count, 4)))
