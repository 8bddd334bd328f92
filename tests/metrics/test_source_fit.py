"""Does a source fit: against the full matrices, by hand, and at five photos."""

import numpy as np
import pytest
from scipy.linalg import sqrtm
from sklearn.covariance import ledoit_wolf

from graftgan.errors import UserError
from graftgan.metrics.fid import fid
from graftgan.metrics.source_fit import photo_recall, shrunk_frechet


def cloud(count: int, dim: int, seed: int = 0, scale: float = 1.0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(count, dim)) * scale * np.linspace(0.2, 2, dim)


@pytest.mark.parametrize(("photos", "samples", "dim"), [(5, 9, 40), (30, 12, 8), (6, 6, 11), (7, 60, 20)])
def test_it_is_the_distance_of_the_full_shrunk_matrices(photos: int, samples: int, dim: int) -> None:
    x, y = cloud(photos, dim), cloud(samples, dim, 1, 1.5) + 0.3
    (one, _), (other, _) = ledoit_wolf(x), ledoit_wolf(y)
    root = np.real(sqrtm(one @ other))
    expected = ((x.mean(0) - y.mean(0)) ** 2).sum() + np.trace(one) + np.trace(other) - 2 * np.trace(root)
    assert shrunk_frechet(x, y).value == pytest.approx(expected, rel=1e-6)


def test_few_photos_of_the_same_domain_are_near_where_the_raw_distance_is_not() -> None:
    # fid refuses fewer than 50; two sets of 60 in 200 dimensions are as unknown as ten photos
    x, y, far = cloud(60, 200), cloud(60, 200, 1), cloud(60, 200, 2) + 1
    spread = float((cloud(4000, 200, 3) ** 2).sum(1).mean())
    assert shrunk_frechet(x, y).value < 0.2 * fid(x, y).value
    assert shrunk_frechet(x, y).value < 0.15 * spread < shrunk_frechet(x, far).value


def test_the_same_rows_are_at_zero_and_photos_may_repeat() -> None:
    x = np.repeat(cloud(3, 12), 3, 0)
    assert shrunk_frechet(x, x).value == pytest.approx(0, abs=1e-9)
    assert shrunk_frechet(x, x + 0.5).value == pytest.approx(12 * 0.25)
    assert set(shrunk_frechet(x, x).protocol) >= {"photos", "samples", "shrinkage of the photos"}


def test_the_order_of_the_pictures_does_not_matter() -> None:
    x, y = cloud(8, 30), cloud(9, 30, 1)
    assert shrunk_frechet(x[::-1], y[::-1]).value == pytest.approx(shrunk_frechet(x, y).value, rel=1e-9)
    assert photo_recall(x[::-1], y[::-1]).value == photo_recall(x, y).value


def test_recall_counts_photos_in_the_balls_of_samples() -> None:
    # samples at 0..7: every ball has radius 2 or 3 for k = 3; 10 is on the edge of 7's, 10.1 is outside
    line = np.arange(8.0).reshape(8, 1)
    assert photo_recall(np.array([[-3.0], [10.0], [10.1], [99.0]]), line).value == 0.5
    assert photo_recall(np.array([[3.2]]), line).value == 1
    assert photo_recall(np.array([[10.5]]), line).value == 0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: shrunk_frechet(cloud(4, 3), cloud(9, 3)), "at least 5 photos, not 4"),
        (lambda: shrunk_frechet(cloud(9, 3), cloud(9, 4)), "different widths"),
        (lambda: photo_recall(cloud(0, 3), cloud(9, 3)), "at least 1 photos, not 0"),
        (lambda: photo_recall(cloud(1, 3), cloud(5, 3)), "at least 6 samples pictures, not 5"),
        (lambda: photo_recall(cloud(1, 3), cloud(5, 3), k=0), "at least 1, not 0"),
        (lambda: photo_recall(np.full((1, 3), np.nan), cloud(9, 3)), "NaN or infinity"),
    ],
)
def test_what_means_nothing_is_refused(call, message: str) -> None:
    with pytest.raises(UserError, match=message):
        call()
