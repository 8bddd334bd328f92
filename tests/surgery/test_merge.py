"""Merging: the plain network computes the same, and the original goes on working, however often it is merged."""

import torch

from graftgan.networks import NETWORKS
from graftgan.randomness import generator_at
from graftgan.surgery.merge import merged
from graftgan.surgery.modulation import modulate


def test_a_network_can_be_copied_and_merged_again_and_again() -> None:
    import copy

    for name, architecture in NETWORKS.items():
        latent = {"z_dim": 8, "w_dim": 8, "mapping_layers": 2} if name == "stylegan2" else {"z_dim": 8}
        network = architecture.generator(resolution=16, channel_base=128, channel_max=16, **latent)
        network.init_weights(generator_at(0, 0))
        network.eval()
        for modulation in modulate(network, 1, generator_at(0, 1)).values():
            torch.nn.init.constant_(modulation.u, 0.1)
        z = torch.randn(2, 8, generator=generator_at(0, 2))
        with torch.no_grad():
            expected = network(z, noise="const")
            for _ in range(2):
                plain = merged(copy.deepcopy(network))
                assert torch.equal(plain(z, noise="const"), expected), name
                assert torch.equal(network(z, noise="const"), expected), name
        assert not any("parametrizations" in key for key in plain.state_dict())
