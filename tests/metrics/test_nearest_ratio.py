"""How near pictures come to the photos beside unseen ones: by hand, copies, one distribution, and its error."""

import numpy as np
import pytest

from graftgan.errors import UserError
from graftgan.metrics import nearest_ratio


def test_by_hand():
    """Photos 0 and 10. Fakes 1, 2, 13: distances 1, 2, 3, median 2. Hold-out 4, 6, 5, 14: 4, 4, 5, 4, median 4."""
    photos, held = np.array([[0.0], [10.0]]), np.array([[4.0], [6.0], [5.0], [14.0]])
    measure = nearest_ratio(np.array([[1.0], [2.0], [13.0]]), photos, held)
    assert measure.value == pytest.approx(0.5) and measure.error is None
    assert measure.protocol["median"] == 2 and measure.protocol["median of the hold-out"] == 4


def test_copies_are_at_zero_and_unseen_pictures_at_one():
    rng = np.random.default_rng(0)
    photos, held = rng.normal(size=(10, 32)), rng.normal(size=(100, 32))
    assert nearest_ratio(photos.repeat(5, 0), photos, held).value == 0
    same = nearest_ratio(rng.normal(size=(100, 32)), photos, held)
    assert abs(same.value - 1) < 4 * same.error < 0.2
    assert nearest_ratio(5 * rng.normal(size=(100, 32)), photos, held).value > 3


def test_the_error_is_the_spread_over_other_pictures():
    rng = np.random.default_rng(1)
    photos = rng.normal(size=(10, 6))
    found = [nearest_ratio(0.8 * rng.normal(size=(60, 6)), photos, rng.normal(size=(40, 6))) for _ in range(300)]
    errors = np.array([one.error for one in found])
    assert np.sqrt((errors**2).mean()) == pytest.approx(np.std([one.value for one in found]), rel=0.2)


def test_a_holdout_made_of_the_photos_is_refused():
    photos = np.random.default_rng(2).normal(size=(10, 6)) + 5
    with pytest.raises(UserError, match="at least half of the held-out pictures are photos"):
        nearest_ratio(photos, photos, photos + 1e-9)


@pytest.mark.parametrize("count", [0, 3])
def test_few_held_out_pictures_are_refused(count):
    with pytest.raises(UserError, match=f"nearest_ratio needs at least 4 real pictures, not {count}"):
        nearest_ratio(np.eye(5), np.eye(5), np.eye(5)[:count])
