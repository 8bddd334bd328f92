"""Colours of the adaptive augmentation: the matrices' structure and statistics, grey, derivatives, refusals."""

import math

import pytest
import torch
from torch.autograd import gradcheck, gradgradcheck

from graftgan.augment.colour import draw_colours, recolour

ONE, ZERO = torch.tensor(1.0), torch.tensor(0.0)
LUMA = torch.full((3,), 1 / math.sqrt(3))


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


def pictures(count=3, channels=3, height=4, width=5, dtype=torch.float32):
    return torch.rand(count, channels, height, width, generator=rng(9), dtype=dtype) * 2 - 1


@pytest.mark.parametrize("channels", [1, 3])
def test_no_probability_is_exactly_no_change(channels):
    matrices = draw_colours(3, ZERO, rng())
    assert torch.equal(matrices, torch.eye(4).repeat(3, 1, 1))
    images = pictures(channels=channels)
    assert torch.equal(recolour(images, matrices), images)


def test_recolour_is_the_matrix_at_every_pixel():
    images, matrices = pictures(), draw_colours(3, ONE, rng())
    pixel = torch.cat([images[1, :, 2, 3], torch.ones(1)])
    torch.testing.assert_close(recolour(images, matrices)[1, :, 2, 3], (matrices[1] @ pixel)[:3])


def test_grey_is_three_equal_channels_averaged():
    grey, matrices = pictures(channels=1), draw_colours(3, ONE, rng())
    in_colour = recolour(grey.expand(-1, 3, -1, -1), matrices).mean(1, keepdim=True)
    torch.testing.assert_close(recolour(grey, matrices), in_colour)


def test_matrices_at_full_strength_have_their_statistics():
    matrices = draw_colours(20000, ONE, rng())
    assert torch.equal(matrices[:, 3], torch.tensor([0.0, 0.0, 0.0, 1.0]).expand(20000, 4))
    linear, offset = matrices[:, :3, :3], matrices[:, :3, 3]
    along = linear @ LUMA
    # Grey stays grey: luma goes to luma, times contrast and a sign.
    signed = along @ LUMA
    torch.testing.assert_close(along, signed[:, None] * LUMA, atol=1e-4, rtol=1e-4)
    assert (signed < 0).float().mean().item() == pytest.approx(0.5, abs=0.015), "luma mirrored by a fair coin"
    octaves = torch.log2(signed.abs())
    assert octaves.mean().abs() < 0.015 and octaves.std().item() == pytest.approx(0.5, abs=0.015)
    brightness = offset.mean(1) / signed
    assert brightness.mean().abs() < 0.01 and brightness.std().item() == pytest.approx(0.2, abs=0.01)
    # Across luma: a turn by the hue, scaled by contrast and saturation.
    red = torch.tensor([2.0, -1.0, -1.0]) / math.sqrt(6)
    side = torch.linalg.cross(LUMA, red)
    image = linear @ red
    hue = torch.atan2(image @ side, image @ red)
    assert hue.cos().mean().abs() < 0.03 and hue.sin().mean().abs() < 0.03 and hue.abs().max() > 3.1
    assert (image @ LUMA).abs().max() < 1e-3
    saturation = torch.log2(image.norm(dim=1)) - octaves
    assert saturation.mean().abs() < 0.03 and saturation.std().item() == pytest.approx(1, abs=0.03)


def test_each_happens_with_probability_p():
    matrices = draw_colours(20000, torch.tensor(0.4), rng())
    bright = (matrices[:, :3, 3].abs().sum(1) > 0).float().mean()
    assert bright.item() == pytest.approx(0.4, abs=0.015)
    untouched = (matrices == torch.eye(4)).all(2).all(1).float().mean()
    # Nothing of brightness, contrast, hue, saturation, and no mirror (p times a fair coin).
    assert untouched.item() == pytest.approx(0.6**4 * 0.8, abs=0.015)


@pytest.mark.parametrize("channels", [1, 3])
def test_derivatives_of_both_orders(channels):
    images = pictures(2, channels, 3, 2, torch.float64).requires_grad_()
    matrices = draw_colours(2, ONE, rng())
    assert gradcheck(lambda x: recolour(x, matrices), (images,))
    assert gradgradcheck(lambda x: recolour(x, matrices).square(), (images,))


def test_layout_is_kept():
    images, matrices = pictures().to(memory_format=torch.channels_last), draw_colours(3, ONE, rng())
    out = recolour(images, matrices)
    assert out.is_contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(out, recolour(images.contiguous(), matrices))


def test_wrong_shapes_are_refused():
    with pytest.raises(ValueError, match="images must be floats"):
        recolour(torch.zeros(2, 2, 4, 4), torch.eye(4).repeat(2, 1, 1))
    with pytest.raises(ValueError, match="4 x 4 matrix"):
        recolour(torch.zeros(2, 3, 4, 4), torch.eye(4)[None])
