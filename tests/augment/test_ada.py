"""The adaptive augmentation as a whole, its controller, and what every augmentation promises."""

import pytest
import torch
from torch.autograd import gradcheck, gradgradcheck

from graftgan.augment import AUGMENTS, AdaptiveAugment
from graftgan.augment.colour import draw_colours, recolour
from graftgan.augment.draws import compose
from graftgan.augment.geometry import draw_blits, draw_warps, warp
from graftgan.errors import UserError
from graftgan.losses import r1


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


def pictures(count=4, channels=3, height=16, width=16, dtype=torch.float32):
    return torch.rand(count, channels, height, width, generator=rng(9), dtype=dtype) * 2 - 1


def test_names_are_the_ones_promised():
    assert list(AUGMENTS) == ["none", "diffaug", "ada"]


@pytest.mark.parametrize("name", AUGMENTS)
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_every_augmentation_keeps_what_it_promises(name, channels, layout):
    augment = AUGMENTS[name]()
    augment.adjust(torch.ones(8, 1), images_seen=60_000)
    images = pictures(channels=channels, height=12, width=20).to(memory_format=layout)
    before, state = images.clone(), torch.get_rng_state()
    out = augment(images, rng(1))
    assert out.shape == images.shape and out.dtype == images.dtype and out.is_contiguous(memory_format=layout)
    assert torch.equal(images, before) and torch.equal(torch.get_rng_state(), state)
    assert torch.equal(out, augment(images, rng(1)))
    assert torch.equal(out, before) == (name == "none")


def test_nothing_changes_while_p_is_0():
    images = pictures()
    assert torch.equal(AdaptiveAugment()(images, rng()), images)


def test_untouched_images_of_a_batch_are_bit_for_bit_the_same():
    images = pictures(400)
    out = AdaptiveAugment(p=0.05)(images, rng())
    same = (out == images).flatten(1).all(1).float().mean().item()
    # Nine changes seen whenever drawn, two coins seen half the time, quarter turns three times in four.
    assert same == pytest.approx(0.95**9 * 0.975**2 * 0.9625, abs=0.06)


def test_full_strength_keeps_images_finite_and_different():
    images = pictures(64)
    out = AdaptiveAugment(p=1.0)(images, rng())
    assert out.isfinite().all() and not (out == images).flatten(1).all(1).any()


def test_blits_come_first_then_warps_then_colours():
    images, g, p = pictures(4, height=12, width=20), rng(5), torch.tensor(0.8)
    blits, warps, change = draw_blits(4, (12, 20), p, g), draw_warps(4, (12, 20), p, g), draw_colours(4, p, g)
    # A position in the output is taken back through the warp, which came last, then through the blit.
    expected = recolour(warp(images, compose(blits, warps)), change)
    assert torch.equal(AdaptiveAugment(p=0.8)(images, rng(5)), expected)


@pytest.mark.parametrize("channels", [1, 3])
def test_derivatives_of_both_orders(channels):
    augment = AdaptiveAugment(p=0.7)
    images = pictures(2, channels, 4, 5, torch.float64).requires_grad_()
    assert gradcheck(lambda x: augment(x, rng(2)), (images,))
    assert gradgradcheck(lambda x: augment(x, rng(2)).square(), (images,))


@pytest.mark.parametrize("name", AUGMENTS)
def test_r1_passes_through(name):
    augment = AUGMENTS[name]()
    augment.adjust(torch.ones(8, 1), images_seen=60_000)
    weight = torch.nn.Parameter(torch.randn(3, 8, 8, generator=rng()))
    penalty = r1(lambda images: (augment(images, rng()) * weight).sum((1, 2, 3)).tanh(), 0.01 * pictures(3, 3, 8, 8))
    penalty.sum().backward()
    assert (penalty > 0).all() and weight.grad.isfinite().all() and weight.grad.any()


def test_controller_moves_at_the_stated_speed():
    augment = AdaptiveAugment(target=0.6, kimg=100)
    sure = torch.ones(10, 1)
    for _ in range(10):
        augment.adjust(sure, images_seen=1000)
    assert augment.p.item() == pytest.approx(0.1, abs=1e-6)
    augment.adjust(-sure, images_seen=500)
    assert augment.p.item() == pytest.approx(0.095, abs=1e-6)


def test_controller_compares_the_mean_sign_with_the_target():
    # 6 of 8 positive: r_t = 0.5, however large the logits are.
    logits = torch.tensor([100.0] * 6 + [-1.0] * 2)
    for target, p in ((0.3, 0.51), (0.7, 0.49), (0.5, 0.5)):
        augment = AdaptiveAugment(target=target, kimg=1, p=0.5)
        augment.adjust(logits, images_seen=10)
        assert augment.p.item() == pytest.approx(p, abs=1e-6)


def test_controller_stays_between_0_and_1():
    augment = AdaptiveAugment(kimg=1)
    augment.adjust(torch.ones(4), images_seen=5000)
    assert augment.p == 1
    augment.adjust(-torch.ones(4), images_seen=5000)
    assert augment.p == 0


def test_controller_keeps_no_graph_and_p_is_saved():
    augment = AdaptiveAugment()
    augment.adjust(torch.ones(4, 1, requires_grad=True), images_seen=3000)
    assert not augment.p.requires_grad and augment.p.dtype == torch.float32 and augment.p.shape == ()
    other = AdaptiveAugment()
    other.load_state_dict(augment.state_dict())
    assert torch.equal(other.p, augment.p) and other.p > 0
    assert torch.equal(other(pictures(64), rng()), augment(pictures(64), rng()))


@pytest.mark.parametrize(
    "options", [{"target": 1.0}, {"target": float("nan")}, {"kimg": 0.0}, {"kimg": -1.0}, {"p": 1.5}, {"p": -0.1}]
)
def test_options_out_of_range_are_refused(options):
    with pytest.raises(UserError, match=f"ada {next(iter(options))} must"):
        AdaptiveAugment(**options)


def test_wrong_shapes_are_refused():
    for p in (0.0, 1.0):
        with pytest.raises(ValueError, match="images must be floats"):
            AdaptiveAugment(p=p)(torch.zeros(2, 4, 8, 8), rng())
    with pytest.raises(ValueError, match="logits"):
        AdaptiveAugment().adjust(torch.zeros(0), images_seen=4)
    with pytest.raises(ValueError, match="count"):
        AdaptiveAugment().adjust(torch.zeros(4), images_seen=-1)
