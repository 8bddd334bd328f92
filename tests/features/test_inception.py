"""Inception: the details in which FID's network differs from the usual PyTorch model."""

import numpy as np
import torch

from graftgan.features.inception import Inception, InceptionNetwork, _average


def test_random_network_has_the_published_size():
    """Without classifier and side branch 21,785,568 parameters, two a channel for normalisation."""
    network = InceptionNetwork()
    folded_away = sum(layer.out_channels for layer in network.modules() if isinstance(layer, torch.nn.Conv2d))
    assert sum(parameter.numel() for parameter in network.parameters()) + folded_away == 21_785_568


def test_average_pooling_leaves_the_padding_out():
    ones = torch.ones(1, 1, 4, 4)
    assert torch.equal(_average()(ones), ones)


def test_last_block_pools_by_the_maximum():
    layers = InceptionNetwork().layers
    assert isinstance(layers.mixed_10.tower_2_pool, torch.nn.MaxPool2d)
    assert isinstance(layers.mixed_9.tower_2_pool, torch.nn.AvgPool2d)


def test_grid_sizes_are_the_papers():
    sides = {}
    network = InceptionNetwork().eval()
    for name in ("pool1", "mixed_2", "mixed_7", "mixed_10"):
        layer = network.layers.get_submodule(name)
        layer.register_forward_hook(lambda module, inputs, output, name=name: sides.update({name: output.shape[-1]}))
    with torch.inference_mode():
        network(torch.zeros(1, 3, 299, 299))
    assert sides == {"pool1": 35, "mixed_2": 35, "mixed_7": 17, "mixed_10": 8}


def test_range_of_the_input():
    prepared = Inception().prepare(torch.tensor([0.0, 128.0, 255.0]).reshape(3, 1, 1, 1).expand(3, 3, 299, 299))
    assert prepared.amax(dim=(1, 2, 3)).tolist() == [-1.0, 0.0, 127 / 128]
    assert np.isclose(prepared.amin().item(), -1.0)
