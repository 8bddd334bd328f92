"""StyleGAN2's parts against the plain way to write each of them."""

import math

import pytest
import torch
import torch.nn.functional as F
from torch.autograd import gradcheck

from graftgan.networks.layers import (
    Conv,
    FullyConnected,
    ModulatedConv,
    ToRGB,
    draw_all,
    group_size,
    minibatch_std,
    unit_moment,
)
from graftgan.networks.resample import blur


@pytest.fixture
def rng():
    return torch.Generator().manual_seed(0)


def drawn(layer, rng):
    draw_all(layer, rng)
    return layer.double()


def randn(rng, *shape):
    return torch.randn(*shape, generator=rng, dtype=torch.float64)


@pytest.mark.parametrize("up", [False, True])
def test_modulated_convolution_equals_one_set_of_weights_per_picture(up, rng):
    layer = drawn(ModulatedConv(5, 4, 6, 8, up=up, conv_clamp=None), rng)
    with torch.no_grad():
        layer.bias.copy_(randn(rng, 4))
        layer.noise_strength.fill_(0.3)
    x, w, noise = randn(rng, 3, 5, 4 if up else 8, 4 if up else 8), randn(rng, 3, 6), randn(rng, 3, 1, 8, 8)
    expected = []
    for picture, style in zip(x, layer.affine(w), strict=True):
        weight = layer.weight * style[None, :, None, None]
        weight = weight / (weight.square().sum(dim=(1, 2, 3), keepdim=True) + 1e-8).sqrt()
        if up:
            wide = F.conv_transpose2d(picture[None], weight.transpose(0, 1), stride=2)
            expected.append(blur(wide, layer.resample_filter, padding=1, gain=4.0))
        else:
            expected.append(F.conv2d(picture[None], weight, padding=1))
    plain = torch.cat(expected) + 0.3 * noise + layer.bias[:, None, None]
    torch.testing.assert_close(layer(x, w, noise), F.leaky_relu(plain, 0.2) * math.sqrt(2))


def test_modulated_convolution_has_the_right_gradient(rng):
    layer = drawn(ModulatedConv(2, 2, 3, 4, up=True, conv_clamp=None), rng)
    assert gradcheck(
        lambda x, w: layer(x, w), (randn(rng, 2, 2, 2, 2).requires_grad_(), randn(rng, 2, 3).requires_grad_())
    )


def test_to_rgb_scales_by_style_without_demodulation(rng):
    layer = drawn(ToRGB(5, 3, 6, conv_clamp=None), rng)
    x, w = randn(rng, 2, 5, 4, 4), randn(rng, 2, 6)
    style = layer.affine(w) / math.sqrt(5)
    torch.testing.assert_close(layer(x, w), torch.einsum("oi,ni,nihw->nohw", layer.weight[:, :, 0, 0], style, x))


@pytest.mark.parametrize("size", [1, 3])
@pytest.mark.parametrize("down", [False, True])
def test_convolution_applies_gain_and_clamp_after_its_activation(size, down, rng):
    layer = drawn(Conv(3, 4, size, down=down, gain=0.5, conv_clamp=0.4), rng)
    with torch.no_grad():
        layer.bias.copy_(randn(rng, 4))
    x = randn(rng, 2, 3, 8, 8)
    weight = layer.weight / math.sqrt(3 * size * size)
    seen = blur(x, layer.resample_filter, padding=1 + size // 2) if down else x
    plain = F.conv2d(seen, weight, layer.bias, stride=2 if down else 1, padding=0 if down else size // 2)
    expected = (F.leaky_relu(plain, 0.2) * math.sqrt(2) * 0.5).clamp(-0.2, 0.2)
    assert (expected.abs() == 0.2).any() and (expected.abs() < 0.2).any()
    torch.testing.assert_close(layer(x), expected)


def test_fully_connected_has_equalised_learning_rate(rng):
    layer = FullyConnected(16, 2000, lr_mult=0.01, bias_init=1.0)
    draw_all(layer, rng)
    assert layer.weight.std().item() == pytest.approx(100, rel=0.02)
    x = torch.randn(3, 16, generator=rng)
    torch.testing.assert_close(layer(x), x @ layer.weight.t() * 0.01 / 4 + 0.01)


def test_unit_moment(rng):
    torch.testing.assert_close(unit_moment(randn(rng, 3, 64)).square().mean(dim=1), torch.ones(3, dtype=torch.float64))


@pytest.mark.parametrize(("batch", "group", "size"), [(8, 4, 4), (6, 4, 3), (7, 4, 1), (2, 4, 2), (1, 4, 1)])
def test_minibatch_deviation_of_any_batch_size(batch, group, size, rng):
    assert group_size(batch, group) == size
    x = randn(rng, batch, 3, 4, 4)
    seen = minibatch_std(x, group)
    assert torch.equal(seen[:, :3], x)
    groups = batch // size
    for index in range(batch):
        mates = x[index % groups :: groups]
        assert len(mates) == size
        spread = (mates.var(dim=0, correction=0) + 1e-8).sqrt().mean()
        torch.testing.assert_close(seen[index, 3], spread.expand(4, 4))
