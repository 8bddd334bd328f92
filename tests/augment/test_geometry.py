"""Geometry of the adaptive augmentation: exact copies, statistics of the draws, derivatives, and refusals."""

import math

import pytest
import torch
from torch.autograd import gradcheck, gradgradcheck

from graftgan.augment.draws import compose, gated
from graftgan.augment.geometry import draw_blits, draw_warps, warp

ONE, HALF, ZERO = (torch.tensor(p) for p in (1.0, 0.5, 0.0))


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


def pictures(count=2, channels=3, height=8, width=8, dtype=torch.float32):
    return torch.rand(count, channels, height, width, generator=rng(9), dtype=dtype) * 2 - 1


def matrix(*rows):
    return torch.tensor([[*rows, [0.0, 0.0, 1.0]]])


def turned(angle):
    return matrix([math.cos(angle), -math.sin(angle), 0.0], [math.sin(angle), math.cos(angle), 0.0])


@pytest.mark.parametrize("size", [(8, 8), (7, 7), (6, 11), (63, 64), (2, 2)])
def test_identity_is_exact(size):
    images = pictures(2, 3, *size)
    assert torch.equal(warp(images, torch.eye(3).repeat(2, 1, 1)), images)
    for draw in (draw_blits, draw_warps):
        assert torch.equal(draw(2, size, ZERO, rng()), torch.eye(3).repeat(2, 1, 1))


@pytest.mark.parametrize("side", [7, 8, 64])
def test_flips_turns_and_whole_moves_are_exact(side):
    images = pictures(1, 3, side, side)
    assert torch.equal(warp(images, matrix([-1.0, 0.0, 0.0], [0.0, 1.0, 0.0])), images.flip(3))
    quarter = warp(images, matrix([0.0, 1.0, 0.0], [-1.0, 0.0, 0.0]))
    assert torch.equal(quarter, images.rot90(-1, (2, 3)))
    moved = warp(images, matrix([1.0, 0.0, -2.0], [0.0, 1.0, 1.0]))
    assert torch.equal(moved[:, :, :-1, 2:], images[:, :, 1:, :-2])
    assert torch.equal(moved[:, :, :-1, :2], images[:, :, 1:, 1:3].flip(3)), "mirrored about the border pixel"


def test_outside_is_mirrored_again_and_again():
    ramp = torch.arange(4.0).reshape(1, 1, 1, 4).expand(1, 1, 2, 4)
    out = warp(ramp, matrix([1.0, 0.0, 7.0], [0.0, 1.0, 0.0]))
    # Positions 7..10 in the sequence 0 1 2 3 2 1 | 0 1 2 3 2 1 ...
    assert out[0, 0, 0].tolist() == [1.0, 2.0, 3.0, 2.0]


def test_between_pixels_is_bilinear():
    images = pictures(1, 1, 5, 5)
    out = warp(images, matrix([1.0, 0.0, 0.25], [0.0, 1.0, 0.5]))[0, 0, :-1, :-1]
    image = images[0, 0]
    upper, lower = (0.75 * rows[:, :-1] + 0.25 * rows[:, 1:] for rows in (image[:-1], image[1:]))
    torch.testing.assert_close(out, (upper + lower) / 2)


def test_a_plane_is_read_exactly_at_any_turn():
    y, x = torch.meshgrid(torch.arange(9.0) - 4, torch.arange(9.0) - 4, indexing="ij")
    out = warp((2 * x - y)[None, None], turned(0.3) @ torch.diag(torch.tensor([0.6, 0.6, 1.0])))
    from_x = 0.6 * (math.cos(0.3) * x - math.sin(0.3) * y)
    from_y = 0.6 * (math.sin(0.3) * x + math.cos(0.3) * y)
    torch.testing.assert_close(out[0, 0], 2 * from_x - from_y)


def test_values_stay_within_those_of_the_image():
    images = pictures(64, 1, 16, 16)
    out = warp(images, draw_warps(64, (16, 16), ONE, rng()))
    assert out.isfinite().all() and out.abs().max() <= images.abs().max() + 1e-6


