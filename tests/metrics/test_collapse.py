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


def effective_number(near: float) -> float:
    """Of two pictures: K / 2 has the eigenvalues (1 +- near) / 2."""
    weights = np.array([1 + near, 1 - near]) / 2
    return float(np.exp(-(weights * np.log(weights)).sum()))


def test_effective_number_by_hand():
    """Photos at 6 and 8 have length sqrt(50), so that w^2 is 12.5; of samples 20 apart it is 15^2."""
    photos = np.array([[6.0], [8.0]])
    near, far = diversity(np.array([[1.0], [3.0]]), photos), diversity(np.array([[1.0], [21.0]]), photos)
    assert near.value == pytest.approx(effective_number(np.exp(-4 / 12.5)) / 2)
    assert near.protocol["photos_pictures"] == pytest.approx(effective_number(np.exp(-4 / 12.5)), abs=1e-3)
    assert far.value == pytest.approx(effective_number(np.exp(-1 / 0.75**2)) / 2)
    assert diversity(np.array([[1.5], [1.5]]), photos).value == pytest.approx(0.5)


def test_neither_the_distance_to_the_photos_nor_between_them_matters():
    samples = jittered(PHOTOS, 0.5)
    alike = PHOTOS[:1] * np.sqrt((PHOTOS**2).sum() / (PHOTOS[:1] ** 2).sum() / 10) + 1e-9 * PHOTOS
    for others in (-PHOTOS, alike):
        assert diversity(samples, others).value == pytest.approx(diversity(samples, PHOTOS).value)
    assert diversity(samples + 100, PHOTOS).value == pytest.approx(diversity(samples, PHOTOS).value)


def test_the_unit_of_the_features_does_not_matter():
    samples = jittered(PHOTOS, 0.5)
    assert diversity(samples * 7, PHOTOS * 7).value == pytest.approx(diversity(samples, PHOTOS).value)


def test_the_order_of_samples_and_photos_does_not_matter():
    """Sorted as files of a class each would be: the first 64 are one picture, all 192 are many."""
    rng = np.random.default_rng(2)
    samples, photos = np.concatenate([np.ones((64, 8)), rng.normal(size=(128, 8))]), rng.normal(size=(30, 8))
    found = diversity(samples, photos).value
    assert found > 0.1
    assert diversity(rng.permutation(samples), rng.permutation(photos)).value == pytest.approx(found)


def test_below_64_samples_there_is_no_verdict():
    """Of few pictures even different ones are few; the measure itself can be had."""
    constant = PHOTOS[:1].repeat(64, axis=0)
    assert collapse_warning(constant[:63], PHOTOS) is None and collapse_warning(constant, PHOTOS) is not None
    assert diversity(constant[:5], PHOTOS).value == pytest.approx(1 / 5)


@pytest.mark.parametrize("modes", [PHOTOS[:1], PHOTOS[:2], PHOTOS[3:4] + 9, np.stack([PHOTOS[0], PHOTOS[5] - 4])])
@pytest.mark.parametrize("spread", [0.0, 0.1, 0.3])
def test_warns_of_one_mode_and_of_two_however_jittered_or_far_apart(modes, spread):
    assert "collapse: 64 samples hold only" in (collapse_warning(jittered(modes, spread), PHOTOS) or "")


def test_warns_of_one_picture_with_a_few_others():
    samples = np.concatenate([PHOTOS[:1].repeat(52, axis=0), np.random.default_rng(3).normal(size=(12, 64))])
    assert collapse_warning(np.random.default_rng(4).permutation(samples), PHOTOS) is not None


@pytest.mark.parametrize("away", [0, 1, 50])
def test_is_silent_for_different_pictures_however_far_from_the_photos(away):
    different = np.random.default_rng(5).normal(size=(64, 64))
    assert collapse_warning(different + away, PHOTOS) is None
    assert collapse_warning(different + away, PHOTOS[:1] + 0.1 * PHOTOS) is None


def test_ten_photos_copied_as_they_are_are_few_pictures():
    found = collapse_warning(PHOTOS.repeat(7, axis=0), PHOTOS)
    assert found is not None and "different pictures (the 10 photos alone: 9." in found


def test_the_sentence_holds_the_numbers():
    assert collapse_warning(PHOTOS[:1].repeat(64, axis=0), PHOTOS[:4]) == (
        "collapse: 64 samples hold only 1.0 different pictures (the 4 photos alone: 3.8)"
    )


@pytest.mark.parametrize("photos", [PHOTOS[:1], PHOTOS[:1].repeat(3, axis=0)])
def test_photos_without_variety_are_no_measure(photos):
    assert collapse_warning(jittered(PHOTOS, 0.3), photos) is None
    with pytest.raises(UserError, match="diversity"):
        diversity(PHOTOS, photos)
