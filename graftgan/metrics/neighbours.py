"""Balls around pictures that reach to their k-th nearest neighbour, and what lies in them."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from graftgan.errors import UserError
from graftgan.metrics.measure import checked_features

# Rows of the distance matrix at a time: bounds the memory at BLOCK x N numbers.
_BLOCK = 512
# Squared distances that differ by less than this share of the spread are equal: rounding must not decide.
_ROUNDING = 1e-12


@dataclass(frozen=True)
class Inside:
    """What lies in the balls around a set of pictures.

    Attributes:
        holders: how many balls hold each point, int64 (points,).
        filled: whether each ball holds any point, bool (balls,).
    """

    holders: np.ndarray
    filled: np.ndarray


def inside(centres: np.ndarray, k: int, points: np.ndarray) -> Inside:
    """Find which points lie in the balls around centres that reach to the k-th nearest other centre.

    A point on the edge is inside.

    Args:
        centres: features (N, dim), float64, N > k.
        k: which neighbour gives the radius.
        points: features (M, dim), float64.

    Returns:
        The counts by point and by ball.

    Example:
        >>> inside(np.array([[0.0], [1.0], [9.0]]), 1, np.array([[2.0], [8.0]])).holders
        array([2, 1])
    """
    # Distances do not change, and numbers around zero lose less in the expanded square.
    middle = centres.mean(0)
    centres, points = centres - middle, points - middle
    edge = _radii(centres, k) + _ROUNDING * max(_norms(centres).mean(), _norms(points).mean())
    holders = np.zeros(len(points), np.int64)
    filled = np.empty(len(centres), bool)
    for rows, squares in _squares(centres, points):
        held = squares <= edge[rows, None]
        holders += np.count_nonzero(held, axis=0)
        filled[rows] = held.any(1)
    return Inside(holders, filled)


def checked_neighbours(metric: str, k: int, real: np.ndarray, fake: np.ndarray) -> list[np.ndarray]:
    """Return both sets in float64 after refusing sets in which a k-th neighbour is not near.

    Raises:
        UserError: k below 1, a set of fewer than 2 k pictures, different widths, NaN or infinity.
    """
    if k < 1:
        raise UserError(f"{metric}: the number of neighbours must be at least 1, not {k}")
    for name, rows in (("real", real), ("fake", fake)):
        if rows.ndim == 2 and len(rows) < 2 * k:
            raise UserError(
                f"{metric} with {k} neighbours among {len(rows)} {name} pictures means nothing: "
                f"it needs at least {2 * k}, twice as many pictures as neighbours"
            )
    return checked_features(metric, 2 * k, {"real": real, "fake": fake})


def error_of_share(hits: int, count: int) -> float:
    """Return the binomial standard error of hits / count, with half a picture added to either side.

    The half keeps the error of a share of 0 or 1 from being zero.
    """
    share = (hits + 0.5) / (count + 1)
    return float(np.sqrt(share * (1 - share) / (count + 1)))


def _radii(rows: np.ndarray, k: int) -> np.ndarray:
    """Return the squared distance of each row to its k-th nearest other row."""
    radii = np.empty(len(rows))
    for block, squares in _squares(rows, rows):
        squares[np.arange(len(squares)), np.arange(block.start, block.stop)] = np.inf
        squares.partition(k - 1, axis=1)
        radii[block] = squares[:, k - 1]
    return radii


def _squares(a: np.ndarray, b: np.ndarray) -> Iterator[tuple[slice, np.ndarray]]:
    """Yield the squared distances of a few rows of a at a time to all rows of b."""
    norms_a, norms_b = _norms(a), _norms(b)
    for start in range(0, len(a), _BLOCK):
        rows = slice(start, min(start + _BLOCK, len(a)))
        squares = (-2 * a[rows]) @ b.T
        squares += norms_a[rows, None]
        squares += norms_b
        yield rows, squares


def _norms(rows: np.ndarray) -> np.ndarray:
    return np.asarray(np.einsum("ij,ij->i", rows, rows))
