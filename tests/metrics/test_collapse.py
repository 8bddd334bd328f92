"""Collapse: the effective number of pictures by hand, and made collapses beside generators that are sound."""

import numpy as np
import pytest

from graftgan.errors import UserError
from graftgan.metrics.collapse import collapse_warning, diversity

PHOTOS = np.random.default_rng(0).normal(size=(10, 64))


def jittered(modes: np.ndarray, spread: float) -> np.ndarray:
    """64 samples of the modes in turn, each a little beside its mode."""
    rng = np.random.default_rng(1)
    return modes[np.arange(64) % len(modes)] + spread * rng.normal(size=(64, modes.shape[1]))


def test_effective_number_by_hand():
    """Two photos at distance w, the width: K / 2 has the eigenvalues (1 +- exp(-1)) / 2."""
    photos = np.array([[0.0], [3.0]])
    weights = np.array([1 + np.exp(-1), 1 - np.exp(-1)]) / 2
    different = np.exp(-(weights * np.log(weights)).sum())
    measure = diversity(np.array([[1.5], [1.5]]), photos)
    assert measure.value == pytest.approx(1 / different)
    assert measure.protocol["photos_pictures"] == pytest.approx(different, abs=1e-3)
    assert diversity(photos, photos).value == pytest.approx(1)


def test_far_from_the_photos_the_distance_to_them_is_the_unit():
    """Samples at 10 and 13 are 10 from the photos at 0 and 3 in the mean: K has exp(-0.09) beside the diagonal."""
    photos, near = np.array([[0.0], [3.0]]), np.exp(-0.09)
    weights = np.array([1 + near, 1 - near]) / 2
    measure = diversity(np.array([[10.0], [13.0]]), photos)
    assert measure.protocol["pictures"] == pytest.approx(np.exp(-(weights * np.log(weights)).sum()), abs=1e-3)


def test_the_unit_of_the_features_does_not_matter():
    samples = jittered(PHOTOS, 0.5)
    assert diversity(samples * 7 + 3, PHOTOS * 7 + 3).value == pytest.approx(diversity(samples, PHOTOS).value)


def test_more_samples_or_photos_than_are_counted_change_nothing():
    rng = np.random.default_rng(2)
    samples, photos = rng.normal(size=(500, 8)), rng.normal(size=(10, 8))
    assert diversity(samples, photos).value == diversity(samples[:64], photos).value
    assert diversity(samples, photos.repeat(5, axis=0)).value == diversity(samples, photos).value


@pytest.mark.parametrize("modes", [PHOTOS[:1], PHOTOS[:2], PHOTOS[3:4] + 9, np.stack([PHOTOS[0], PHOTOS[5] - 4])])
@pytest.mark.parametrize("spread", [0.0, 0.1, 0.3])
def test_warns_of_one_mode_and_of_two_however_jittered_or_far_apart(modes, spread):
    assert "collapse: 64 samples hold only" in (collapse_warning(jittered(modes, spread), PHOTOS) or "")


def test_warns_of_one_picture_with_a_few_others():
    samples = np.concatenate([PHOTOS[:1].repeat(52, axis=0), np.random.default_rng(3).normal(size=(12, 64))])
    assert collapse_warning(np.random.default_rng(4).permutation(samples), PHOTOS) is not None


def test_is_silent_for_new_pictures_and_for_copies_of_every_photo():
    assert collapse_warning(np.random.default_rng(5).normal(size=(64, 64)), PHOTOS) is None
    assert collapse_warning(jittered(PHOTOS, 0.3), PHOTOS) is None


def test_the_sentence_holds_the_numbers():
    assert collapse_warning(PHOTOS[:1].repeat(64, axis=0), PHOTOS[:4]) == (
        "collapse: 64 samples hold only 1.0 different pictures (the 4 photos alone: 3.4)"
    )


@pytest.mark.parametrize("photos", [PHOTOS[:1], PHOTOS[:1].repeat(3, axis=0)])
def test_photos_without_variety_are_no_measure(photos):
    assert collapse_warning(jittered(PHOTOS, 0.3), photos) is None
    with pytest.raises(UserError, match="diversity"):
        diversity(PHOTOS, photos)
