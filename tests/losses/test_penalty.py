"""Gradient penalties: closed forms, whole-image norms, differentiability, and refusals."""

import math

import pytest
import torch
from torch import nn
from torch.autograd import gradcheck

from graftgan.losses import gradient_penalty, path_lengths, r1


@pytest.fixture
def rng():
    return torch.Generator().manual_seed(0)


def test_r1_of_a_linear_score_is_the_squared_norm_of_its_weights(rng):
    weights = torch.randn(3, 4, 5, generator=rng)
    penalty = r1(lambda images: (images * weights).sum((1, 2, 3)), torch.randn(6, 3, 4, 5, generator=rng))
    torch.testing.assert_close(penalty, weights.square().sum().expand(6))


def test_r1_of_a_quadratic_score_is_per_sample(rng):
    images = torch.randn(4, 1, 3, 3, generator=rng)
    penalty = r1(lambda images: images.square().sum((1, 2, 3)) / 2, images)
    torch.testing.assert_close(penalty, images.square().sum((1, 2, 3)))


def test_r1_differentiates_into_the_score(rng):
    images = torch.randn(2, 1, 3, 3, generator=rng, dtype=torch.float64)

    def penalty(weights):
        return r1(lambda images: torch.tanh((images * weights).sum((1, 2, 3))), images)

    weights = torch.randn(3, 3, generator=rng, dtype=torch.float64, requires_grad=True)
    assert gradcheck(penalty, (weights,))


def test_r1_leaves_images_and_their_graph_alone(rng):
    source = torch.ones(2, 1, 2, 2, requires_grad=True)
    weight = nn.Parameter(torch.tensor(2.0))
    r1(lambda images: (weight * images).sum((1, 2, 3)), source * 3).sum().backward()
    assert source.grad is None
    assert weight.grad.item() == pytest.approx(2 * 4 * 2 * 2.0)


def test_gradient_penalty_takes_the_norm_over_the_whole_image(rng):
    images = torch.randn(3, 3, 4, 4, generator=rng)
    scale = 1 / math.sqrt(48)
    # Slope 1 in all of 48 values: norm sqrt(48); a norm over one axis only would answer otherwise.
    one = gradient_penalty(lambda images: scale * images.sum((1, 2, 3)), images, -images, rng)
    torch.testing.assert_close(one, torch.zeros(3), atol=1e-10, rtol=0)
    far = gradient_penalty(lambda images: images.sum((1, 2, 3)), images, -images, rng)
    torch.testing.assert_close(far, torch.full((3,), (math.sqrt(48) - 1) ** 2))


def test_gradient_penalty_looks_between_real_and_fake(rng):
    seen = []

    def score(images):
        seen.append(images.detach())
        return images.sum((1, 2, 3))

    gradient_penalty(score, torch.zeros(500, 1, 1, 2), torch.ones(500, 1, 1, 2), rng)
    mix = seen[0]
    assert torch.equal(mix[..., 0], mix[..., 1]), "one t an image"
    assert mix.min() >= 0 and mix.max() <= 1
    assert mix.mean().item() == pytest.approx(0.5, abs=0.04) and mix.std().item() == pytest.approx(0.289, abs=0.02)


def test_gradient_penalty_is_finite_at_zero_slope(rng):
    weight = nn.Parameter(torch.tensor(0.0))
    penalty = gradient_penalty(
        lambda images: (weight * images).sum((1, 2, 3)), torch.ones(2, 1, 2, 2), torch.zeros(2, 1, 2, 2), rng
    )
    penalty.sum().backward()
    assert penalty.tolist() == [1.0, 1.0] and weight.grad.isfinite()


def test_gradient_penalty_differentiates_into_the_score():
    images = torch.randn(2, 1, 3, 3, generator=torch.Generator().manual_seed(1), dtype=torch.float64)

    def penalty(weights):
        rng = torch.Generator().manual_seed(0)
        return gradient_penalty(lambda x: torch.tanh((x * weights).sum((1, 2, 3))), images, -2 * images, rng)

    weights = torch.randn(3, 3, generator=torch.Generator().manual_seed(2), dtype=torch.float64, requires_grad=True)
    assert gradcheck(penalty, (weights,))


def test_path_lengths_of_a_linear_generator_have_the_closed_form():
    count, layers, w_dim, side = 5, 3, 4, 6
    rng = torch.Generator().manual_seed(3)
    jacobian = torch.randn(side * side, w_dim, generator=rng)
    ws = torch.randn(count, layers, w_dim, generator=rng, requires_grad=True)
    images = (ws.sum(1) @ jacobian.T).reshape(count, 1, side, side)
    lengths = path_lengths(images, ws, torch.Generator().manual_seed(0))
    direction = torch.randn(count, 1, side, side, generator=torch.Generator().manual_seed(0)) / side
    # Every layer has the same Jacobian here, so the mean over layers is the one-w length of equation 4.
    torch.testing.assert_close(lengths, (direction.reshape(count, -1) @ jacobian).norm(dim=1))


def test_path_lengths_do_not_grow_with_resolution():
    means = []
    for side in (8, 32):
        ws = torch.ones(400, 1, 1, requires_grad=True)
        images = ws.reshape(400, 1, 1, 1).expand(400, 1, side, side)
        means.append(path_lengths(images, ws, torch.Generator().manual_seed(0)).mean().item())
    # |sum of side^2 normals / side| is |N(0, 1)|, of mean sqrt(2 / pi).
    assert means == pytest.approx([math.sqrt(2 / math.pi)] * 2, abs=0.1)


def test_path_lengths_differentiate_into_the_generator():
    ws = torch.randn(2, 2, 3, generator=torch.Generator().manual_seed(1), dtype=torch.float64, requires_grad=True)

    def lengths(weights):
        images = torch.tanh(ws.sum(1) @ weights).reshape(2, 1, 2, 2)
        return path_lengths(images, ws, torch.Generator().manual_seed(0))

    weights = torch.randn(3, 4, generator=torch.Generator().manual_seed(2), dtype=torch.float64, requires_grad=True)
    assert gradcheck(lengths, (weights,))


def test_wrong_shapes_are_refused(rng):
    images = torch.zeros(2, 3, 4, 4)
    with pytest.raises(ValueError, match="N, channels, H, W"):
        r1(lambda images: images.sum(), torch.zeros(2, 3))
    with pytest.raises(ValueError, match="floats"):
        r1(lambda images: images.sum(), images.to(torch.uint8))
    with pytest.raises(ValueError, match="as many real as fake"):
        gradient_penalty(lambda images: images.sum(), images, images[:1], rng)
    with pytest.raises(ValueError, match="ws must be"):
        path_lengths(images, torch.zeros(2, 8), rng)
    with pytest.raises(ValueError, match="ws must be"):
        path_lengths(images, torch.zeros(3, 1, 8), rng)
