"""Precision and recall: are the pictures such as could be real, and is every kind of real picture among them?"""

import numpy as np

from graftgan.metrics.measure import Measure
from graftgan.metrics.neighbours import checked_neighbours, error_of_share, inside

NEIGHBOURS = 3


def precision(real: np.ndarray, fake: np.ndarray, k: int = NEIGHBOURS) -> Measure:
    """Measure the share of judged pictures that lie where real pictures lie.

    Source: Kynkaanniemi et al., "Improved Precision and Recall Metric for Assessing Generative Models", 2019,
    arXiv 1904.06991, section 3. One real picture far from the others has a large ball: where there is such a one,
    `density` is steadier.

    Formula: share of y_j with |y_j - x_i| <= r_i for some i, where r_i is the distance of the real x_i to its k-th
    nearest real neighbour.

    Args:
        real: features of the reference pictures, (N, dim), N >= 2 k.
        fake: features of the judged pictures, (M, dim), M >= 2 k.
        k: neighbours, 3 as published.

    Returns:
        The share in [0, 1], with the binomial error over the judged pictures (the balls taken as given).

    Raises:
        UserError: too few pictures on a side, different widths, NaN or infinity.

    Example:
        >>> line = np.arange(8.0).reshape(8, 1)
        >>> precision(line, line + 6).value
        0.625
    """
    x, y = checked_neighbours("precision", k, real, fake)
    hits = int(np.count_nonzero(inside(x, k, y).holders))
    return _share("precision", hits, len(y), k, {"real": len(x), "fake": len(y)})


def recall(real: np.ndarray, fake: np.ndarray, k: int = NEIGHBOURS) -> Measure:
    """Measure the share of real pictures that lie where judged pictures lie.

    Source and formula: as `precision`, with real and judged pictures changing places. A generator that has lost a mode
    loses recall, and keeps precision.

    Args:
        real: features of the reference pictures, (N, dim), N >= 2 k.
        fake: features of the judged pictures, (M, dim), M >= 2 k.
        k: neighbours, 3 as published.

    Returns:
        The share in [0, 1] in steps of 1 / N, with the binomial error over the real pictures (the balls taken as
        given).

    Raises:
        UserError: too few pictures on a side, different widths, NaN or infinity.

    Example:
        >>> line = np.arange(8.0).reshape(8, 1)
        >>> recall(line, line[:6] / 100).value
        0.125
    """
    x, y = checked_neighbours("recall", k, real, fake)
    hits = int(np.count_nonzero(inside(y, k, x).holders))
    return _share("recall", hits, len(x), k, {"real": len(x), "fake": len(y)})


def _share(metric: str, hits: int, count: int, k: int, sizes: dict[str, int]) -> Measure:
    rule = f"inside a ball that reaches to the neighbour number {k}"
    protocol = {"metric": metric, **sizes, "neighbours": k, "rule": rule, "error": "binomial, balls as given"}
    return Measure(hits / count, error_of_share(hits, count), protocol)
