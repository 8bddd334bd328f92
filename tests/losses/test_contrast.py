"""Contrast: values by hand, against a loop, gradients."""

import math

import pytest
import torch
from torch import Tensor
from torch.autograd import gradcheck

from graftgan.losses.contrast import contrast, paired_contrast


def rows(seed: int, *shape: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_contrast_by_hand() -> None:
    anchor = torch.tensor([[2.0, 0.0], [0.0, 1.0]], dtype=torch.float64)
    positive = torch.tensor([[3.0, 4.0], [0.0, 5.0]], dtype=torch.float64)  # cosines 3/5 and 1
    negative = torch.tensor([[7.0, 0.0]], dtype=torch.float64)  # cosines 1 and 0
    expected = [-math.log(math.exp(1.2) / (math.exp(1.2) + math.exp(2))), -math.log(math.exp(2) / (math.exp(2) + 1))]
    assert contrast(anchor, positive, negative, 0.5).tolist() == pytest.approx(expected)


def test_paired_contrast_is_contrast_with_the_other_sources() -> None:
    adapted, source = rows(0, 4, 2, 3), rows(1, 4, 2, 3)
    for i, value in enumerate(paired_contrast(adapted, source, 0.2)):
        others = torch.cat([source[:i], source[i + 1 :]])
        torch.testing.assert_close(value, contrast(adapted[i : i + 1], source[i : i + 1], others, 0.2)[0])


def test_only_directions_count() -> None:
    a, p, n = rows(2, 3, 4), rows(3, 3, 4), rows(4, 2, 4)
    torch.testing.assert_close(contrast(5 * a, 2 * p, 3 * n), contrast(a, p, n))


def test_a_single_picture_has_no_strangers() -> None:
    assert paired_contrast(rows(5, 1, 4), rows(6, 1, 4)).item() == 0.0


def test_gradients() -> None:
    a, p, n = (rows(seed, 3, 4).requires_grad_() for seed in (7, 8, 9))
    assert gradcheck(lambda *x: contrast(*x, 0.5), (a, p, n))
    assert gradcheck(lambda *x: paired_contrast(*x, 0.5), (a, p))
