"""Collapse: whether many samples hold only a few different pictures, as no mean distance between them can tell."""

import numpy as np

from graftgan.errors import UserError
from graftgan.metrics.measure import Measure, checked_features

# The effective number grows with the number of pictures: these many are counted, whatever is given.
MOST_SAMPLES, MOST_PHOTOS = 64, 10
# A generator that holds hardly more different pictures than ten photos has collapsed; measured in benchmarks/alarms.py.
COLLAPSED = 1.15


def diversity(fake: np.ndarray, photos: np.ndarray) -> Measure:
    """Measure how many different pictures the samples hold, relative to how many the photos hold.

    Source: the Vendi score, Friedman and Dieng, "The Vendi Score: A Diversity Evaluation Metric for Machine Learning",
    2022, arXiv 2210.02410. Deviation: it is divided by that of ten photos, so that the unit is the domain's own, and
    the width of its kernel is the mean distance between two of those photos; for samples that are farther than that
    from the photos it is their own mean distance to them, as the moves of a picture that is far off would else count
    as variety. The mean distance between samples would miss two modes far apart; copies of one photo that are moved
    and tinted would hide from a count of equal pictures.

    Formula: V(X) = exp of the entropy of the eigenvalues of K / N, with K_ij = exp(-|x_i - x_j|^2 / w^2); the value is
    V(fake) / V(photos). N equal pictures have V = 1, N that are far apart have V = N. Real unseen pictures are at
    2 to 3, a generator that only copies ten photos at 1.4 to 2, one that knows two pictures below 1.02.

    Args:
        fake: features of the judged pictures, (N, dim), N >= 2; the first 64 are used.
        photos: features of the photos trained on, (M, dim), M >= 2; ten of them, evenly spread, are used.

    Returns:
        The ratio, without error; the protocol holds both numbers of different pictures.

    Raises:
        UserError: fewer than two pictures on a side, photos that are all equal, different widths, NaN or infinity.

    Example:
        >>> one_picture, photos = np.zeros((8, 2)), np.array([[0.0, 0.0], [9.0, 0.0]])
        >>> diversity(one_picture, photos).protocol["pictures"]
        1.0
    """
    x, y = checked_features("diversity", 2, {"fake": fake, "photos": photos})
    x, y = x[:MOST_SAMPLES], y[evenly(len(y), MOST_PHOTOS)]
    width = float(np.sqrt(_squared_distances(y, y)).sum() / (len(y) * (len(y) - 1)))
    if width == 0:
        raise UserError(f"diversity needs at least two different photos, not {len(y)} equal ones")
    away = float(np.sqrt(_squared_distances(x, y)).mean())
    samples, known = _different(x, max(width, away)), _different(y, width)
    protocol = {
        "metric": "diversity",
        "fake": len(x),
        "photos": len(y),
        "pictures": round(samples, 3),
        "photos_pictures": round(known, 3),
        "rule": "effective number of different pictures (Vendi score), over that of the photos",
    }
    return Measure(samples / known, None, protocol)


def collapse_warning(fake: np.ndarray, photos: np.ndarray) -> str | None:
    """Say in one line that the generator makes only a few different pictures; None where it does not.

    Args:
        fake: features of the judged pictures, (N, dim), N >= 2.
        photos: features of the photos trained on, (M, dim).

    Returns:
        The sentence, or None; None too where there are no two different photos to compare with.

    Raises:
        UserError: as of `diversity`.

    Example:
        >>> collapse_warning(np.zeros((8, 2)), np.array([[0.0, 0.0], [9.0, 0.0]]))
        'collapse: 8 samples hold only 1.0 different pictures (the 2 photos alone: 1.9)'
    """
    if len(photos) < 2 or (photos == photos[:1]).all():
        return None
    found = diversity(fake, photos)
    if found.value >= COLLAPSED:
        return None
    seen = found.protocol
    return (
        f"collapse: {seen['fake']} samples hold only {seen['pictures']:.1f} different pictures "
        f"(the {seen['photos']} photos alone: {seen['photos_pictures']:.1f})"
    )


def evenly(count: int, most: int) -> np.ndarray:
    """Return which of `count` rows are used where `most` are enough: evenly spread, as files are sorted by name."""
    return np.arange(min(count, most)) * count // min(count, most)


def _different(rows: np.ndarray, width: float) -> float:
    """Return the effective number of different rows."""
    kernel = np.exp(-_squared_distances(rows, rows) / width**2) / len(rows)
    weights = np.linalg.eigvalsh(kernel)
    weights = weights[weights > np.finfo(np.float64).eps]
    return float(np.exp(-(weights * np.log(weights)).sum()))


def _squared_distances(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return |a_i - b_j|^2; differences first, so that equal rows are at zero whatever their length."""
    return np.stack([((row - b) ** 2).sum(1) for row in a])
