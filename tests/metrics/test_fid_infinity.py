"""FID-infinity: the truth on Gaussians, where FID is far above it; the line; and too few pictures."""

import numpy as np
import pytest
import scipy.stats

from graftgan.errors import UserError
from graftgan.metrics import fid, fid_infinity
from graftgan.metrics.fid_infinity import _intercept


def test_the_truth_on_gaussians():
    """Of N(0, I) and N(m, I) the distance is |m|^2 = 1; the reference is large, so only the judged side is biased."""
    rng = np.random.default_rng(0)
    real = rng.normal(size=(20000, 32))
    found = [
        (fid_infinity(real, fake), fid(real, fake))
        for fake in (rng.normal(size=(600, 32)) + 32**-0.5 for _ in range(5))
    ]
    assert np.mean([plain.value for _, plain in found]) > 1.4
    assert np.mean([infinity.value for infinity, _ in found]) == pytest.approx(1, abs=0.1)


def test_the_line_is_that_of_scipy():
    rng = np.random.default_rng(1)
    at, values = 1 / np.linspace(100, 900, 15), rng.normal(size=15)
    line = scipy.stats.linregress(at, values)
    assert _intercept(at, values) == pytest.approx((line.intercept, line.intercept_stderr))


def test_sizes_are_at_least_twice_the_dimensions_and_real_pictures_fewer_than_dimensions_are_named():
    rng = np.random.default_rng(2)
    measure = fid_infinity(rng.normal(size=(60, 200)), rng.normal(size=(700, 200)))
    assert measure.protocol["sizes"] == "15 from 400 to 700"
    assert measure.protocol["warning"] == "biased: N < dim (60 real pictures, 200 dimensions)"
    few = fid_infinity(rng.normal(size=(60, 4)), rng.normal(size=(700, 4)))
    assert few.protocol["sizes"] == "15 from 70 to 700" and "warning" not in few.protocol


@pytest.mark.parametrize(
    ("real", "fake", "dim", "message"),
    [
        (60, 499, 4, "fid_infinity of 499 fake pictures in 4 dimensions means nothing, it needs at least 500: use kid"),
        (60, 599, 200, "599 fake pictures in 200 dimensions means nothing, it needs at least 600"),
        (49, 600, 4, "49 real pictures"),
    ],
)
def test_few_pictures_are_refused(real, fake, dim, message):
    with pytest.raises(UserError, match=message):
        fid_infinity(np.zeros((real, dim)), np.zeros((fake, dim)))
