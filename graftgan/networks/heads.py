"""Small discriminators of feature maps, which are drawn from a generator of their own."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils import skip_init

SLOPE = 0.2


def drawn_conv(
    inputs: int, outputs: int, kernel: int, rng: torch.Generator, *, stride: int = 1, normalised: bool = False
) -> nn.Conv2d:
    """Returns a convolution that keeps the variance of what a leaky ReLU lets through.

    Source of the scale: He et al. 2015, arXiv 1502.01852, equation 14: weights are N(0, 2 / fan_in); biases zero.

    Args:
        inputs: channels that come in.
        outputs: channels that go out.
        kernel: side of the kernel; padded by (kernel - 1) // 2.
        rng: CPU generator.
        stride: of the convolution.
        normalised: whether its weight is divided by its spectral norm.

    Example:
        >>> drawn_conv(3, 8, 4, torch.Generator().manual_seed(0), stride=2)(torch.zeros(1, 3, 8, 8)).shape
        torch.Size([1, 8, 4, 4])
    """
    kind = SpectralConv if normalised else nn.Conv2d
    # The plain constructor would draw from the global random state.
    conv = skip_init(kind, inputs, outputs, kernel, stride, (kernel - 1) // 2, device=torch.get_default_device())
    assert isinstance(conv, nn.Conv2d) and conv.bias is not None
    with torch.no_grad():
        conv.weight.copy_(torch.randn(conv.weight.shape, generator=rng) * (2 / conv.weight[0].numel()) ** 0.5)
        conv.bias.zero_()
        if isinstance(conv, SpectralConv):
            conv.left.copy_(F.normalize(torch.randn(outputs, generator=rng), dim=0))
            for _ in range(15):  # near the largest singular value before the first picture
                conv.iterate()
    return conv


class SpectralConv(nn.Conv2d):
    """Convolution divided by the largest singular value of its weight as a matrix (out, in * kh * kw).

    Source: Miyato et al. 2018, arXiv 1802.05957, algorithm 1: one power iteration a pass while training, none in
    evaluation mode; sigma = u^T W v is differentiable in W.

    Its weight and `left` are not drawn: see `drawn_conv`.
    """

    left: Tensor
    right: Tensor

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int, padding: int, device: torch.device) -> None:
        super().__init__(inputs, outputs, kernel, stride, padding, device=device)
        self.register_buffer("left", torch.zeros(outputs, device=device))
        self.register_buffer("right", torch.zeros(inputs * kernel * kernel, device=device))

    @torch.no_grad()
    def iterate(self) -> None:
        """Brings `left` and `right` nearer to the singular vectors; in float32 whatever autocast says."""
        matrix = self.weight.flatten(1)
        self.right.copy_(F.normalize((matrix * self.left[:, None]).sum(0), dim=0))
        self.left.copy_(F.normalize((matrix * self.right).sum(1), dim=0))

    def forward(self, x: Tensor) -> Tensor:
        """Features (N, inputs, H, W) to (N, outputs, H', W')."""
        if self.training:
            self.iterate()
        left, right = self.left.clone(), self.right.clone()  # the next pass moves them while a graph may need these
        sigma = (self.weight.flatten(1) * left[:, None] * right).sum()
        return F.conv2d(x, self.weight / sigma, self.bias, self.stride, self.padding)


class MapHead(nn.Module):
    """A feature map to a field of logits: halved until it is 4 px or less, then one logit a place.

    Args:
        inputs: channels of the map.
        side: of the map, in pixels.
        width: channels inside.
        rng: CPU generator that draws it.
        normalised: spectral normalisation of every convolution.

    Example:
        >>> MapHead(6, 16, 8, torch.Generator().manual_seed(0))(torch.zeros(2, 6, 16, 16)).shape
        torch.Size([2, 1, 4, 4])
    """

    def __init__(self, inputs: int, side: int, width: int, rng: torch.Generator, *, normalised: bool = False) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        while side > 4:
            layers += [drawn_conv(inputs, width, 4, rng, stride=2, normalised=normalised), nn.LeakyReLU(SLOPE)]
            inputs, side = width, side // 2
        layers += [drawn_conv(inputs, width, 3, rng, normalised=normalised), nn.LeakyReLU(SLOPE)]
        layers += [drawn_conv(width, 1, 1, rng, normalised=normalised)]
        self.layers = nn.Sequential(*layers)

    def forward(self, features: Tensor) -> Tensor:
        """Logits (N, 1, h, w) of features (N, inputs, side, side), h and w at most 4."""
        return self.layers(features)
