"""Cosine similarities between features, in full precision also where a run trains in half of it."""

import torch
from torch import Tensor

FLOOR = 1e-2


def cosines(one: Tensor, other: Tensor) -> Tensor:
    """Cosine of the angle between every row of one and every row of the other.

    Half precision is left, autocast's too: similarities of feature maps differ in the third digit, which is all that
    bfloat16 has. A row shorter than 0.01 is divided by that instead of by its length, as a rectified feature may be
    zero, where the direction has no slope.

    Formula: a.b / (max(|a|, 0.01) max(|b|, 0.01)).

    Args:
        one: rows (..., N, D).
        other: rows (..., M, D).

    Returns:
        (..., N, M), in [-1, 1].

    Example:
        >>> cosines(torch.tensor([[3.0, 4.0]]), torch.tensor([[2.0, 0.0], [0.0, 1.0], [0.0, 0.0]])).tolist()
        [[0.6000000238418579, 0.800000011920929, 0.0]]
    """
    with torch.autocast(one.device.type, enabled=False):
        return _unit(one) @ _unit(other).mT


def _unit(rows: Tensor) -> Tensor:
    rows = rows.float() if rows.dtype in (torch.bfloat16, torch.float16) else rows
    return rows / torch.linalg.vector_norm(rows, dim=-1, keepdim=True).clamp_min(FLOOR)
