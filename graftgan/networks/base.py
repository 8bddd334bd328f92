"""What every architecture answers: pictures out of latents, logits out of pictures, and where its blocks are.

The rest of the house talks to these two classes only, so that a method, a recipe or an export never needs to know
which network it holds.
"""

from __future__ import annotations

from typing import Any, Literal

import torch
from torch import Tensor, nn

from graftgan.errors import UserError

Noise = Literal["random", "const", "none"]
JSON = dict[str, Any]


class Generator(nn.Module):
    """Turns latents into pictures.

    A fresh network holds zeros (and neutral biases); `init_weights` draws it, or a state dict fills it.

    Attributes:
        z_dim: length of a latent.
        c_dim: number of classes; 0 for an unconditional network.
        resolution: height and width of a picture, in pixels.
        channels: colour channels of a picture.
        truncates_latents: whether truncation is a factor on z; False where it acts on an intermediate latent.
    """

    truncates_latents: bool = True

    def __init__(self, z_dim: int, c_dim: int, resolution: int, channels: int) -> None:
        super().__init__()
        self.z_dim, self.c_dim, self.resolution, self.channels = z_dim, c_dim, resolution, channels

    def forward(
        self,
        z: Tensor,
        c: Tensor | None = None,
        *,
        truncation: float = 1.0,
        noise: Noise = "random",
        rng: torch.Generator | None = None,
    ) -> Tensor:
        """Pictures (N, channels, resolution, resolution), about [-1, 1], of latents z (N, z_dim) and one-hot c."""
        raise NotImplementedError

    def with_codes(
        self, z: Tensor, c: Tensor | None = None, *, rng: torch.Generator | None = None
    ) -> tuple[Tensor, Tensor]:
        """Pictures and the intermediate codes (N, layers, w_dim) behind them, for the path length penalty.

        Raises:
            UserError: the network has no intermediate latent space (the neutral answer).
        """
        raise UserError(f"{type(self).__name__} has no intermediate latents: the path length penalty cannot be used")

    def observe(self, z: Tensor, c: Tensor | None = None) -> None:
        """Takes note of latents seen in training, for what truncation needs; the neutral answer is nothing."""

    def blocks(self) -> dict[int, tuple[str, ...]]:
        """Resolution of a block's feature map -> dotted names of its submodules, low to high.

        The output of the last named module is the block's feature map.
        """
        raise NotImplementedError

    def config(self) -> JSON:
        """The constructor's arguments as JSON values; `fronted.build_generator` makes the network of them, undrawn."""
        raise NotImplementedError

    def init_weights(self, rng: torch.Generator) -> None:
        """Draws every weight from rng (a CPU generator): the same seed gives the same network."""
        raise NotImplementedError


class Discriminator(nn.Module):
    """Tells real pictures from made ones: a logit for each picture, high for real.

    A fresh network holds zeros (and neutral biases); `init_weights` draws it, or a state dict fills it.

    Attributes:
        c_dim: number of classes; 0 for an unconditional network.
        resolution: height and width of a picture, in pixels.
        channels: colour channels of a picture.
        adversary: whether it plays against G; False for the encoder of a VAE, which stands in D's place.
    """

    adversary: bool = True

    def __init__(self, c_dim: int, resolution: int, channels: int) -> None:
        super().__init__()
        self.c_dim, self.resolution, self.channels = c_dim, resolution, channels

    def forward(self, images: Tensor, c: Tensor | None = None) -> Tensor:
        """Logits (N, 1) of images (N, channels, resolution, resolution) in [-1, 1] and one-hot c (N, c_dim)."""
        raise NotImplementedError

    def blocks(self) -> dict[int, tuple[str, ...]]:
        """Resolution that a block reads -> dotted names of its submodules, high to low; the head is in none.

        The output of the last named module is the block's feature map.
        """
        raise NotImplementedError

    def config(self) -> JSON:
        """The constructor's arguments as JSON values: `type(d)(**d.config())` is the same network, undrawn."""
        raise NotImplementedError

    def init_weights(self, rng: torch.Generator) -> None:
        """Draws every weight from rng (a CPU generator): the same seed gives the same network."""
        raise NotImplementedError


def check_resolution(resolution: int, lowest: int = 16, highest: int = 1024) -> None:
    """Refuses a picture size that the networks cannot have.

    Args:
        resolution: height and width, in pixels.
        lowest: the smallest size allowed.
        highest: the largest size allowed.

    Raises:
        UserError: resolution is not a power of two within the bounds.

    >>> check_resolution(64)
    """
    if not lowest <= resolution <= highest or resolution & (resolution - 1):
        raise UserError(f"resolution must be a power of two from {lowest} to {highest}, not {resolution}")


def resolutions(top: int) -> list[int]:
    """The block sizes of a network, low to high.

    Args:
        top: the picture's size, a power of two.

    >>> resolutions(32)
    [4, 8, 16, 32]
    """
    return [2**power for power in range(2, top.bit_length())]


def width(resolution: int, channel_base: int, channel_max: int) -> int:
    """Feature channels at a resolution: min(channel_base / resolution, channel_max).

    Args:
        resolution: of the feature map, in pixels.
        channel_base: channels times pixels that the wide blocks share.
        channel_max: the most channels that any block has.

    Raises:
        UserError: channel_base leaves no channel at this resolution.

    >>> width(64, 1024, 128)
    16
    """
    channels = min(channel_base // resolution, channel_max)
    if channels < 1:
        raise UserError(
            f"channel_base {channel_base} and channel_max {channel_max} leave no channel at {resolution} px"
        )
    return channels


def checked_labels(c: Tensor | None, c_dim: int, count: int) -> Tensor:
    """The labels of a conditional network, refused when they do not fit it.

    Args:
        c: one-hot labels (N, c_dim), or None.
        c_dim: the network's number of classes.
        count: N, the batch size.

    Returns:
        c.

    Raises:
        UserError: there are no labels, or they have the wrong shape.

    >>> checked_labels(torch.eye(3), 3, 3).shape
    torch.Size([3, 3])
    """
    if c is None or c.shape != (count, c_dim):
        given = "none" if c is None else str(tuple(c.shape))
        raise UserError(f"this network has {c_dim} classes: labels c must have shape (N, {c_dim}), not {given}")
    return c
