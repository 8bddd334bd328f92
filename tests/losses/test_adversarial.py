"""Adversarial losses: values by hand, signs, gradients, and refusals."""

import math

import pytest
import torch
from torch.autograd import gradcheck

from graftgan.losses import LOSSES

LOG2 = math.log(2)
REAL = torch.tensor([[2.0], [-1.0]])
FAKE = torch.tensor([[-3.0], [0.5]])


def sigmoid(value: float) -> float:
    return 1 / (1 + math.exp(-value))


def test_names_are_the_ones_promised():
    assert set(LOSSES) == {"minimax", "non-saturating", "hinge", "wasserstein", "relativistic"}
    assert [name for name, loss in LOSSES.items() if loss.uses_real] == ["relativistic"]


@pytest.mark.parametrize("name", ["minimax", "non-saturating"])
def test_cross_entropy_is_the_paper_formula(name):
    expected = [[-math.log(sigmoid(r)) - math.log(1 - sigmoid(f))] for r, f in [(2.0, -3.0), (-1.0, 0.5)]]
    torch.testing.assert_close(LOSSES[name].discriminator(REAL, FAKE), torch.tensor(expected))


def test_minimax_generator_minimises_log_of_one_minus_d():
    expected = [[math.log(1 - sigmoid(f))] for f in (-3.0, 0.5)]
    torch.testing.assert_close(LOSSES["minimax"].generator(None, FAKE), torch.tensor(expected))


def test_non_saturating_generator_minimises_minus_log_d():
    expected = [[-math.log(sigmoid(f))] for f in (-3.0, 0.5)]
    torch.testing.assert_close(LOSSES["non-saturating"].generator(None, FAKE), torch.tensor(expected))


def test_minimax_saturates_where_non_saturating_does_not():
    slopes = {}
    for name in ("minimax", "non-saturating"):
        fake = torch.tensor([-20.0], requires_grad=True)
        LOSSES[name].generator(None, fake).sum().backward()
        slopes[name] = fake.grad.item()
    assert slopes["minimax"] == pytest.approx(-sigmoid(-20.0), rel=1e-5)
    assert slopes["non-saturating"] == pytest.approx(-1.0)


def test_hinge_by_hand():
    discriminator = LOSSES["hinge"].discriminator(REAL, FAKE)
    assert discriminator.tolist() == [[0.0], [2.0 + 1.5]]
    assert LOSSES["hinge"].generator(None, FAKE).tolist() == [[3.0], [-0.5]]


def test_wasserstein_by_hand():
    assert LOSSES["wasserstein"].discriminator(REAL, FAKE).tolist() == [[-5.0], [1.5]]
    assert LOSSES["wasserstein"].generator(None, FAKE).tolist() == [[3.0], [-0.5]]


def test_relativistic_by_hand_and_mirrored():
    loss = LOSSES["relativistic"]
    expected = [[math.log1p(math.exp(-5.0))], [math.log1p(math.exp(1.5))]]
    torch.testing.assert_close(loss.discriminator(REAL, FAKE), torch.tensor(expected))
    # What the generator minimises is the discriminator's loss with the two swapped.
    torch.testing.assert_close(loss.generator(REAL, FAKE), loss.discriminator(FAKE, REAL))


def test_relativistic_looks_only_at_differences():
    loss = LOSSES["relativistic"]
    torch.testing.assert_close(loss.discriminator(REAL + 4, FAKE + 4), loss.discriminator(REAL, FAKE))
    torch.testing.assert_close(loss.generator(REAL, REAL), torch.full((2, 1), LOG2))


@pytest.mark.parametrize("name", LOSSES)
def test_finite_at_extreme_logits(name):
    real = torch.tensor([1e4, -1e4], requires_grad=True)
    fake = torch.tensor([-1e4, 1e4], requires_grad=True)
    losses = torch.cat([LOSSES[name].discriminator(real, fake), LOSSES[name].generator(real, fake)])
    losses.sum().backward()
    assert losses.isfinite().all() and fake.grad.isfinite().all() and real.grad.isfinite().all()


@pytest.mark.parametrize("name", LOSSES)
def test_unreduced_in_any_shape(name):
    maps = torch.zeros(3, 1, 4, 5)
    assert LOSSES[name].discriminator(maps, maps).shape == maps.shape
    assert LOSSES[name].generator(maps, maps).shape == maps.shape


@pytest.mark.parametrize("name", LOSSES)
def test_gradients(name):
    rng = torch.Generator().manual_seed(0)
    real, fake = (2 * torch.randn(5, 1, generator=rng, dtype=torch.float64) for _ in range(2))
    real.requires_grad_(), fake.requires_grad_()
    assert gradcheck(LOSSES[name].discriminator, (real, fake))
    assert gradcheck(lambda fake: LOSSES[name].generator(real.detach(), fake), (fake,))


@pytest.mark.parametrize("name", LOSSES)
def test_each_player_is_pushed_the_right_way(name):
    real, fake = (torch.tensor([value], requires_grad=True) for value in (0.3, 0.2))
    LOSSES[name].discriminator(real, fake).sum().backward()
    assert real.grad < 0 < fake.grad, "the discriminator raises reals and lowers fakes"
    fake.grad = None
    LOSSES[name].generator(real.detach(), fake).sum().backward()
    assert fake.grad < 0, "the generator raises fakes"


@pytest.mark.parametrize("name", LOSSES)
def test_unequal_counts_are_refused(name):
    with pytest.raises(ValueError, match="as many real as fake"):
        LOSSES[name].discriminator(torch.zeros(4, 1), torch.zeros(3, 1))


def test_broadcasting_never_hides_a_wrong_shape():
    with pytest.raises(ValueError, match="as many real as fake"):
        LOSSES["relativistic"].generator(torch.zeros(4, 1), torch.zeros(4))


def test_relativistic_generator_needs_reals():
    with pytest.raises(ValueError, match="real"):
        LOSSES["relativistic"].generator(None, torch.zeros(4, 1))