def test_blits_at_full_strength_have_their_statistics():
    pull = draw_blits(8000, (64, 32), ONE, rng())
    linear, offset = pull[:, :2, :2], pull[:, :2, 2]
    kinds, counts = linear.flatten(1).unique(dim=0, return_counts=True)
    assert len(kinds) == 8 and set(kinds.abs().flatten().tolist()) == {0.0, 1.0}, "mirrors and quarter turns only"
    assert (counts / 8000 - 1 / 8).abs().max() < 0.015
    assert torch.equal(offset, offset.round()), "whole pixels"
    moved = -(torch.linalg.inv(linear) @ offset[..., None])[..., 0]
    assert set(moved[:, 0].int().tolist()) == set(range(-4, 5)), "width 32: up to 4"
    assert set(moved[:, 1].int().tolist()) == set(range(-8, 9)), "height 64: up to 8"


def test_warps_at_full_strength_have_their_statistics():
    pull = draw_warps(20000, (64, 64), ONE, rng())
    linear = pull[:, :2, :2]
    octaves = torch.log2(torch.linalg.det(linear)) / 2
    assert octaves.mean().abs() < 0.01 and octaves.std().item() == pytest.approx(0.2, abs=0.01)
    largest, smallest = torch.linalg.svdvals(linear).unbind(1)
    stretch = torch.log2(largest / smallest) / 2
    assert stretch.square().mean().sqrt().item() == pytest.approx(0.2, abs=0.01)
    angle = torch.atan2(linear[:, 1, 0] - linear[:, 0, 1], linear[:, 0, 0] + linear[:, 1, 1])
    assert angle.cos().mean().abs() < 0.03 and angle.sin().mean().abs() < 0.03
    assert (angle > 3).any() and (angle < -3).any()
    moved = -(torch.linalg.inv(linear) @ pull[:, :2, 2:])[..., 0]
    assert moved.std(0).tolist() == pytest.approx([8.0, 8.0], rel=0.03)


def test_each_happens_with_probability_p():
    blits, warps = draw_blits(20000, (64, 64), HALF, rng()), draw_warps(20000, (64, 64), HALF, rng(1))
    mirrored = (torch.linalg.det(blits[:, :2, :2]) < 0).float().mean()
    assert mirrored.item() == pytest.approx(0.25, abs=0.015), "p times a fair coin"
    scaled = ((torch.linalg.det(warps[:, :2, :2]) - 1).abs() > 1e-5).float().mean()
    assert scaled.item() == pytest.approx(0.5, abs=0.015)
    turned_at_all = (warps[:, :2, :2] - torch.diag_embed(warps[:, :2, :2].diagonal(dim1=1, dim2=2))).abs().sum((1, 2))
    assert (turned_at_all > 0).float().mean().item() == pytest.approx(0.5, abs=0.015), "either rotation: p"


def test_gate_holds_whole_rows():
    kept = gated(torch.ones(20000, 2), torch.tensor(0.3), rng())
    assert torch.equal(kept[:, 0], kept[:, 1])
    assert kept.mean().item() == pytest.approx(0.3, abs=0.01)
    assert gated(torch.ones(100), ONE, rng()).all() and not gated(torch.ones(100), ZERO, rng()).any()


def test_compose_is_the_matrix_product():
    a, b = torch.randn(2, 5, 3, 3, generator=rng())
    torch.testing.assert_close(compose(a, b), a @ b)


@pytest.mark.parametrize("channels", [1, 3])
def test_derivatives_of_both_orders(channels):
    images = pictures(2, channels, 5, 4, torch.float64).requires_grad_()
    pull = draw_warps(2, (5, 4), ONE, rng())
    assert gradcheck(lambda x: warp(x, pull), (images,))
    assert gradgradcheck(lambda x: warp(x, pull).square(), (images,))


def test_layout_is_kept():
    images = pictures().to(memory_format=torch.channels_last)
    pull = draw_warps(2, (8, 8), ONE, rng())
    out = warp(images, pull)
    assert out.is_contiguous(memory_format=torch.channels_last)
    assert torch.equal(out, warp(images.contiguous(), pull))


def test_wrong_shapes_are_refused():
    with pytest.raises(ValueError, match="images must be floats"):
        warp(torch.zeros(3, 8, 8), torch.eye(3)[None])
    with pytest.raises(ValueError, match="2 x 2 pixels"):
        warp(torch.zeros(1, 3, 1, 8), torch.eye(3)[None])
    with pytest.raises(ValueError, match="3 x 3 matrix"):
        warp(torch.zeros(2, 3, 8, 8), torch.eye(3)[None])
