"""Heads of feature maps: drawn at the scale that keeps variance, normalised by the true spectral norm."""

import pytest
import torch
from torch.nn import functional as F

from graftgan.networks.heads import MapHead, SpectralConv, drawn_conv


def rng() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def test_weights_have_the_published_scale_and_come_from_the_generator_alone() -> None:
    before = torch.get_rng_state()
    one, same = (drawn_conv(64, 128, 3, rng()) for _ in range(2))
    assert torch.equal(before, torch.get_rng_state()) and torch.equal(one.weight, same.weight)
    assert one.weight.std().item() == pytest.approx((2 / (64 * 9)) ** 0.5, rel=0.02)
    assert one.bias is not None and not one.bias.any()


def test_the_weight_is_divided_by_its_largest_singular_value() -> None:
    conv = drawn_conv(3, 5, 3, rng(), normalised=True)
    assert isinstance(conv, SpectralConv) and conv.bias is not None
    for _ in range(200):
        conv.iterate()
    x = torch.randn(2, 3, 6, 6, generator=rng())
    sigma = torch.linalg.matrix_norm(conv.weight.flatten(1), ord=2)
    torch.testing.assert_close(conv(x), F.conv2d(x, conv.weight / sigma, conv.bias, padding=1))


def test_singular_vectors_move_while_training_only() -> None:
    conv = drawn_conv(3, 5, 3, rng(), normalised=True)
    assert isinstance(conv, SpectralConv)
    with torch.no_grad():
        conv.weight[0] *= 3
    before, x = conv.left.clone(), torch.zeros(1, 3, 4, 4)
    conv.eval()(x)
    assert torch.equal(before, conv.left)
    conv.train()(x)
    assert not torch.equal(before, conv.left)


def test_two_passes_before_one_gradient_do_not_disturb_each_other() -> None:
    conv = drawn_conv(2, 2, 1, rng(), normalised=True)
    with torch.no_grad():
        conv.weight[0] *= 3
    first = conv(torch.ones(1, 2, 1, 1))
    conv(torch.ones(1, 2, 1, 1))
    first.sum().backward()  # would raise if the second pass had written into what the first needs
    assert conv.weight.grad is not None and conv.weight.grad.any()


@pytest.mark.parametrize(("side", "expected"), [(32, 4), (8, 4), (4, 4), (2, 2), (1, 1)])
@pytest.mark.parametrize("normalised", [False, True])
def test_a_map_becomes_a_field_of_at_most_four_by_four(side: int, expected: int, normalised: bool) -> None:
    head = MapHead(6, side, 8, rng(), normalised=normalised)
    assert head(torch.zeros(2, 6, side, side)).shape == (2, 1, expected, expected)
