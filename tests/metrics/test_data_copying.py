"""C_T: normal under the null hypothesis, copies far below, noise far above, cells, and too few pictures."""

import numpy as np
import pytest

from graftgan.errors import UserError
from graftgan.metrics import c_t


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.mark.parametrize(("photos", "dim"), [(10, 4), (10, 200), (90, 80)])
def test_standard_normal_where_nothing_is_copied(rng, photos, dim):
    """Also where the features are projected: neither side may be favoured by the projection."""
    found = []
    for _ in range(60):
        rows = rng.normal(size=(photos + 100, dim)) * np.arange(1, dim + 1) ** -0.5
        found.append(c_t(rows[-40:], rows[:photos], rows[photos:-40], cells=1))
    values = np.array([one.value for one in found])
    assert found[0].error == 1
    assert abs(values.mean()) < 4 / np.sqrt(60) and 0.7 < values.std() < 1.35


def test_copies_are_far_below_and_noise_far_above(rng):
    photos, held = rng.normal(size=(10, 32)), rng.normal(size=(100, 32))
    copied = photos.repeat(10, 0) + 0.1 * rng.normal(size=(100, 32))
    # Every copy is nearer than every unseen picture: U = 0.
    assert c_t(copied, photos, held).value == pytest.approx(-5000 / np.sqrt(10000 * 201 / 12))
    assert c_t(4 * rng.normal(size=(100, 32)), photos, held).value > 10


def test_exact_copies_are_ties_that_change_nothing(rng):
    photos, held = rng.normal(size=(10, 32)), rng.normal(size=(100, 32))
    assert c_t(photos.repeat(10, 0), photos, held).value == pytest.approx(-5000 / np.sqrt(10000 * 201 / 12))
    assert c_t(held, photos, held).value == pytest.approx(0)


def test_copying_in_one_region_shows_by_cells(rng):
    """Half of the domain is copied; the other half is as far as unseen pictures."""
    shift = 50 * (np.arange(200) % 2)[:, None] * np.eye(1, 4)
    photos, held, fake = (rng.normal(size=(200, 4)) + shift for _ in range(3))
    fake[::2] = photos[::2] + 0.01 * rng.normal(size=(100, 4))
    measure = c_t(fake, photos, held, cells=2)
    first, second = sorted(float(cell.split(": ")[1]) for cell in measure.protocol["cells"])
    assert first < -10 and abs(second) < 4
    assert measure.value == pytest.approx((first + second) / 2, rel=0.01)
    assert measure.error == pytest.approx(np.sqrt(0.5))
    assert "warning" not in measure.protocol


def test_ten_photos_have_one_cell_and_it_is_said(rng):
    measure = c_t(rng.normal(size=(30, 4)), rng.normal(size=(10, 4)), rng.normal(size=(30, 4)))
    assert len(measure.protocol["cells"]) == 1
    assert measure.protocol["warning"].startswith("one cell: below 0 may also mean")


def test_small_cells_are_left_out_and_none_left_is_refused(rng):
    photos = rng.normal(size=(20, 3)) + 50 * (np.arange(20) % 2)[:, None]
    held = rng.normal(size=(40, 3)) + 50 * (np.arange(40) % 2)[:, None]
    measure = c_t(rng.normal(size=(30, 3)), photos, held)
    assert len(measure.protocol["cells"]) == 1 and measure.protocol["cells left out"] == 1
    assert "warning" not in measure.protocol
    with pytest.raises(UserError, match="none of 2 cells has 20 judged and as many held-out pictures"):
        c_t(rng.normal(size=(30, 3)), photos, held[1::2])


@pytest.mark.parametrize(
    ("sizes", "message"),
    [((19, 10, 20), "20 fake pictures, not 19"), ((20, 1, 20), "2 photos"), ((20, 10, 19), "20 real")],
)
def test_few_pictures_are_refused(rng, sizes, message):
    with pytest.raises(UserError, match=message):
        c_t(*(rng.normal(size=(size, 3)) for size in sizes))
