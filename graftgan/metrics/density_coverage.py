"""Density and coverage: precision and recall that one odd picture does not decide."""

import numpy as np

from graftgan.metrics.measure import Measure
from graftgan.metrics.neighbours import checked_neighbours, error_of_share, inside

NEIGHBOURS = 5


def density(real: np.ndarray, fake: np.ndarray, k: int = NEIGHBOURS) -> Measure:
    """Measure how densely real pictures lie around the judged ones.

    Source: Naeem et al., "Reliable Fidelity and Diversity Metrics for Generative Models", 2020, arXiv 2002.09797,
    equation 4. Its expectation is 1 where both sets come from one distribution, and it may exceed 1: then the judged
    pictures crowd where real ones are densest. A picture on the edge of a ball counts (it does not in the authors'
    code), which shows only where pictures are equal.

    Formula: 1 / (k M) sum over i, j of [|y_j - x_i| <= r_i], with r_i the distance of the real x_i to its k-th nearest
    real neighbour.

    Args:
        real: features of the reference pictures, (N, dim), N >= 2 k.
        fake: features of the judged pictures, (M, dim), M >= 2 k.
        k: neighbours, 5 as published.

    Returns:
        The density (at least 0), with the standard error over the judged pictures (the balls taken as given).

    Raises:
        UserError: too few pictures on a side, different widths, NaN or infinity.

    Example:
        >>> line = np.arange(12.0).reshape(12, 1)
        >>> density(line, line + 100).value
        0.0
    """
    x, y = checked_neighbours("density", k, real, fake)
    holders = inside(x, k, y).holders / k
    protocol = _protocol("density", k, len(x), len(y), "standard error of the mean, balls as given")
    return Measure(float(holders.mean()), float(holders.std(ddof=1) / np.sqrt(len(y))), protocol)


def coverage(real: np.ndarray, fake: np.ndarray, k: int = NEIGHBOURS) -> Measure:
    """Measure the share of real pictures that have a judged picture in their neighbourhood.

    Source: Naeem et al., 2020, arXiv 2002.09797, equation 5. Unlike `recall` it draws its balls around real pictures,
    so no odd judged picture can cover them all. It grows with the number of judged pictures: where both sets come from
    one distribution its expectation is 1 - product over a = 1..k of (N - a) / (M + N - a).

    Formula: share of x_i with |y_j - x_i| <= r_i for some j, r_i as in `density`.

    Args:
        real: features of the reference pictures, (N, dim), N >= 2 k.
        fake: features of the judged pictures, (M, dim), M >= 2 k.
        k: neighbours, 5 as published.

    Returns:
        The share in [0, 1] in steps of 1 / N, with the binomial error over the real pictures; "expected" in the
        protocol is what pictures of the very same distribution would reach.

    Raises:
        UserError: too few pictures on a side, different widths, NaN or infinity.

    Example:
        >>> line = np.arange(12.0).reshape(12, 1)
        >>> coverage(line, np.full((10, 1), 11.0)).value
        0.3333333333333333
    """
    x, y = checked_neighbours("coverage", k, real, fake)
    n, m = len(x), len(y)
    hits = int(np.count_nonzero(inside(x, k, y).filled))
    steps = np.arange(1, k + 1)
    expected = 1 - float(np.prod((n - steps) / (m + n - steps)))
    protocol = {**_protocol("coverage", k, n, m, "binomial, balls as given"), "expected": expected}
    return Measure(hits / n, error_of_share(hits, n), protocol)


def _protocol(metric: str, k: int, real: int, fake: int, error: str) -> dict[str, str | int | float]:
    rule = f"inside a real picture's ball, which reaches to its real neighbour number {k}"
    return {"metric": metric, "real": real, "fake": fake, "neighbours": k, "rule": rule, "error": error}
