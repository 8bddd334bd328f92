"""From scratch: nothing of the source is left but its shape, and a resumed run is not drawn again."""

from types import SimpleNamespace

import pytest
import torch

from graftgan.methods.scratch import Scratch, draw_anew
from graftgan.networks import NETWORKS
from graftgan.networks.fronted import FrontedGenerator
from graftgan.randomness import generator_at


@pytest.mark.parametrize("network", ["dcgan", "stylegan2"])
def test_weights_and_statistics_are_those_of_a_pair_drawn_by_the_seed(network: str, tiny: SimpleNamespace) -> None:
    state, expected = tiny.built(network), tiny.built(network)
    with torch.no_grad():
        for owner in (state.generator, state.discriminator):
            for tensor in (*owner.parameters(), *owner.buffers()):
                tensor.add_(1)  # as a trained source's statistics and mean style differ from new ones
    rng = generator_at(0, 0, purpose="scratch")
    for owner in (expected.generator, expected.discriminator):
        owner.init_weights(rng)
    tiny.prepare(state, Scratch())
    for owner in ("generator", "discriminator"):
        found = getattr(state, owner).state_dict()
        for name, tensor in getattr(expected, owner).state_dict().items():
            assert torch.equal(found[name], tensor), name


def test_a_resumed_run_is_left_for_its_checkpoint(tiny: SimpleNamespace) -> None:
    state = tiny.built("dcgan")
    before = [parameter.clone() for parameter in state.generator.parameters()]
    tiny.prepare(state, Scratch(), state.tensors())
    assert all(torch.equal(a, b) for a, b in zip(before, state.generator.parameters(), strict=True))


def test_a_front_starts_anew_too() -> None:
    inner = NETWORKS["dcgan"].generator(resolution=16, channel_base=64, channel_max=4, z_dim=4)
    network = FrontedGenerator(inner, 0)
    with torch.no_grad():
        network.front.offset.fill_(2.0)
    draw_anew(network, generator_at(0, 0))
    assert not network.front.offset.any() and all(p.any() for p in network.inner.parameters() if p.ndim > 1)
