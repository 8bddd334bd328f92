"""Feature maps of EfficientNet-Lite0: their sizes, that they are the encoder's own, and gradients to the picture."""

import pytest
import torch
import torch.nn.functional as F

from graftgan.features.efficientnet_lite import EfficientNetLite0
from graftgan.features.efficientnet_maps import CHANNELS, STRIDES, feature_maps, frozen_network

IMAGES = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(0)) * 2 - 1


@pytest.mark.parametrize(("channels", "resolution", "side"), [(3, 64, 64), (1, 16, 32), (3, 128, 64)])
def test_four_maps_of_the_scales_promised(channels: int, resolution: int, side: int) -> None:
    maps = feature_maps(torch.zeros(2, channels, resolution, resolution), side)
    expected = [(2, wide, side // stride, side // stride) for wide, stride in zip(CHANNELS, STRIDES, strict=True)]
    assert [tuple(found.shape) for found in maps] == expected


def test_the_coarsest_map_is_what_the_encoders_features_are_made_of() -> None:
    encoder = EfficientNetLite0()
    with torch.no_grad():
        expected = encoder.network(((IMAGES + 1) * 127.5 - 127) / 128)
        found = F.relu6(encoder.network.head(feature_maps(IMAGES, 64)[-1])).mean(dim=(2, 3))
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)


def test_gradients_reach_the_picture_from_every_map_and_no_weight_asks_for_them() -> None:
    images = IMAGES.clone().requires_grad_(True)
    for found in feature_maps(images, 32):
        (gradient,) = torch.autograd.grad(found.square().mean(), images, retain_graph=True)
        assert torch.isfinite(gradient).all() and gradient.any()
    network = frozen_network(torch.device("cpu"))
    assert network is frozen_network(torch.device("cpu"))
    assert not network.training and not any(p.requires_grad for p in network.parameters())
