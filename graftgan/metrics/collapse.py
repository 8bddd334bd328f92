"""Collapse: whether many samples hold only a few different pictures, as no mean distance between them can tell."""

import numpy as np

from graftgan.errors import UserError
from graftgan.metrics.measure import Measure, checked_features
from graftgan.metrics.shuffled import shuffled

# The effective number grows with the number of pictures: these many are counted, and fewer give no verdict.
SAMPLES = 64
# Ten photos say how long a picture's features are; their own number of different pictures is only told.
MOST_PHOTOS = 10
# Up to about half the length of its features a picture lies from itself, moved and tinted.
REACH = 0.5
# Of modes that are far apart it is less than this part of the samples' own mean distance.
OWN_REACH = 0.75
# The share of different pictures below which a generator has collapsed; benchmarks/alarms.py shows what it tells apart.
COLLAPSED = 0.375


def diversity(fake: np.ndarray, photos: np.ndarray) -> Measure:
    """Measure which share of the samples are different pictures.

    Source: the Vendi score, Friedman and Dieng, "The Vendi Score: A Diversity Evaluation Metric for Machine Learning",
    2022, arXiv 2210.02410, divided by the number of samples. The width of its kernel, within which two pictures are
    one, follows from the length of features, or from the samples' mean distance where that gives more. The photos'
    mean distance does not enter: beside photos that are alike, one picture that is moved and tinted would be many. Nor
    does the distance from samples to photos: different pictures of another domain are no fewer. Other measures miss
    what this one finds: the mean distance two modes far apart, a count of equal pictures one that is moved and tinted.

    Formula: V(X) / N, V(X) = exp of the entropy of the eigenvalues of K / N, K_ij = exp(-|x_i - x_j|^2 / w^2), and w
    the larger one of l / 2, l^2 = mean of |y|^2 over the photos, and 3/4 of the mean of |x_i - x_j|. N equal pictures
    have V = 1, 64 that are all as far apart V = 48. It falls with N: compare equal numbers only.

    Args:
        fake: features of the judged pictures, (N, dim), N >= 2, zero where there is nothing to see, as after a ReLU;
            64 of them are drawn, whatever their order.
        photos: features of the photos trained on, (M, dim), M >= 2; ten of them are drawn.

    Returns:
        The share in (0, 1], without error; the protocol holds the number of different samples and of different photos.

    Raises:
        UserError: fewer than two pictures on a side, photos that are all equal, different widths, NaN or infinity.

    Example:
        >>> one_picture, photos = np.ones((8, 2)), np.array([[0.0, 1.0], [9.0, 0.0]])
        >>> diversity(one_picture, photos).value
        0.125
    """
    x, y = checked_features("diversity", 2, {"fake": fake, "photos": photos})
    if (y == y[:1]).all():
        raise UserError(f"diversity needs at least two different photos, not {len(y)} equal ones")
    x, y = x[shuffled(x, 0)[:SAMPLES]], y[shuffled(y, 0)[:MOST_PHOTOS]]
    length = float(np.sqrt((y * y).sum(1).mean()))
    samples, known = _different(x, length), _different(y, length)
    protocol = {
        "metric": "diversity",
        "fake": len(x),
        "photos": len(y),
        "pictures": round(samples, 3),
        "photos_pictures": round(known, 3),
        "rule": "effective number of different pictures (Vendi score), over the number of pictures",
    }
    return Measure(samples / len(x), None, protocol)


def collapse_warning(fake: np.ndarray, photos: np.ndarray) -> str | None:
    """Say in one line that the generator makes only a few different pictures; None where it does not.

    A generator that only copies a few photos makes a few different pictures too, and may be warned of both. The rule
    was fitted to features of EfficientNet-Lite0.

    Args:
        fake: features of the judged pictures, (N, dim), N >= 2.
        photos: features of the photos trained on, (M, dim).

    Returns:
        The sentence, or None; None too where there are fewer than 64 pictures to judge by, or no two different photos.

    Raises:
        UserError: as of `diversity`.

    Example:
        >>> collapse_warning(np.ones((64, 2)), np.array([[0.0, 1.0], [9.0, 0.0]]))
        'collapse: 64 samples hold only 1.0 different pictures (the 2 photos alone: 2.0)'
    """
    if len(fake) < SAMPLES or len(photos) < 2 or (photos == photos[:1]).all():
        return None
    found = diversity(fake, photos)
    if found.value >= COLLAPSED:
        return None
    seen = found.protocol
    return (
        f"collapse: {seen['fake']} samples hold only {seen['pictures']:.1f} different pictures "
        f"(the {seen['photos']} photos alone: {seen['photos_pictures']:.1f})"
    )


def _different(rows: np.ndarray, length: float) -> float:
    """Return the effective number of different rows, beside features of a length."""
    squares = _squared_distances(rows, rows)
    apart = np.sqrt(squares).sum() / (len(rows) * (len(rows) - 1))
    kernel = np.exp(-squares / max(REACH * length, OWN_REACH * apart) ** 2) / len(rows)
    weights = np.linalg.eigvalsh(kernel)
    weights = weights[weights > np.finfo(np.float64).eps]
    return float(np.exp(-(weights * np.log(weights)).sum()))


def _squared_distances(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return |a_i - b_j|^2; differences first, so that equal rows are at zero whatever their length."""
    return np.stack([((row - b) ** 2).sum(1) for row in a])
