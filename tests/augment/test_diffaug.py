"""DiffAugment: exact moves, ranges of the draws, reproducibility, derivatives, and refusals."""

import pytest
import torch
from torch.autograd import gradcheck, gradgradcheck

from graftgan.augment import DiffAugment
from graftgan.augment.diffaug import POLICIES, colour, cutout, shift, translation
from graftgan.errors import UserError


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


def pictures(count=4, channels=3, height=16, width=16, dtype=torch.float32):
    return torch.rand(count, channels, height, width, generator=rng(9), dtype=dtype) * 2 - 1


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_keeps_shape_type_layout_and_input(channels, layout):
    images = pictures(channels=channels, height=12, width=20).to(memory_format=layout)
    before = images.clone()
    out = DiffAugment()(images, rng())
    assert out.shape == images.shape and out.dtype == images.dtype and out.is_contiguous(memory_format=layout)
    assert torch.equal(images, before) and not torch.equal(out, before)


@pytest.mark.parametrize("policy", POLICIES)
def test_the_generator_decides_everything(policy):
    augment = DiffAugment((policy,))
    images = pictures()
    state = torch.get_rng_state()
    assert torch.equal(augment(images, rng(1)), augment(images, rng(1)))
    assert not torch.equal(augment(images, rng(1)), augment(images, rng(2)))
    assert torch.equal(torch.get_rng_state(), state), "the global generator is left alone"


def test_layout_does_not_change_values():
    images = pictures()
    last = images.to(memory_format=torch.channels_last)
    torch.testing.assert_close(DiffAugment()(images, rng()), DiffAugment()(last, rng()))


def test_policy_is_a_set_in_fixed_order():
    images = pictures()
    assert torch.equal(DiffAugment(("cutout", "colour"))(images, rng()), cutout(colour(images, g := rng()), g))
    assert DiffAugment(())(images, rng()) is images
    with pytest.raises(UserError, match="'blur'.*colour, translation, cutout"):
        DiffAugment(("colour", "blur"))


def test_colour_is_brightness_then_saturation_then_contrast():
    images = pictures(count=5)
    g = rng(3)
    brightness, saturation, contrast = (torch.rand(5, 1, 1, 1, generator=g) for _ in range(3))
    step = images + (brightness - 0.5)
    grey = step.mean(1, keepdim=True)
    step = (step - grey) * (2 * saturation) + grey
    level = step.mean((1, 2, 3), keepdim=True)
    step = (step - level) * (0.5 + contrast) + level
    torch.testing.assert_close(colour(images, rng(3)), step)


def test_brightness_moves_the_mean_by_exactly_the_draw():
    images = pictures(count=6, dtype=torch.float64)
    moved = colour(images, rng(4)).mean((1, 2, 3)) - images.mean((1, 2, 3))
    draw = torch.rand(6, 1, 1, 1, generator=rng(4), dtype=torch.float64).flatten() - 0.5
    torch.testing.assert_close(moved, draw)


def test_colour_ranges():
    brightness = colour(torch.zeros(4000, 1, 1, 1), rng()).flatten()
    assert -0.5 <= brightness.min() < -0.49 and 0.49 < brightness.max() <= 0.5
    assert brightness.mean().abs() < 0.02 and brightness.std().item() == pytest.approx(1 / 12**0.5, abs=0.01)
    black_white = torch.tensor([-1.0, 1.0]).reshape(1, 1, 1, 2).expand(4000, 1, 1, 2)
    contrast = colour(black_white, rng()).diff(dim=3).flatten() / 2
    assert 0.5 <= contrast.min() < 0.51 and 1.49 < contrast.max() <= 1.5
    # Saturation times contrast: between two channels of a picture of one colour.
    red_blue = torch.tensor([0.5, 0.0, -0.5]).reshape(1, 3, 1, 1).expand(4000, 3, 1, 1)
    both = colour(red_blue, rng())
    both = both[:, 0] - both[:, 2]
    assert 0 <= both.min() < 0.01 and 2.8 < both.max() <= 3 and both.mean().item() == pytest.approx(1, abs=0.03)


def test_shift_moves_pixels_exactly():
    images = pictures(count=3, height=5, width=7)
    offsets = torch.tensor([[2, -3], [0, 0], [-1, 6]])
    out = shift(images, offsets)
    expected = torch.zeros_like(images)
    expected[0, :, 2:, :4] = images[0, :, :3, 3:]
    expected[1] = images[1]
    expected[2, :, :4, 6:] = images[2, :, 1:, :1]
    assert torch.equal(out, expected)
    assert not shift(images, torch.full((3, 2), 7)).any(), "moved out altogether"


def test_shift_back_and_forth_keeps_the_middle():
    images = pictures()
    offsets = torch.tensor([[2, 1], [-2, 0], [1, -1], [0, 2]])
    assert torch.equal(shift(shift(images, offsets), -offsets)[:, :, 2:-2, 2:-2], images[:, :, 2:-2, 2:-2])


def test_translation_is_uniform_up_to_an_eighth():
    dot = torch.zeros(4000, 1, 16, 32)
    dot[:, :, 8, 16] = 1
    place = translation(dot, rng()).flatten(1).argmax(1)
    rows, columns = place // 32, place % 32
    assert set((rows - 8).tolist()) == set(range(-2, 3)) and set((columns - 16).tolist()) == set(range(-4, 5))
    shares = torch.bincount(rows - 6) / 4000
    assert (shares - 0.2).abs().max() < 0.03


@pytest.mark.parametrize("size", [8, 9])
def test_cutout_is_a_square_of_half_the_side(size):
    side = (size + 1) // 2
    hidden = (cutout(torch.ones(3000, 1, size, size), rng()) == 0)[:, 0]
    heights, widths = hidden.any(2).sum(1), hidden.any(1).sum(1)
    assert torch.equal(hidden.sum((1, 2)), heights * widths), "one rectangle"
    assert heights.max() == side and widths.max() == side
    # By symmetry of the draw, mirrored pixels are hidden equally often.
    share = hidden.float().mean(0)
    assert (share - share.flip(0)).abs().max() < 0.06 and (share - share.T).abs().max() < 0.06


@pytest.mark.parametrize("policy", [("colour",), ("translation",), ("cutout",), tuple(POLICIES)])
@pytest.mark.parametrize("channels", [1, 3])
def test_derivatives_of_both_orders(policy, channels):
    images = pictures(2, channels, 6, 5, torch.float64).requires_grad_()
    augment = DiffAugment(policy)
    assert gradcheck(lambda x: augment(x, rng()), (images,))
    # Linear in the image: squared, so that the second derivative is not just 0.
    assert gradgradcheck(lambda x: augment(x, rng()).square(), (images,))


def test_wrong_shapes_are_refused():
    for images in (torch.zeros(3, 8, 8), torch.zeros(2, 4, 8, 8), torch.zeros(2, 3, 8, 8, dtype=torch.uint8)):
        for policy in POLICIES:
            with pytest.raises(ValueError, match="images must be floats"):
                DiffAugment((policy,))(images, rng())
    for offsets in (torch.zeros(2), torch.zeros(3, 2, dtype=torch.int64), torch.zeros(2, 2)):
        with pytest.raises(ValueError, match="offsets must be"):
            shift(torch.zeros(2, 3, 8, 8), offsets)
