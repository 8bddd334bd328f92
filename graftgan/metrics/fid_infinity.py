"""FID-infinity: what the Frechet distance would be of infinitely many judged pictures."""

from typing import Any

import numpy as np

from graftgan.errors import UserError
from graftgan.metrics.gaussian import Gaussian, frechet
from graftgan.metrics.measure import Measure, checked_features
from graftgan.metrics.shuffled import shuffled

LEAST_REAL, LEAST_FAKE = 50, 500
# Below about twice the dimensions the distance is not straight in 1 / size, and the intercept is far off.
_SMALLEST, _LARGEST = 2, 3
_SIZES = 15


def fid_infinity(real: np.ndarray, fake: np.ndarray, seed: int = 0) -> Measure:
    """Measure the Frechet distance without the part that comes from judging few pictures.

    Source: Chong and Forsyth, "Effectively Unbiased FID and Inception Score", 2020, arXiv 1911.07023, section 4: the
    distance at 15 even sizes up to all the pictures, regressed on 1 / size; the intercept is the value. Deviations:
    the pictures are as given, not drawn by a Sobol sequence; and the smallest size, 5,000 of 50,000 as published, is
    a tenth of the pictures but at least twice the dimensions. Only the judged side is extrapolated: the bias that few
    real pictures bring stays.

    Formula: a of the least squares line FID(n) = a + b / n over the 15 sizes n, each a seeded draw of n pictures.

    Args:
        real: features of the reference pictures, (N, dim), N >= 50.
        fake: features of the judged pictures, (M, dim), M >= 500 and M >= 3 dim.
        seed: of the draws.

    Returns:
        The intercept, with its standard error in the regression; the draws overlap, so on Gaussians the spread over
        other pictures is about twice that.

    Raises:
        UserError: too few pictures on a side, different widths, NaN or infinity.

    Example:
        >>> cloud = np.random.default_rng(0).normal(size=(1000, 2))
        >>> round(fid_infinity(cloud, cloud + 2).value)
        8
    """
    least_fake = LEAST_FAKE if fake.ndim != 2 else max(LEAST_FAKE, _LARGEST * fake.shape[1])
    for name, rows, least in (("real", real, LEAST_REAL), ("fake", fake, least_fake)):
        if rows.ndim == 2 and len(rows) < least:
            raise UserError(
                f"fid_infinity of {len(rows)} {name} pictures in {rows.shape[1]} dimensions means nothing, "
                f"it needs at least {least}: use kid, which is unbiased at any number"
            )
    x, y = checked_features("fid_infinity", LEAST_REAL, {"real": real, "fake": fake})
    reference = Gaussian.of(x)
    sizes = np.linspace(max(len(y) / 10, _SMALLEST * y.shape[1]), len(y), _SIZES).astype(int)
    draws = (shuffled(y, seed + number)[:size] for number, size in enumerate(sizes))
    distances = np.array([frechet(reference, Gaussian.of(y[draw])) for draw in draws])
    intercept, error = _intercept(1 / sizes, distances)
    protocol: dict[str, Any] = {
        "metric": "fid_infinity",
        "real": len(x),
        "fake": len(y),
        "sizes": f"{len(sizes)} from {sizes[0]} to {sizes[-1]}",
        "seed": seed,
        "rule": "intercept of the distance regressed on 1 / judged pictures; the real side is not extrapolated",
        "error": "of the intercept in the regression (overlapping draws: too small)",
    }
    if len(x) <= x.shape[1]:
        protocol["warning"] = f"biased: N < dim ({len(x)} real pictures, {x.shape[1]} dimensions)"
    return Measure(intercept, error, protocol)


def _intercept(at: np.ndarray, values: np.ndarray) -> tuple[float, float]:
    """Return the intercept of the least squares line and its standard error."""
    apart = at - at.mean()
    slope = (apart @ values) / (apart @ apart)
    intercept = values.mean() - slope * at.mean()
    rest = values - intercept - slope * at
    variance = (rest @ rest) / (len(at) - 2)
    return float(intercept), float(np.sqrt(variance * (1 / len(at) + at.mean() ** 2 / (apart @ apart))))
