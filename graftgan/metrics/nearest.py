"""How close samples come to the photos they were learnt from: the nearest photo, and beside a hold-out."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from graftgan.errors import UserError
from graftgan.metrics.measure import Measure, checked_features

Distance = Literal["euclidean", "cosine"]

LEAST_HELD = 4
_BLOCK = 256
# Below this share of the typical distance two photos are one and the same file.
_SAME = 1e-4


@dataclass(frozen=True)
class Nearest:
    """The nearest photo of each sample.

    Attributes:
        index: which photo, int64 (N,).
        distance: how far it is, float64 (N,), at least 0.
    """

    index: np.ndarray
    distance: np.ndarray


def nearest(samples: np.ndarray, photos: np.ndarray, distance: Distance = "euclidean") -> Nearest:
    """Find the photo nearest to each sample.

    Args:
        samples: features (N, dim), or pixels (N, H, W, 3) of any number type.
        photos: the same of the photos, M >= 1.
        distance: "euclidean" (of pixels: in grey levels), or "cosine" (1 - cosine of the angle, in [0, 2]).

    Returns:
        Index and distance for each sample; of equally near photos the first.

    Raises:
        UserError: there is no photo, the shapes differ, or the distance is unknown.

    Example:
        >>> nearest(np.array([[3.0]]), np.array([[0.0], [2.0]])).distance
        array([1.])
    """
    if distance not in ("euclidean", "cosine"):
        raise UserError(f"distance must be euclidean or cosine, not {distance}")
    if len(photos) == 0:
        raise UserError("nearest needs at least one photo")
    if samples.shape[1:] != photos.shape[1:]:
        raise UserError(f"nearest: samples {samples.shape[1:]} and photos {photos.shape[1:]} differ in shape")
    targets = _rows(photos, distance)
    # Distances do not change, and numbers around zero lose less in the expanded square that ranks the photos.
    centre = targets.mean(0)
    ranked = targets - centre
    index = np.empty(len(samples), np.int64)
    found = np.empty(len(samples), np.float64)
    for start in range(0, len(samples), _BLOCK):
        rows = _rows(samples[start : start + _BLOCK], distance)
        block = slice(start, start + len(rows))
        index[block] = (_squares(ranked) - 2 * (rows - centre) @ ranked.T).argmin(1)
        found[block] = _apart(rows, targets[index[block]], distance)
    return Nearest(index, found)


def nearest_ratio(fake: np.ndarray, photos: np.ndarray, real: np.ndarray) -> Measure:
    """Measure how near the judged pictures come to the photos, relative to how near unseen real pictures come.

    Below 1 the judged pictures are closer to the photos than unseen ones are: well below, they are copies; a little
    below, they keep to the middle of the domain. Above 1 they are farther away: another domain, or noise. Neither end
    is good by itself. Its error is that of two medians (McKean and Schrader, 1984), the photos taken as given.

    Formula: median over y of min |y - p| / median over x of min |x - p|, p over the photos, y judged, x held out.

    Args:
        fake: features of the judged pictures, (M, dim), M >= 1.
        photos: features of the photos trained on, (P, dim), P >= 1.
        real: features of real pictures of the same domain that were not trained on, (N, dim), N >= 4.

    Returns:
        The ratio with its standard error (None below ten pictures on a side).

    Raises:
        UserError: too few pictures, different widths, NaN or infinity, or a hold-out that is made of the photos.

    Example:
        >>> photos, unseen = np.zeros((1, 1)), np.array([[1.0], [2.0], [3.0], [4.0]])
        >>> nearest_ratio(unseen / 5, photos, unseen).value
        0.2
    """
    checked_features("nearest_ratio", LEAST_HELD, {"real": real})
    checked_features("nearest_ratio", 1, {"fake": fake, "photos": photos, "real": real})
    near, usual = nearest(fake, photos).distance, nearest(real, photos).distance
    middle, scale = float(np.median(near)), float(np.median(usual))
    if scale <= _SAME * float(np.linalg.norm(real - real.mean(0), axis=1).mean()):
        raise UserError("nearest_ratio: at least half of the held-out pictures are photos: hold out others")
    ratio = middle / scale
    error = None
    if min(len(near), len(usual)) >= 10:
        error = float(np.hypot(_error_of_median(near), ratio * _error_of_median(usual)) / scale)
    protocol = {
        "metric": "nearest_ratio",
        "fake": len(fake),
        "photos": len(photos),
        "real": len(real),
        "median": middle,
        "median of the hold-out": scale,
        "rule": "median euclidean distance to the nearest photo, over that of the hold-out; 1 is as unseen pictures",
        "error": "of two medians (McKean-Schrader), photos as given",
    }
    return Measure(ratio, error, protocol)


def _error_of_median(values: np.ndarray) -> float:
    """Return the standard error of a median, from the order statistics that bound it at 95 %."""
    values, reach = np.sort(values), 1.96 * np.sqrt(len(values) / 4)
    low = max(int(np.rint((len(values) + 1) / 2 - reach)), 1)
    return float((values[-low] - values[low - 1]) / (2 * 1.96))


def _rows(values: np.ndarray, distance: Distance) -> np.ndarray:
    """Flatten to float64 rows; for the cosine, of length 1."""
    rows = np.asarray(values, np.float64).reshape(len(values), -1)
    if distance == "cosine":
        rows = rows / np.maximum(np.sqrt(_squares(rows)), np.finfo(np.float64).tiny)[:, None]
    return rows


def _squares(rows: np.ndarray) -> np.ndarray:
    return (rows * rows).sum(1)


def _apart(a: np.ndarray, b: np.ndarray, distance: Distance) -> np.ndarray:
    """Distance row by row, from the difference itself, so that exact copies are at zero."""
    squares = _squares(a - b)
    # On the unit sphere 1 - cos equals half the squared distance.
    return squares / 2 if distance == "cosine" else np.sqrt(squares)
