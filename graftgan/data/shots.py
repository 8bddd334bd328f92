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


def choose_draw(count: int, shots: int, draw: int) -> np.ndarray:
    """One of the draws that runs are repeated over: the same for every seed of a run, and apart while pictures last.

    The pictures are shuffled once and handed out `shots` at a time, so the first `count // shots` draws share no
    picture; then they are shuffled anew, and later draws share some with earlier ones.

    Args:
        count: pictures there are.
        shots: pictures of a draw, 1 to `count`.
        draw: which draw, from 1.

    Returns:
        int64 (shots,), sorted positions.

    Raises:
        UserError: `shots` is not within 1 to `count`, or `draw` is below 1.

    Example:
        >>> sorted([*choose_draw(4, 2, 1).tolist(), *choose_draw(4, 2, 2).tolist()])
        [0, 1, 2, 3]
    """
    if not 1 <= shots <= count:
        raise UserError(f"--shots {shots}: there are {count} pictures, expected 1 to {count}")
    if draw < 1:
        raise UserError(f"--draw {draw}: draws are counted from 1")
    shuffle, place = divmod(draw - 1, count // shots)
    order = np.random.default_rng((shuffle, 0xD4A3)).permutation(count)
    return np.sort(order[place * shots : (place + 1) * shots]).astype(np.int64)
