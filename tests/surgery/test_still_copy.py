"""A still copy answers as the network does, and nothing in it ever changes."""

import pytest
import torch

from graftgan.networks import NETWORKS
from graftgan.networks.base import Generator
from graftgan.randomness import generator_at
from graftgan.surgery.still_copy import inner_blocks, source_maps, still_copy
from graftgan.surgery.taps import tapped


def drawn() -> Generator:
    generator = NETWORKS["dcgan"].generator(16, channel_base=64, channel_max=8, z_dim=4)
    generator.init_weights(generator_at(0, 0))
    return generator


@pytest.mark.parametrize("training", [True, False])
def test_it_normalises_as_its_network_does_and_takes_nothing_in(training: bool) -> None:
    generator, z = drawn().train(training), torch.randn(6, 4, generator=generator_at(0, 1))
    copied = still_copy(generator)
    before = {name: tensor.clone() for name, tensor in copied.state_dict().items()}
    assert torch.equal(copied(z), generator(z))
    assert all(torch.equal(before[name], tensor) for name, tensor in copied.state_dict().items())
    assert not any(parameter.requires_grad for parameter in copied.parameters())
    # What the network does afterwards is its own: in training its running means have moved.
    moved = not torch.equal(generator.get_buffer("main.1.running_mean"), copied.get_buffer("main.1.running_mean"))
    assert moved == training and all(parameter.requires_grad for parameter in generator.parameters())


def test_the_sources_maps_are_those_of_its_own_pass_without_a_graph() -> None:
    generator, z = drawn(), torch.randn(3, 4, generator=generator_at(0, 2))
    assert inner_blocks(generator) == (4, 8)
    maps = source_maps(still_copy(generator), z, None, (4, 8))
    with tapped(generator, (4, 8)) as own:
        generator(z)
    for at in (4, 8):
        assert torch.equal(maps[at], own[at]) and not maps[at].requires_grad
