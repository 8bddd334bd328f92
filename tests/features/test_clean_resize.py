"""The resize rule agrees with Pillow's float bicubic, which clean-fid is defined by."""

import numpy as np
import pytest
import torch
from PIL import Image

from graftgan.features.resize import resize_clean


def with_pillow(pixels: np.ndarray, size: int) -> np.ndarray:
    planes = [Image.fromarray(plane).resize((size, size), Image.Resampling.BICUBIC) for plane in pixels]
    return np.stack([np.asarray(plane) for plane in planes]).clip(0, 255)


@pytest.mark.parametrize("shape", [(64, 64), (48, 80), (512, 300), (299, 64), (1, 5)])
@pytest.mark.parametrize("size", [224, 299])
def test_agrees_with_pillow(shape, size):
    pixels = np.random.default_rng(0).integers(0, 256, (3, *shape)).astype(np.float32)
    ours = resize_clean(torch.from_numpy(pixels)[None], size)[0].numpy()
    assert np.abs(ours - with_pillow(pixels, size)).max() < 1e-3


def test_leaves_the_right_size_alone():
    pixels = torch.arange(12.0).reshape(1, 3, 2, 2)
    assert torch.equal(resize_clean(pixels, 2), pixels)


def test_overshoot_is_clipped():
    edge = torch.zeros(1, 1, 8, 8)
    edge[..., 4:] = 255
    resized = resize_clean(edge, 32)
    assert resized.min() == 0 and resized.max() == 255


def test_gradient_reaches_the_picture():
    pixels = torch.rand(1, 1, 4, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(0)) * 100 + 50
    assert torch.autograd.gradcheck(lambda x: resize_clean(x, 7), pixels.requires_grad_())
