"""How far each layer moved, as a share of what it was."""

import copy

import pytest
import torch
from torch import nn

from graftgan.networks import NETWORKS
from graftgan.randomness import generator_at
from graftgan.surgery.movement import movement


def test_the_change_is_relative_to_the_layer() -> None:
    before = nn.Sequential(nn.Linear(2, 2, bias=False), nn.Linear(2, 1))
    before[0].weight.data = torch.tensor([[3.0, 0.0], [0.0, 4.0]])
    before[1].weight.data.zero_()
    before[1].bias.data.zero_()
    after = copy.deepcopy(before)
    assert movement(before, after) == [("0", 0.0), ("1", 0.0)]
    after[0].weight.data += torch.tensor([[0.0, 1.0], [0.0, 0.0]])
    after[1].bias.data += 1
    assert movement(before, after) == [("0", pytest.approx(0.2)), ("1", float("inf"))]


@pytest.mark.parametrize("network", NETWORKS)
def test_layers_come_in_the_networks_order_and_each_once(network: str) -> None:
    before = NETWORKS[network].generator(resolution=16, channel_base=128, channel_max=8)
    before.init_weights(generator_at(0, 0))
    names = [name for name, change in movement(before, copy.deepcopy(before)) if change == 0]
    assert len(names) == len(set(names)) > 3
    assert not any(name.endswith(".affine") for name in names)
