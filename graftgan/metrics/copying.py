"""Copying: how many samples are one of the photos, moved or tinted a little, rather than a picture of their own."""

import numpy as np

from graftgan.errors import UserError
from graftgan.metrics.measure import Measure, checked_features
from graftgan.metrics.neighbours import error_of_share

# A copy is below this part of the way to its second nearest photo; measured in benchmarks/alarms.py.
COPY = 0.7
# Copies among the samples above which the generator copies; benchmarks/alarms.py shows what it tells apart.
COPYING = 0.375
# The same above the hold-out's share, where there is one: it says what chance would give.
ABOVE_HOLDOUT = 0.2
# Below this share of the typical distance two photos are one and the same file.
_SAME = 1e-4


def copy_ratios(fake: np.ndarray, photos: np.ndarray) -> np.ndarray:
    """Return for each sample how far its nearest photo is, in parts of the distance to the second nearest.

    Source: the test of Gu et al., "On Memorization in Diffusion Models", 2023, arXiv 2310.02664 (in pixels, with the
    threshold 1/3, for exact copies). Deviation: distances are of features, and photos that are given twice count
    once. The ratio needs no scale: a sample that is not made from one photo is about as far from two of them.

    Args:
        fake: features of the judged pictures, (N, dim).
        photos: features of the photos trained on, (M, dim), at least two different ones.

    Returns:
        float64 (N,) in [0, 1]; 0 for an exact copy.

    Raises:
        UserError: fewer than two different photos, different widths, NaN or infinity.

    Example:
        >>> copy_ratios(np.array([[1.0], [5.0]]), np.array([[0.0], [10.0]]))
        array([0.11111111, 1.        ])
    """
    x, y = checked_features("copies", 1, {"fake": fake, "photos": photos})
    y = different_photos(y)
    if len(y) < 2:
        raise UserError(f"copies needs at least two different photos, not {len(photos)} equal ones")
    ratios = np.empty(len(x))
    for row, sample in enumerate(x):
        nearest, second = np.partition(((y - sample) ** 2).sum(1), 1)[:2]
        ratios[row] = np.sqrt(nearest / second)
    return ratios


def copy_share(fake: np.ndarray, photos: np.ndarray) -> Measure:
    """Measure which share of the samples are copies: below 0.7 of the way to their second nearest photo.

    A sign, not a proof: of real unseen pictures a few look like copies too, so it is read beside the share of the
    hold-out; benchmarks/alarms.py prints both, for sets of pictures and for photos that were flipped, moved and
    tinted. Two photos that are alike, but not equal, hide their copies.

    Formula: the mean of 1[|x - p_1| < 0.7 |x - p_2|], p_1 and p_2 the two photos nearest to x.

    Args:
        fake: features of the judged pictures, (N, dim), N >= 1.
        photos: features of the photos trained on, (M, dim), at least two different ones.

    Returns:
        The share in [0, 1], with its binomial standard error, the photos taken as given.

    Raises:
        UserError: as of `copy_ratios`.

    Example:
        >>> copy_share(np.array([[1.0], [5.0]]), np.array([[0.0], [10.0]])).value
        0.5
    """
    count = int((copy_ratios(fake, photos) < COPY).sum())
    protocol = {
        "metric": "copies",
        "fake": len(fake),
        "photos": len(photos),
        "count": count,
        "rule": f"nearer to a photo than {COPY} of the distance to the second nearest",
        "error": "binomial, photos as given",
    }
    return Measure(count / len(fake), error_of_share(count, len(fake)), protocol)


def copying_warning(fake: np.ndarray, photos: np.ndarray, real: np.ndarray | None = None) -> str | None:
    """Say in one line that the generator copies the photos; None where it does not.

    Args:
        fake: features of the judged pictures, (N, dim).
        photos: features of the photos trained on, (M, dim).
        real: features of the hold-out, (K, dim), which cannot have copied: its share is what chance gives. Without
            one the rule is coarser.

    Returns:
        The sentence, or None; None too where there are no two different photos to tell copies by.

    Raises:
        UserError: different widths, NaN or infinity.

    Example:
        >>> copying_warning(np.array([[1.0], [9.9]]), np.array([[0.0], [10.0]]))
        'copying: 2 of 2 samples are copies of a photo (nearer to it than 0.7 of the distance to any other)'
    """
    if len(different_photos(photos)) < 2:
        return None
    found = copy_share(fake, photos)
    chance = None if real is None or len(real) == 0 else copy_share(real, photos)
    if found.value <= (COPYING if chance is None else chance.value + ABOVE_HOLDOUT):
        return None
    beside = "" if chance is None else f"; of the hold-out {chance.protocol['count']} of {chance.protocol['fake']}"
    return (
        f"copying: {found.protocol['count']} of {found.protocol['fake']} samples are copies of a photo "
        f"(nearer to it than {COPY} of the distance to any other{beside})"
    )


def different_photos(rows: np.ndarray) -> np.ndarray:
    """Return the photos without those that are given twice.

    Args:
        rows: features of the photos, (M, dim).

    Returns:
        The rows in their order, of equal ones the first.

    Example:
        >>> different_photos(np.array([[0.0], [5.0], [0.0]]))
        array([[0.],
               [5.]])
    """
    typical = np.sqrt(((rows - rows.mean(0)) ** 2).sum(1)).mean()
    kept = np.ones(len(rows), bool)
    for at in range(1, len(rows)):
        kept[at] = (((rows[:at][kept[:at]] - rows[at]) ** 2).sum(1) > (_SAME * typical) ** 2).all()
    return rows[kept]
