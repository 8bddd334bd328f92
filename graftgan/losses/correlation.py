"""Correlation consistency: which places of a picture are alike stays as it was in the source."""

import torch
from torch import Tensor
from torch.nn import functional as F

from graftgan.losses.cosine import cosines


def self_consistency(adapted: Tensor, source: Tensor, side: int = 16) -> Tensor:
    """How differently the places of a picture are related to one another than they were in the source's picture.

    Source: Xiao et al. 2022, arXiv 2203.04121, self-correlation consistency. Deviations: maps are averaged down to
    `side` instead of looked at through windows of 64 to 256 px, which only bound the memory; and averaged before they
    are normalised, so that what is compared are cosines.

    Formula: smooth L1 of C(adapted) - C(source), C_xy = cos(f(x), f(y)) over channels, for places x and y: d^2 / 2, or
    |d| - 1/2 above 1.

    Args:
        adapted: a feature map of the adapted generator (N, channels, H, W).
        source: the same of the source, for the same latents.
        side: to average larger maps down to, in places; H and W are multiples of it.

    Returns:
        Unreduced values (N, P, P) for P places; not negative.

    Example:
        >>> split, even = torch.tensor([[[[1.0, 0.0]], [[0.0, 1.0]]]]), torch.ones(1, 2, 1, 2)
        >>> (self_consistency(split, even) * 1000).round().tolist()
        [[[0.0, 500.0], [500.0, 0.0]]]
    """
    changed, kept = _places(adapted, side), _places(source, side)
    return F.smooth_l1_loss(cosines(changed, changed), cosines(kept, kept), reduction="none")


def cross_consistency(adapted: Tensor, source: Tensor, side: int = 16) -> Tensor:
    """How differently a picture's places find their like in another picture than they did in the source's two.

    Source: Xiao et al. 2022, arXiv 2203.04121, disturbance-correlation consistency. Deviation: every picture is paired
    with the next of the batch, in a ring, instead of with all others: latents are drawn alike, so the expectation is
    the same, at a cost that grows with the batch and not with its square.

    Formula: sum over y of |p_xy - q_xy|, p_xy = softmax over y of cos(f_i(x), f_{i+1}(y)), of source and adapted.

    Args:
        adapted: a feature map of the adapted generator (N, channels, H, W); in a batch of 1 a picture is its own next.
        source: the same of the source, for the same latents.
        side: to average larger maps down to, in places; H and W are multiples of it.

    Returns:
        One value a place (N, P), in [0, 2].

    Example:
        >>> same = torch.ones(2, 3, 4, 4)
        >>> cross_consistency(same, 5 * same, side=2).abs().max().item()
        0.0
    """
    return (_likeness(_places(adapted, side)) - _likeness(_places(source, side))).abs().sum(2)


def _places(maps: Tensor, side: int) -> Tensor:
    """Return one row a place, (N, P, channels)."""
    maps = maps.float() if maps.dtype in (torch.bfloat16, torch.float16) else maps
    if (factor := maps.shape[2] // side) > 1:
        maps = F.avg_pool2d(maps, factor)
    return maps.flatten(2).mT


def _likeness(places: Tensor) -> Tensor:
    """Return where in the next picture each place finds its like: probabilities (N, P, P)."""
    return cosines(places, places.roll(-1, 0)).softmax(2)
