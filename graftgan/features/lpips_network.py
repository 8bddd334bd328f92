"""The two networks of LPIPS, cut after the layers that are compared, and the maps whose distance LPIPS is."""

import math
from collections.abc import Iterator, Sequence

import torch
from torch import Tensor, nn

# What the published networks were fed with, for pictures in [-1, 1].
_SHIFT = (-0.030, -0.088, -0.188)
_SCALE = (0.458, 0.448, 0.450)
_NO_ZERO_DIVISION = 1e-10


class Layer(nn.Module):
    """The convolutions up to one compared layer, how its map is compared, and the pooling after it."""

    root_head: Tensor

    def __init__(self, convolutions: Sequence[nn.Conv2d], pool: nn.Module) -> None:
        """Make the layer.

        Args:
            convolutions: in a row, each followed by ReLU.
            pool: between this layer and the next.
        """
        super().__init__()
        steps = [step for convolution in convolutions for step in (convolution, nn.ReLU(inplace=True))]
        self.convolutions = nn.Sequential(*steps)
        self.pool = pool
        self.register_buffer("root_head", torch.ones(convolutions[-1].out_channels))

    def forward(self, x: Tensor) -> Tensor:
        """Map what the layer before left, (N, C, H, W), to this layer's features."""
        return self.convolutions(x)

    def rows(self, features: Tensor) -> Tensor:
        """Turn features into rows of which the squared distance is this layer's share of LPIPS.

        Formula: y = f / ||f|| at every pixel; row = sqrt(w / (H W)) y, with w >= 0 the head's weight of a channel.

        Args:
            features: (N, C, H, W).

        Returns:
            (N, H * W * C).
        """
        last = features.permute(0, 2, 3, 1)
        rows = last / (torch.linalg.vector_norm(last, dim=-1, keepdim=True) + _NO_ZERO_DIVISION)
        return rows.mul_(self.root_head / math.sqrt(last.shape[1] * last.shape[2])).flatten(1)


class LpipsNetwork(nn.Module):
    """A convolutional network cut into five layers that are compared.

    Attributes:
        layers: in the order of computation.
        numbers_per_pixel: how many numbers all layers' maps have, for each pixel of the picture.
        least: smallest side in pixels that leaves every layer at least one pixel.
    """

    def __init__(self, layers: Sequence[Layer], numbers_per_pixel: float, least: int) -> None:
        """Make the network of its layers."""
        super().__init__()
        self.layers = nn.ModuleList(layers)
        self.numbers_per_pixel = numbers_per_pixel
        self.least = least

    def normalise(self, pixels: Tensor) -> Tensor:
        """Bring grey levels in [0, 255] to what the first layer expects; channels last."""
        shift, scale = (pixels.new_tensor(three).reshape(3, 1, 1) for three in (_SHIFT, _SCALE))
        scaled = (pixels / 127.5 - 1 - shift) / scale
        return scaled.contiguous(memory_format=torch.channels_last)

    def forward(self, x: Tensor) -> Iterator[Tensor]:
        """Give each layer's rows for normalised pictures, one layer after the other."""
        for layer in self.layers:
            assert isinstance(layer, Layer)
            features = layer(x)
            yield layer.rows(features)
            x = layer.pool(features)


def alexnet() -> LpipsNetwork:
    """AlexNet's five convolutions (Krizhevsky, "One weird trick", 2014, arXiv 1404.5997), with random weights.

    Example:
        >>> [tuple(rows.shape) for rows in alexnet()(torch.zeros(1, 3, 64, 64))][-1]
        (1, 2304)
    """
    pool, none = nn.MaxPool2d(3, 2), nn.Identity()
    layers = [
        Layer([nn.Conv2d(3, 64, 11, 4, 2)], pool),
        Layer([nn.Conv2d(64, 192, 5, padding=2)], pool),
        Layer([nn.Conv2d(192, 384, 3, padding=1)], none),
        Layer([nn.Conv2d(384, 256, 3, padding=1)], none),
        Layer([nn.Conv2d(256, 256, 3, padding=1)], none),
    ]
    return LpipsNetwork(layers, 64 / 4**2 + 192 / 8**2 + (384 + 256 + 256) / 16**2, least=31)


def vgg16() -> LpipsNetwork:
    """VGG16's thirteen convolutions (Simonyan and Zisserman, 2014, arXiv 1409.1556), with random weights.

    Example:
        >>> [tuple(rows.shape) for rows in vgg16()(torch.zeros(1, 3, 32, 32))][-1]
        (1, 2048)
    """
    layers, channels = [], 3
    pool, none = nn.MaxPool2d(2, 2), nn.Identity()
    for width, count, after in ((64, 2, pool), (128, 2, pool), (256, 3, pool), (512, 3, pool), (512, 3, none)):
        widths = [channels] + [width] * count
        convolutions = [nn.Conv2d(before, width, 3, padding=1) for before in widths[:-1]]
        layers.append(Layer(convolutions, after))
        channels = width
    return LpipsNetwork(layers, 64 + 128 / 2**2 + 256 / 4**2 + 512 / 8**2 + 512 / 16**2, least=16)
