"""Gates of filters: what is weighed, held and removed, against values derived by hand."""

import pytest
import torch
from torch import nn

from graftgan.networks import NETWORKS, Discriminator
from graftgan.surgery.filter_gates import FilterGate, decide_all, gates_of, kernel_of


class OneConv(Discriminator):
    """Five filters of one number each, in a block of their own."""

    def __init__(self) -> None:
        super().__init__(0, 4, 1)
        self.conv = nn.Conv2d(1, 5, 1, bias=False)
        with torch.no_grad():
            self.conv.weight.copy_(torch.arange(1.0, 6.0).view(5, 1, 1, 1))

    def blocks(self) -> dict[int, tuple[str, ...]]:
        return {4: ("conv",)}


def numbers(weight: torch.Tensor) -> list[float]:
    return weight.detach().flatten().tolist()


def test_importance_is_the_sum_over_steps_of_the_mean_squared_gradient_of_a_filter() -> None:
    weight = nn.Parameter(torch.zeros(2, 1, 1, 2))
    gate = FilterGate("conv", weight, 0)
    gate.weigh(weight)  # no gradient yet: nothing
    for gradient in ([1.0, 2.0, 3.0, 4.0], [1.0, 1.0, 0.0, 0.0]):
        weight.grad = torch.tensor(gradient).view(2, 1, 1, 2)
        gate.weigh(weight)
    # filter 0: (1 + 4) / 2 + (1 + 1) / 2; filter 1: (9 + 16) / 2 + 0
    assert numbers(gate.fisher) == [3.5, 12.5]


def test_filters_of_a_transposed_convolution_lie_along_the_second_dimension() -> None:
    weight = nn.Parameter(torch.zeros(2, 1, 1, 1).transpose(0, 1))
    gate = FilterGate("conv", weight, 1)
    weight.grad = torch.tensor([1.0, 2.0]).view(1, 2, 1, 1)
    gate.weigh(weight)
    assert numbers(gate.fisher) == [1.0, 4.0]


def decided(prune: float, quantile: float) -> tuple[OneConv, nn.ModuleList]:
    network = OneConv()
    gates = gates_of(network)
    gates[0].fisher.copy_(torch.tensor([4.0, 0.0, 3.0, 1.0, 2.0]))
    decide_all(network, gates, prune, quantile)
    return network, gates


def test_what_matters_least_is_removed_and_what_matters_most_is_held() -> None:
    network, (gate,) = decided(0.2, 0.5)
    # the quantiles of 0, 1, 2, 3, 4: 0.8 and 2
    assert gate.pruned.tolist() == [False, True, False, False, False]
    assert gate.held.tolist() == [True, False, True, False, False]
    assert numbers(network.conv.weight) == [1.0, 0.0, 3.0, 4.0, 5.0] and not gate.fisher.any()


@pytest.mark.parametrize(("quantile", "held"), [(0.0, 5), (1.0, 0)])
def test_the_quantile_reaches_from_every_filter_to_none(quantile: float, held: int) -> None:
    _, (gate,) = decided(0.0, quantile)
    assert int(gate.held.sum()) == held and not gate.pruned.any()


def test_held_and_removed_filters_are_put_back_and_removal_accumulates() -> None:
    network, gates = decided(0.2, 0.5)
    weight = kernel_of(network, gates[0])
    with torch.no_grad():
        weight += 1.0
    gates[0].put_back(weight)
    assert numbers(weight) == [1.0, 0.0, 3.0, 5.0, 6.0]
    gates[0].fisher.copy_(torch.tensor([1.0, 9.0, 2.0, 3.0, 4.0]))
    decide_all(network, gates, 0.2, 0.5)  # ranks are among the four that are left: 1, 2, 3, 4
    assert gates[0].pruned.tolist() == [True, True, False, False, False]
    assert gates[0].held.tolist() == [False, False, False, True, True]
    assert numbers(weight) == [0.0, 0.0, 3.0, 5.0, 6.0]
    with torch.no_grad():
        weight += 1.0
    gates[0].put_back(weight)
    assert numbers(weight) == [0.0, 0.0, 4.0, 5.0, 6.0]


def test_where_every_filter_matters_alike_none_is_removed_or_held() -> None:
    network = OneConv()
    gates = gates_of(network)
    decide_all(network, gates, 0.1, 0.5)
    assert not gates[0].pruned.any() and not gates[0].held.any()


@pytest.mark.parametrize("name", ["dcgan", "stylegan2"])
def test_kernels_that_make_the_colours_have_no_gate(name: str) -> None:
    generator = NETWORKS[name].generator(16, channel_base=128, channel_max=16)
    gated = {gate.name for gate in gates_of(generator)}
    kernels = {
        key.removesuffix(".weight"): value
        for key, value in generator.named_parameters()
        if key.endswith("weight") and value.dim() == 4
    }
    assert (
        gated
        and kernels.keys() - gated
        == {
            "dcgan": {"main.6"},
            "stylegan2": {f"synthesis.b{size}.torgb" for size in (4, 8, 16)},
        }[name]
    )
