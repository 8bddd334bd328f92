"""The copying control: photos with flips and jitter, a pure function of photos, numbers and seed."""

import numpy as np
import pytest

from graftgan.sampling.photo_copies import JITTER, photo_copies


def photos(count: int, channels: int = 3, side: int = 32) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (count, side, side, channels), np.uint8)


@pytest.mark.parametrize("channels", [1, 3])
def test_a_copy_depends_on_its_number_and_the_seed_only(channels: int) -> None:
    real = photos(3, channels)
    whole = photo_copies(real, 0, 10, seed=4)
    assert whole.dtype == np.uint8 and whole.shape == (10, 32, 32, channels)
    assert (photo_copies(real, 4, 7, seed=4) == whole[4:7]).all()
    assert (photo_copies(real, 0, 10, seed=5) != whole).any()
    assert photo_copies(real, 3, 3, seed=4).shape == (0, 32, 32, channels)


def test_each_is_nearest_to_its_own_photo_and_none_is_the_photo_itself() -> None:
    rng = np.random.default_rng(0)
    smooth = rng.integers(0, 256, (4, 4, 4, 3), np.uint8).repeat(8, axis=1).repeat(8, axis=2)
    copies = photo_copies(smooth, 0, 40, seed=0).astype(float)
    both = np.stack([smooth, smooth[:, :, ::-1]], axis=1).astype(float)
    apart = ((copies[:, None, None] - both) ** 2).mean(axis=(3, 4, 5))
    assert (apart.min(axis=2).argmin(axis=1) == np.arange(40) % 4).all()
    assert apart.min() > 0
    mirrored = (apart.argmin(axis=2)[np.arange(40), np.arange(40) % 4] == 1).sum()
    assert 10 <= mirrored <= 30


def test_a_move_is_at_most_a_sixteenth_of_the_side() -> None:
    point = np.zeros((1, 33, 33, 1), np.uint8)
    point[0, 16, 16] = 200
    copies = photo_copies(point, 0, 200, seed=2)[..., 0]
    found = np.array([np.unravel_index(copy.argmax(), copy.shape) for copy in copies])
    assert set(np.unique(found)) == set(range(14, 19))


def test_colours_stay_within_the_jitter() -> None:
    plain = np.full((1, 16, 16, 3), (120, 60, 180), np.uint8)
    found = photo_copies(plain, 0, 50, seed=1)[:, 0, 0].astype(float)
    grey = found.mean(axis=1) / 120
    assert (abs(grey - 1) <= JITTER + 0.01).all() and grey.std() > 0.03
    spread = np.ptp(found, axis=1) / 120 / grey
    assert (abs(spread - 1) <= JITTER + 0.02).all() and spread.std() > 0.03


def test_no_photos_are_no_copies() -> None:
    with pytest.raises(ValueError, match="of 0 photos"):
        photo_copies(photos(0), 0, 3, seed=0)
