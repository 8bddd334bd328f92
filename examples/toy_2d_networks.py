"""A generator and a discriminator of points: pictures of one pixel whose two channels are x and y.

All maps have one pixel, so the resolutions of `blocks()`, by which methods address blocks, are only their places in the
row. Kernels are 1x1 convolutions, as methods that rewrite kernels look for those.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.utils import skip_init

from graftgan.networks.base import JSON, Discriminator, Generator, Noise


class PointGenerator(Generator):
    """Latents to points: 1x1 convolutions, layer norm and leaky ReLU between.

    A "resolution" in `blocks()` is only the place of a block in the row, 1 to 4, as all of its maps have one pixel.

    Args:
        z_dim: length of a latent.
        width: channels of the inner blocks.
    """

    def __init__(self, z_dim: int = 4, width: int = 64) -> None:
        super().__init__(z_dim, 0, 1, 2)
        self.width = width
        layers: list[nn.Module] = []
        for inputs in (z_dim, width, width):
            layers += [_conv(inputs, width), nn.GroupNorm(1, width), nn.LeakyReLU(0.2)]
        self.main = nn.Sequential(*layers, _conv(width, 2))

    def forward(
        self,
        z: Tensor,
        c: Tensor | None = None,
        *,
        truncation: float = 1.0,
        noise: Noise = "random",
        rng: torch.Generator | None = None,
    ) -> Tensor:
        """Points (N, 2, 1, 1) of latents (N, z_dim)."""
        return self.main(z[:, :, None, None] * truncation)

    def blocks(self) -> dict[int, tuple[str, ...]]:
        """Place -> its layers; the last map is the point."""
        return {at + 1: tuple(f"main.{3 * at + i}" for i in range(3 if at < 3 else 1)) for at in range(4)}

    def config(self) -> JSON:
        """The constructor's arguments."""
        return {"z_dim": self.z_dim, "width": self.width}

    def init_weights(self, rng: torch.Generator) -> None:
        """Draws the kernels at a size that keeps variance."""
        _draw(self, rng)


class PointDiscriminator(Discriminator):
    """Points to logits: 1x1 convolutions with leaky ReLU between.

    Args:
        width: channels of the blocks.
    """

    def __init__(self, width: int = 64) -> None:
        super().__init__(0, 1, 2)
        self.width = width
        layers: list[nn.Module] = []
        for inputs in (2, width, width):
            layers += [_conv(inputs, width), nn.LeakyReLU(0.2)]
        self.main = nn.Sequential(*layers, _conv(width, 1))

    def forward(self, images: Tensor, c: Tensor | None = None) -> Tensor:
        """Logits (N, 1) of points (N, 2, 1, 1)."""
        return self.main(images).flatten(1)

    def blocks(self) -> dict[int, tuple[str, ...]]:
        """Place, counted down from the point -> its layers."""
        return {3 - at: (f"main.{2 * at}", f"main.{2 * at + 1}") for at in range(3)}

    def config(self) -> JSON:
        """The constructor's arguments."""
        return {"width": self.width}

    def init_weights(self, rng: torch.Generator) -> None:
        """Draws the kernels at a size that keeps variance."""
        _draw(self, rng)


def _conv(inputs: int, outputs: int) -> nn.Module:
    conv = skip_init(nn.Conv2d, inputs, outputs, 1)
    for parameter in conv.parameters():
        nn.init.zeros_(parameter)
    return conv


@torch.no_grad()
def _draw(network: nn.Module, rng: torch.Generator) -> None:
    for part in network.modules():
        if isinstance(part, nn.Conv2d):
            part.weight.copy_(torch.randn(part.weight.shape, generator=rng) * (2 / part.in_channels) ** 0.5)
