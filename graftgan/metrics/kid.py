"""Kernel Inception distance: unbiased at any number of pictures, so it leads where there are few."""

import numpy as np

from graftgan.metrics.measure import Measure, checked_features

# Rows of the kernel matrix at a time: bounds the memory at BLOCK x N numbers.
_BLOCK = 1024


def kid(real: np.ndarray, fake: np.ndarray) -> Measure:
    """Measure how far two sets of features are apart by the kernel Inception distance.

    Source: Binkowski et al., "Demystifying MMD GANs", 2018, arXiv 1801.01401, section 4; its error by the
    two-sample jackknife (Arvesen, 1969). Deviation: published tables average 100 random subsets of at most
    1000 pictures and state the spread of the subsets. Here every pair counts once, whatever the sizes: the
    same expectation, less variance, no random draw; and the error is the standard error of the value. Where
    the two sets come from one distribution the jackknife errs on the large side.

    Formula: mean over i != j of k(x_i, x_j) + mean over i != j of k(y_i, y_j) - 2 mean over i, j of
    k(x_i, y_j), with k(x, y) = (x.y / dim + 1)^3. It may be negative when the sets agree.

    Args:
        real: features of the reference pictures, (N, dim), N >= 2.
        fake: features of the judged pictures, (M, dim), M >= 2.

    Returns:
        The distance with its standard error (None below three pictures on a side).

    Raises:
        UserError: fewer than two pictures on a side, different widths, NaN or infinity.

    Example:
        >>> round(kid(np.array([[0.0], [1.0]]), np.array([[0.0], [1.0]])).value, 9)
        -3.5
    """
    x, y = checked_features("kid", 2, {"real": real, "fake": fake})
    n, m = len(x), len(y)
    xx, yy = _sums_within(x), _sums_within(y)
    xx -= _kernel((x * x).sum(1), x.shape[1])
    yy -= _kernel((y * y).sum(1), x.shape[1])
    xy, yx = _sums(x, y)

    def distance(sum_xx: np.ndarray, sum_yy: np.ndarray, sum_xy: np.ndarray, n: int, m: int) -> np.ndarray:
        return sum_xx / (n * (n - 1)) + sum_yy / (m * (m - 1)) - 2 * sum_xy / (n * m)

    value = distance(xx.sum(), yy.sum(), xy.sum(), n, m)
    error = None
    if min(n, m) > 2:
        # A picture that is left out takes its row and its column of the kernel matrix with it.
        without_x = distance(xx.sum() - 2 * xx, yy.sum(), xy.sum() - xy, n - 1, m)
        without_y = distance(xx.sum(), yy.sum() - 2 * yy, xy.sum() - yx, n, m - 1)
        error = float(np.sqrt((n - 1) * without_x.var() + (m - 1) * without_y.var()))
    protocol = {"metric": "kid", "real": n, "fake": m, "rule": "all pairs, unbiased", "error": "jackknife"}
    return Measure(float(value), error, protocol)


def _kernel(products: np.ndarray, dim: int) -> np.ndarray:
    products /= dim
    products += 1
    cubes = products * products
    cubes *= products
    return cubes


def _sums(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sum k(a_i, b_j) over j for each i, and over i for each j."""
    over_b, over_a = np.empty(len(a)), np.zeros(len(b))
    for start in range(0, len(a), _BLOCK):
        block = _kernel(a[start : start + _BLOCK] @ b.T, a.shape[1])
        over_b[start : start + _BLOCK] = block.sum(1)
        over_a += block.sum(0)
    return over_b, over_a


def _sums_within(a: np.ndarray) -> np.ndarray:
    """Sum k(a_i, a_j) over j for each i; each pair of blocks is met once, and counts for both."""
    sums = np.zeros(len(a))
    for start in range(0, len(a), _BLOCK):
        stop = start + _BLOCK
        block = _kernel(a[start:stop] @ a[start:].T, a.shape[1])
        sums[start:stop] += block.sum(1)
        sums[stop:] += block[:, _BLOCK:].sum(0)
    return sums
