"""LeCam regularisation: the formula by hand, anchors that move as said, the warm-up, and a resume."""

import pytest
import torch
from torch.autograd import gradcheck

from graftgan.augment import NoAugment
from graftgan.losses.lecam import LeCamAnchors, lecam
from graftgan.networks import NETWORKS
from graftgan.state import State


def test_only_logits_beyond_the_other_sides_anchor_pay() -> None:
    real, fake = torch.tensor([[3.0], [-1.0]]), torch.tensor([[-2.0], [5.0]])
    found = lecam(real, fake, torch.tensor(1.0), torch.tensor(0.5))
    # real 3 is 2.5 above the fakes' anchor, fake -2 is 3 below the reals'; -1 and 5 lie on the harmless side
    assert found.tolist() == [[2.5**2 + 3.0**2], [0.0]]


def test_gradients_in_float64() -> None:
    rng = torch.Generator().manual_seed(0)
    real, fake = (torch.randn(5, 2, generator=rng, dtype=torch.float64, requires_grad=True) for _ in range(2))
    anchors = torch.tensor(0.3, dtype=torch.float64), torch.tensor(-0.2, dtype=torch.float64)
    assert gradcheck(lambda a, b: lecam(a, b, *anchors), (real, fake))


def test_anchors_start_at_the_first_means_and_then_keep_their_share() -> None:
    anchors = LeCamAnchors(decay=0.75)
    anchors(torch.tensor([[1.0], [3.0]]), torch.tensor([[-4.0], [0.0]]))
    assert (anchors.real.item(), anchors.fake.item()) == (2.0, -2.0)
    anchors(torch.tensor([[6.0]]), torch.tensor([[2.0]]))
    assert (anchors.real.item(), anchors.fake.item()) == (0.75 * 2 + 0.25 * 6, 0.75 * -2 + 0.25 * 2)


def test_nothing_counts_while_warming_up_and_then_the_anchors_before_this_step_do() -> None:
    anchors = LeCamAnchors(decay=0.5, warm_up=2)
    real, fake = torch.tensor([[2.0]]), torch.tensor([[-1.0]])
    found = [anchors(real, fake).item() for _ in range(3)]
    # after the first step the anchors are 2 and -1 and stay there: (2 + 1)^2 + (2 + 1)^2
    assert found == [0.0, 0.0, 18.0]
    assert anchors(torch.tensor([[4.0]]), fake).item() == 5.0**2 + 3.0**2


def test_the_anchors_hold_no_graph() -> None:
    anchors = LeCamAnchors(warm_up=0)
    real = torch.ones(1, 1, requires_grad=True)
    anchors(real, -real).sum().backward()
    assert not anchors.real.requires_grad and real.grad is not None
    assert real.grad.item() == pytest.approx(4.0)  # d/dr of (r - 0)^2 + (0 + r)^2 at 1


def test_a_resumed_run_goes_on_with_the_same_anchors() -> None:
    def made() -> State:
        sizes = {"resolution": 16, "channel_base": 64, "channel_max": 4}
        generator = NETWORKS["dcgan"].generator(**sizes, z_dim=4)
        state = State(generator, NETWORKS["dcgan"].discriminator(**sizes), generator, NoAugment())
        state.fixed["lecam"] = LeCamAnchors(warm_up=1)
        return state

    first, second = made(), made()
    logits = torch.tensor([[1.5]]), torch.tensor([[-0.5]])
    first.fixed["lecam"](*logits)
    second.load_tensors(first.tensors())
    expected, found = (state.fixed["lecam"](*logits) for state in (first, second))
    assert found.item() > 0 and torch.equal(expected, found)
