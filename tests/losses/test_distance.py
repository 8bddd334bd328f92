"""Distance consistency: a value by hand, zero where relations are kept, direction, size, gradient, precision."""

import math

import pytest
import torch
from torch import Tensor
from torch.autograd import gradcheck

from graftgan.losses.cosine import cosines
from graftgan.losses.distance import DIRECTIONS, distance_consistency


def features(seed: int, *shape: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_three_pictures_by_hand() -> None:
    # Source: picture 0 is like 1 (cosine 1) and unlike 2 (cosine 0). Adapted: as like to one as to the other.
    source = torch.tensor([[1.0, 0.0], [2.0, 0.0], [0.0, 1.0]], dtype=torch.float64)
    adapted = torch.eye(3, dtype=torch.float64)
    p = math.e / (math.e + 1)
    bits = p * math.log(p / 0.5) + (1 - p) * math.log((1 - p) / 0.5)
    # Picture 2 is equally unlike both others before and after.
    assert distance_consistency(adapted, source).tolist() == pytest.approx([bits, bits, 0.0])
    back = 0.5 * math.log(0.5 / p) + 0.5 * math.log(0.5 / (1 - p))
    assert distance_consistency(adapted, source, "adapted-source").tolist() == pytest.approx([back, back, 0.0])


def test_it_is_zero_where_all_pictures_turned_alike_and_not_where_one_did() -> None:
    source = features(0, 5, 2, 3)
    turn = torch.linalg.qr(features(1, 6, 6))[0]
    turned = (source.flatten(1) @ turn * 3).view(5, 2, 3)
    torch.testing.assert_close(distance_consistency(turned, source), torch.zeros(5, dtype=torch.float64))
    turned[0] = -turned[0]
    assert (distance_consistency(turned, source) > 1e-4).all()


def test_it_is_half_the_variance_of_small_changes_whatever_the_batch() -> None:
    for count in (4, 32):
        source = features(2, count, 500)
        adapted = source + 0.05 * features(3, count, 500)
        before, change = cosines(source, source), cosines(adapted, adapted) - cosines(source, source)
        for i, value in enumerate(distance_consistency(adapted, source)):
            others = [j for j in range(count) if j != i]
            share = before[i, others].softmax(0)
            variance = (share * change[i, others].square()).sum() - (share * change[i, others]).sum().square()
            assert value.item() == pytest.approx(variance.item() / 2, rel=0.05)


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_gradient(direction: str) -> None:
    adapted = features(4, 4, 2, 3).requires_grad_()
    assert gradcheck(lambda x: distance_consistency(x, features(5, 4, 2, 3), direction), (adapted,))


@pytest.mark.parametrize("count", [1, 2])
def test_a_batch_without_relations_says_nothing(count: int) -> None:
    assert distance_consistency(features(6, count, 3), features(7, count, 3)).tolist() == [0.0] * count


def test_autocast_does_not_halve_the_similarities() -> None:
    adapted, source = features(8, 6, 40).float() + 3, features(9, 6, 40).float() + 3
    full = distance_consistency(adapted, source)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(distance_consistency(adapted, source), full)


def test_a_dead_row_has_no_steep_slope() -> None:
    rows = torch.zeros(1, 3, requires_grad=True)
    (gradient,) = torch.autograd.grad(cosines(rows, torch.eye(3)).sum(), rows)
    assert gradient.tolist() == [[100.0] * 3]
