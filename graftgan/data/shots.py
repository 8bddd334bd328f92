"""Which of a set's pictures are the shots that adaptation may see."""

import numpy as np

from graftgan.errors import UserError


def choose_shots(count: int, shots: int, seed: int) -> np.ndarray:
    """Draw `shots` of `count` pictures without repeating one.

    The choice is nested: with the same count and seed, fewer shots are a part of more shots, so that runs
    with 5 and 10 shots compare.

    Args:
        count: pictures there are.
        shots: pictures wanted, 1 to `count`.
        seed: any whole number; the same seed gives the same choice.

    Returns:
        int64 (shots,), sorted positions.

    Raises:
        UserError: `shots` is not within 1 to `count`.

    Example:
        >>> choose_shots(5, 5, seed=0).tolist()
        [0, 1, 2, 3, 4]
    """
    if not 1 <= shots <= count:
        raise UserError(f"--shots {shots}: there are {count} pictures, expected 1 to {count}")
    order = np.random.default_rng((seed % 2**64, 0x5407)).permutation(count)
    return np.sort(order[:shots]).astype(np.int64)
