"""Correlation consistency within and between pictures: values by hand, what it is blind to, gradients."""

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch.autograd import gradcheck

from graftgan.losses.correlation import cross_consistency, self_consistency


def maps(seed: int, *shape: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_self_consistency_by_hand() -> None:
    # Two places: alike in the source, opposite in the adapted one. d = 2 is beyond 1: 2 - 1/2.
    source = torch.ones(1, 1, 1, 2)
    adapted = torch.tensor([[[[1.0, -3.0]]]])
    assert self_consistency(adapted, source).tolist() == [[[0.0, 1.5], [1.5, 0.0]]]


def test_cross_consistency_by_hand() -> None:
    # Two pictures of two places. Source: alike everywhere, so each place finds its like with 1/2 and 1/2.
    source = torch.ones(2, 2, 1, 2, dtype=torch.float64)
    # Adapted: left is direction 0, right is direction 1, in both pictures: cosines 1 and 0.
    adapted = torch.tensor([[[1.0, 0.0]], [[0.0, 1.0]]], dtype=torch.float64).expand(2, 2, 1, 2)
    p = math.e / (math.e + 1)
    assert cross_consistency(adapted, source).flatten().tolist() == pytest.approx([2 * (p - 0.5)] * 4)


def test_a_picture_is_paired_with_the_next_in_a_ring() -> None:
    source = maps(0, 3, 2, 2, 2)
    adapted = source.clone()
    adapted[2] = maps(1, 2, 2, 2)
    changed = cross_consistency(adapted, source).sum(1) > 1e-6
    assert changed.tolist() == [False, True, True]  # 0 looks at 1; 1 looks at 2; 2 looks at 0


@pytest.mark.parametrize("loss", [self_consistency, cross_consistency])
def test_strength_and_common_turns_of_the_features_do_not_count(loss: Callable[..., Tensor]) -> None:
    source = maps(2, 3, 4, 4, 4)
    turn = torch.linalg.qr(maps(3, 4, 4))[0]
    turned = 5 * torch.einsum("cd,ndhw->nchw", turn, source)
    assert loss(turned, source, 2).abs().max() < 1e-6
    assert loss(source.flip(1) + source, source, 2).abs().max() > 1e-2


@pytest.mark.parametrize("loss", [self_consistency, cross_consistency])
def test_larger_maps_are_averaged_down(loss: Callable[..., Tensor]) -> None:
    one, other = maps(4, 2, 3, 2, 2), maps(5, 2, 3, 2, 2)
    large = [m.repeat_interleave(4, 2).repeat_interleave(4, 3) for m in (one, other)]
    torch.testing.assert_close(loss(*large, 2), loss(one, other, 16))


@pytest.mark.parametrize("loss", [self_consistency, cross_consistency])
def test_gradient(loss: Callable[..., Tensor]) -> None:
    adapted = maps(6, 2, 3, 4, 4).requires_grad_()
    assert gradcheck(lambda x: loss(x, maps(7, 2, 3, 4, 4), 2), (adapted,))
