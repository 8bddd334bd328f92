"""EfficientNet-Lite0: TensorFlow's padding, and logits that belong to the features."""

import numpy as np
import pytest
import torch

from graftgan.errors import UserError
from graftgan.features.efficientnet_lite import EfficientNetLite0, EfficientNetLite0Network, _Conv


@pytest.mark.parametrize(("side", "expected"), [(4, 1.0), (5, 0.0)])
def test_the_odd_pixel_of_the_padding_goes_to_the_end(side, expected):
    """Kernel 3, stride 2: an even side is padded at the end only, so the first tap sees the first pixel."""
    layer = _Conv(1, 1, 3, stride=2)
    with torch.no_grad():
        layer.weight.zero_()[0, 0, 0, 0] = 1
        layer.bias.zero_()
        picture = torch.zeros(1, 1, side, side)
        picture[0, 0, 0, 0] = 1
        result = layer(picture)
    assert result.shape[-1] == -(-side // 2)
    assert result[0, 0, 0, 0] == expected


def test_random_network_has_the_published_size():
    """4,652,008 parameters with batch normalisation, whose two numbers a channel folding turns into one."""
    network = EfficientNetLite0Network()
    folded_away = sum(layer.out_channels for layer in network.modules() if isinstance(layer, _Conv))
    assert sum(parameter.numel() for parameter in network.parameters()) + folded_away == 4_652_008


def test_logits_are_the_classifier_on_the_features():
    encoder = EfficientNetLite0()
    pictures = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3), dtype=np.uint8)
    features = torch.from_numpy(encoder.encode(pictures))
    expected = encoder.network.classifier(features)
    torch.testing.assert_close(torch.from_numpy(encoder.classify(pictures)), expected, rtol=1e-4, atol=1e-4)
    np.testing.assert_array_equal(encoder.logits(features.numpy()), encoder.classify(pictures))


@pytest.mark.parametrize("wrong", [np.zeros((2, 2048), np.float32), np.zeros((2, 1280)), np.zeros(1280, np.float32)])
def test_logits_of_other_features_are_refused(wrong):
    with pytest.raises(UserError, match=r"encoder efficientnet-lite0: features must be float32 \(N, 1280\)"):
        EfficientNetLite0().logits(wrong)


def test_a_drawn_traffic_light_is_recognised():
    """A picture that any ImageNet network knows (class 920), drawn from three discs on a dark housing."""
    y, x = np.mgrid[0:224, 0:224]
    picture = np.full((224, 224, 3), (150, 190, 235), np.uint8)
    picture[20:204, 72:152] = 25
    for row, colour in ((52, (255, 40, 30)), (112, (70, 55, 10)), (172, (10, 60, 25))):
        picture[(y - row) ** 2 + (x - 112) ** 2 < 24**2] = colour
    logits = EfficientNetLite0().classify(picture[None])[0]
    assert logits.argmax() == 920
