"""How close samples come to the photos they were learnt from: the nearest photo, and how many are copies."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from graftgan.errors import UserError
from graftgan.metrics.measure import Measure

Distance = Literal["euclidean", "cosine"]

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


def copies(samples: np.ndarray, photos: np.ndarray, distance: Distance = "euclidean") -> Measure:
    """Count the samples that are closer to a photo than the photos are to each other.

    The rule by which the demo calls a generator one that copies. It needs no hold-out, so it is the first
    sign of memorisation that a user with ten photos gets; a sign, not a proof: where no two of the photos are
    alike, unseen real pictures of the domain are counted too (ten photos of faces, garments or emoji: from 0
    to 40 of 64). Compare it with the count for a hold-out where there is one. Photos that are given twice
    count once.

    Args:
        samples: features (N, dim), or pixels (N, H, W, 3) of any number type.
        photos: the same of the photos, at least two different ones.
        distance: as in `nearest`.

    Returns:
        The count (0 to N) without error; the protocol holds the threshold and N.

    Raises:
        UserError: fewer than two different photos, or shapes that differ.

    Example:
        >>> copies(np.array([[0.1], [5.0]]), np.array([[0.0], [2.0]])).value
        1.0
    """
    threshold = _smallest_gap(photos, distance)
    count = int((nearest(samples, photos, distance).distance < threshold).sum())
    protocol = {
        "metric": "copies",
        "fake": len(samples),
        "photos": len(photos),
        "distance": distance,
        "threshold": threshold,
        "rule": "samples closer to a photo than the two closest different photos are to each other",
    }
    return Measure(float(count), None, protocol)


def _smallest_gap(photos: np.ndarray, distance: Distance) -> float:
    """Return the smallest distance between two different photos."""
    rows = _rows(photos, distance)
    gaps = [_apart(rows[i + 1 :], rows[i], distance) for i in range(len(rows) - 1)]
    between = np.concatenate(gaps) if gaps else np.empty(0)
    different = between[between > _SAME * between.mean()] if between.size else between
    if different.size == 0:
        raise UserError(f"copies needs at least two different photos, not {len(photos)} equal ones")
    return float(different.min())


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
