"""Copying: ratios by hand; copies are flagged, unseen pictures are not, and a hold-out sharpens the rule."""

import numpy as np
import pytest

from graftgan.errors import UserError
from graftgan.metrics.copying import copy_ratios, copy_share, copying_warning

RNG = np.random.default_rng(0)
PHOTOS, UNSEEN = RNG.normal(size=(10, 32)), RNG.normal(size=(200, 32))
COPIES = PHOTOS[np.arange(64) % 10] + 0.3 * RNG.normal(size=(64, 32))


def test_ratios_by_hand():
    photos = np.array([[0.0, 0.0], [4.0, 0.0], [0.0, 3.0]])
    found = copy_ratios(np.array([[1.0, 0.0], [0.0, 3.0], [0.0, 2.0]]), photos)
    np.testing.assert_allclose(found, [1 / 3, 0, 1 / 2], atol=1e-12)


def test_an_exact_copy_is_at_zero_whatever_the_offset():
    assert (copy_ratios(PHOTOS + 1e6, PHOTOS + 1e6) == 0).all()


def test_share_counts_what_is_below_the_threshold():
    photos = np.array([[0.0], [10.0]])
    measure = copy_share(np.array([[1.0], [4.0], [4.2], [9.0]]), photos)  # 1/9, 0.67, 0.72, 1/9
    assert measure.value == 0.75 and measure.protocol["count"] == 3
    assert measure.error == pytest.approx(np.sqrt(0.7 * 0.3 / 5))  # half a picture added to either side
    assert copy_share(np.array([[5.0]] * 4), photos).error == pytest.approx(np.sqrt(0.1 * 0.9 / 5))
    assert measure.protocol["error"] == "binomial, photos as given"


def test_a_photo_given_twice_does_not_hide_its_copies():
    twice = np.concatenate([PHOTOS, PHOTOS])
    np.testing.assert_array_equal(copy_ratios(COPIES, twice), copy_ratios(COPIES, PHOTOS))


def test_copies_are_flagged_and_unseen_pictures_are_not():
    assert copying_warning(COPIES, PHOTOS) is not None
    assert copying_warning(UNSEEN[:64], PHOTOS) is None
    assert copying_warning(UNSEEN[:64], PHOTOS, UNSEEN[64:]) is None


def test_a_hold_out_finds_a_generator_that_copies_one_time_in_three():
    some = np.concatenate([COPIES[:21], UNSEEN[:43]])
    assert copying_warning(some, PHOTOS) is None
    assert "of the hold-out 0 of 157" in (copying_warning(some, PHOTOS, UNSEEN[43:]) or "")


def test_a_hold_out_that_looks_like_the_photos_excuses_samples_that_do():
    """Pictures in pairs: an unseen one has a near twin among the photos by nature."""
    pairs = PHOTOS[RNG.integers(0, 10, 200)] + 0.3 * RNG.normal(size=(200, 32))
    assert copying_warning(COPIES, PHOTOS, pairs) is None


@pytest.mark.parametrize("photos", [PHOTOS[:1], PHOTOS[:1].repeat(3, axis=0)])
def test_one_photo_gives_nothing_to_tell_copies_by(photos):
    assert copying_warning(COPIES, photos) is None
    with pytest.raises(UserError, match="at least two different photos"):
        copy_share(COPIES, photos)
