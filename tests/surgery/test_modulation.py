"""Modulated kernels: the source to the bit at the start, filter by filter after; gone once merged."""

import pytest
import torch
from torch import Tensor

from graftgan.networks import NETWORKS
from graftgan.networks.base import Generator
from graftgan.randomness import generator_at
from graftgan.surgery.merge import merged
from graftgan.surgery.modulation import KernelModulation, modulate


def built(network: str) -> Generator:
    generator = NETWORKS[network].generator(resolution=16, channel_base=128, channel_max=8, z_dim=8)
    generator.init_weights(generator_at(0, 0))
    return generator.eval()


def drawn(generator: Generator) -> Tensor:
    return generator(torch.randn(3, 8, generator=generator_at(1, 0)), noise="const")


@pytest.mark.parametrize("dim", [0, 1])
@pytest.mark.parametrize("rank", [1, 2])
def test_a_kernel_is_what_its_formula_says_filter_by_filter(dim: int, rank: int) -> None:
    weight = torch.randn(4, 5, 3, 3, generator=generator_at(0, 0))
    modulation = KernelModulation(weight, dim, rank, generator_at(0, 1))
    modulation.u.data.normal_(generator=generator_at(0, 2))
    filters = weight.shape[dim]
    keep = torch.arange(filters) % 2 == 0
    modulation.keep.copy_(keep.view([-1 if d == dim else 1 for d in range(4)]))
    found = modulation(weight)
    for index in range(filters):
        mine = weight.select(dim, index)
        change = sum(modulation.v[index, r] * modulation.u[r] for r in range(rank))
        assert isinstance(change, Tensor)
        expected = mine * (1 + change.view_as(mine)) if keep[index] else mine
        torch.testing.assert_close(found.select(dim, index), expected)


@pytest.mark.parametrize("dim", [0, 1])
def test_kept_filters_are_frozen_and_the_others_train(dim: int) -> None:
    weight = torch.randn(4, 6, 3, 3, dtype=torch.float64, generator=generator_at(0, 0)).requires_grad_()
    modulation = KernelModulation(weight, dim, 1, generator_at(0, 1)).double()
    modulation.u.data.normal_(generator=generator_at(0, 2))
    modulation.keep.zero_().select(dim, 1).fill_(1)
    modulation(weight).square().sum().backward()
    assert weight.grad is not None and modulation.v.grad is not None
    assert weight.grad.select(dim, 1).abs().sum() == 0
    assert weight.grad.select(dim, 0).abs().min() > 0
    assert modulation.v.grad[1].abs() > 0 and modulation.v.grad[0].abs() == 0


@pytest.mark.parametrize("network", NETWORKS)
def test_the_start_is_the_source_and_merging_takes_it_down(network: str) -> None:
    plain, changed = built(network), built(network)
    modulations = modulate(changed, 1, generator_at(0, 3))
    assert len(modulations) >= 3
    assert torch.equal(drawn(plain), drawn(changed))
    for index, modulation in enumerate(modulations.values()):
        modulation.u.data.normal_(std=0.1, generator=generator_at(0, index))
    moved = drawn(changed)
    assert not torch.allclose(moved, drawn(plain))
    taken_down = merged(changed)
    assert taken_down.state_dict().keys() == plain.state_dict().keys()
    torch.testing.assert_close(drawn(taken_down), moved)
    assert any("parametrizations" in name for name in changed.state_dict())  # left as it was


def test_merging_a_plain_network_changes_nothing() -> None:
    plain = built("dcgan")
    assert torch.equal(drawn(merged(plain)), drawn(plain))
