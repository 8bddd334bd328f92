"""Random draws that do not depend on the order in which the pictures came."""

import numpy as np


def shuffled(rows: np.ndarray, seed: int) -> np.ndarray:
    """Return the order of a seeded shuffle of a set: the same pictures in any order are shuffled into one order.

    The rows are first put in order by their shadow on a random direction, which is shared only by equal rows.

    Args:
        rows: (N, dim), finite.
        seed: of the shuffle.

    Returns:
        Indices, int64 (N,).

    Example:
        >>> rows = np.arange(6.0).reshape(6, 1)
        >>> (rows[shuffled(rows, 0)] == rows[::-1][shuffled(rows[::-1], 0)]).all()
        np.True_
    """
    rng = np.random.default_rng(seed)
    return np.argsort(rows @ rng.normal(size=rows.shape[1]), kind="stable")[rng.permutation(len(rows))]
