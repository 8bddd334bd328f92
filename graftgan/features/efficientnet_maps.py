"""Feature maps of EfficientNet-Lite0 at four scales, differentiable in the picture: what a projected GAN looks at."""

from functools import lru_cache

import torch
import torch.nn.functional as F
from torch import Tensor

from graftgan.features.efficientnet_lite import EfficientNetLite0, EfficientNetLite0Network

CHANNELS = (24, 40, 112, 320)
"""Of the maps, from the finest."""
STRIDES = (4, 8, 16, 32)
"""Pixels of the picture a place of each map."""
_LAST_BLOCKS = (2, 4, 10, 15)


@lru_cache(maxsize=4)
def frozen_network(device: torch.device) -> EfficientNetLite0Network:
    """Returns the frozen network on a device, one for all who ask, so that it belongs to no run and no checkpoint.

    Args:
        device: where it is to run.

    Raises:
        UserError: the package that carries the weights is missing or holds another file.
    """
    return EfficientNetLite0(device).network


def feature_maps(images: Tensor, side: int) -> list[Tensor]:
    """Feature maps of pictures at four scales.

    Source: the scales of Sauer et al. 2021, Projected GANs (arXiv 2111.01007, section 4): the network's last maps at
    a quarter, an eighth, a sixteenth and a thirty-second of the picture's side. Deviation: pictures are scaled to
    `side` and not to 224 px, for the network's cost grows with its square.

    Args:
        images: (N, 1 or 3, H, W) in [-1, 1]; gradients pass.
        side: what the pictures are scaled to (bilinear, antialiased where it shrinks them): a multiple of 32.

    Returns:
        Maps (N, channels, side / stride, side / stride) by `CHANNELS` and `STRIDES`, from the finest.

    Raises:
        UserError: the package that carries the weights is missing or holds another file.
    """
    network = frozen_network(images.device)
    if images.shape[2] != side:
        shrinks = images.shape[2] > side
        images = F.interpolate(images, size=(side, side), mode="bilinear", align_corners=False, antialias=shrinks)
    # (x + 1) * 127.5 are grey levels, and (grey - 127) / 128 is what the network was trained on.
    x = ((images + 1) * 127.5 - 127) / 128
    x = F.relu6(network.stem(x.expand(-1, 3, -1, -1).contiguous(memory_format=torch.channels_last)))
    maps = []
    for index, block in enumerate(network.blocks):
        x = block(x)
        if index in _LAST_BLOCKS:
            maps.append(x)
    return maps
