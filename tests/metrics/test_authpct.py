"""AuthPct: by hand, copies and noise, and photos given twice."""

import numpy as np
import pytest

from graftgan.errors import UserError
from graftgan.metrics import authpct


def test_by_hand():
    """Photos 0, 4, 5: their own gaps are 4, 1, 1. Of -3, 3, 6.5, 5.5 the nearest are 0, 4, 5, 5 at 3, 1, 1.5, 0.5."""
    photos = np.array([[0.0], [4.0], [5.0]])
    assert authpct(np.array([[-3.0], [3.0], [6.5], [5.5]]), photos).value == 25


def test_copies_are_not_authentic_and_noise_is():
    rng = np.random.default_rng(0)
    photos = rng.normal(size=(10, 16))
    copied = authpct(photos.repeat(6, 0) + 0.01 * rng.normal(size=(60, 16)), photos)
    assert copied.value == 0 and 0 < copied.error < 2
    assert authpct(10 * rng.normal(size=(60, 16)), photos).value == 100


def test_a_photo_given_twice_does_not_make_its_copies_authentic():
    photos = np.array([[0.0], [1e-7], [10.0]])
    assert authpct(np.array([[1.0], [2.0]]), photos).value == 0


@pytest.mark.parametrize("photos", [np.ones((1, 3)), np.ones((4, 3))])
def test_two_different_photos_are_needed(photos):
    with pytest.raises(UserError, match="authpct needs at least two different photos"):
        authpct(np.zeros((2, 3)), photos)
