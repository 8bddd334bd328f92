"""A variational autoencoder (Kingma and Welling 2013, arXiv 1312.6114) in the shape of a DCGAN.

The decoder stands in G's place and the encoder in D's, with the convolutions that a DCGAN of the same options has
(Radford, Metz, Chintala 2015, arXiv 1511.06434), so that the two kinds of generator differ in how they are trained and
in little else. Deviation from DCGAN: group norm (Wu and He 2018, arXiv 1803.08494) instead of batch norm. A decoder
learns from the encoder's latents but is sampled from the prior's, and few-shot batches are small: with group norm a
picture depends neither on its batch nor on statistics of another kind of latents. The first convolution of each network
has a bias, without which the norm would make the encoder blind to contrast and the decoder to a latent's length.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from graftgan.networks.base import JSON, Discriminator, Generator, Noise, resolutions, width
from graftgan.networks.strided import check_unconditional, conv4, falling_blocks, rising_blocks

MOST_GROUPS = 8
LEAST_IN_GROUP = 8


class VAEDecoder(Generator):
    """Latents to pictures: a transposed convolution to 4 px, then one for each doubling, group norm and ReLU between.

    Args:
        resolution: height and width of a picture: a power of two from 16 to 1024.
        channel_base: channels at a resolution R below the picture's are min(channel_base / R, channel_max).
        channel_max: the most channels that any block has.
        channels: colour channels.
        c_dim: must be 0; the network knows no classes.
        z_dim: length of a latent; the encoder's must be the same.

    Raises:
        UserError: the resolution or the channel numbers cannot be, or c_dim is not 0.

    >>> g = VAEDecoder(16, channel_base=64, channel_max=8, z_dim=4)
    >>> g.init_weights(torch.Generator().manual_seed(0))
    >>> g(torch.ones(2, 4)).shape
    torch.Size([2, 3, 16, 16])
    """

    def __init__(
        self,
        resolution: int,
        channel_base: int = 2048,
        channel_max: int = 512,
        channels: int = 3,
        c_dim: int = 0,
        z_dim: int = 100,
    ) -> None:
        check_unconditional("vae", resolution, c_dim)
        super().__init__(z_dim, c_dim, resolution, channels)
        self.channel_base, self.channel_max = channel_base, channel_max
        layers: list[nn.Module] = []
        inputs = z_dim
        for size in resolutions(resolution // 2):
            outputs = width(size, channel_base, channel_max)
            stride, padding = (1, 0) if size == 4 else (2, 1)
            conv = conv4(nn.ConvTranspose2d, inputs, outputs, stride, padding, bias=size == 4)
            layers += [conv, _norm(outputs), nn.ReLU()]
            inputs = outputs
        self.main = nn.Sequential(*layers, conv4(nn.ConvTranspose2d, inputs, channels, 2, 1), nn.Tanh())

    def forward(
        self,
        z: Tensor,
        c: Tensor | None = None,
        *,
        truncation: float = 1.0,
        noise: Noise = "random",
        rng: torch.Generator | None = None,
    ) -> Tensor:
        """Mean pictures (N, channels, resolution, resolution) in (-1, 1) of latents z (N, z_dim).

        The decoder's distribution has a variance, too; what is shown is its mean, as is usual: the variance is white
        noise over it.

        Args:
            z: latents, standard normal; (N, z_dim, 1, 1) is taken too.
            c: unused.
            truncation: factor on z: below 1, latents nearer to the middle (fewer surprises, less variety).
            noise: unused, there is none.
            rng: unused.
        """
        return self.main(z.reshape(len(z), self.z_dim, 1, 1) * truncation)

    def blocks(self) -> dict[int, tuple[str, ...]]:
        """Resolution -> its convolution, group norm and activation, low to high; the last map is the picture."""
        return rising_blocks(self.resolution)

    def config(self) -> JSON:
        """The constructor's arguments."""
        return _config(self) | {"z_dim": self.z_dim}

    def init_weights(self, rng: torch.Generator) -> None:
        """Draws convolutions from N(0, 0.02), as DCGAN does, and the bias from N(0, 0.1)."""
        _draw(self, rng)


class VAEEncoder(Discriminator):
    """Pictures to normal distributions over latents: strided convolutions down to 4 px, then mean and log variance.

    Args:
        resolution: height and width of a picture: a power of two from 16 to 1024.
        channel_base: channels at a resolution R below the picture's are min(channel_base / R, channel_max).
        channel_max: the most channels that any block has.
        channels: colour channels.
        c_dim: must be 0; the network knows no classes.
        z_dim: length of a latent.

    Raises:
        UserError: the resolution or the channel numbers cannot be, or c_dim is not 0.

    >>> encoder = VAEEncoder(16, channel_base=64, channel_max=8, z_dim=4)
    >>> mean, log_variance = encoder.posterior(torch.zeros(2, 3, 16, 16))
    >>> mean.shape, log_variance.shape
    (torch.Size([2, 4]), torch.Size([2, 4]))
    """

    adversary = False

    def __init__(
        self,
        resolution: int,
        channel_base: int = 2048,
        channel_max: int = 512,
        channels: int = 3,
        c_dim: int = 0,
        z_dim: int = 100,
    ) -> None:
        check_unconditional("vae", resolution, c_dim)
        super().__init__(c_dim, resolution, channels)
        self.channel_base, self.channel_max, self.z_dim = channel_base, channel_max, z_dim
        layers: list[nn.Module] = []
        inputs = channels
        for size in reversed(resolutions(resolution // 2)):
            outputs = width(size, channel_base, channel_max)
            layers.append(conv4(nn.Conv2d, inputs, outputs, 2, 1, bias=size == resolution // 2))
            if size < resolution // 2:
                layers.append(_norm(outputs))
            layers.append(nn.LeakyReLU(0.2))
            inputs = outputs
        self.main = nn.Sequential(*layers, conv4(nn.Conv2d, inputs, 2 * z_dim, 1, 0, bias=True))

    def posterior(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log variance, (N, z_dim) each, of the latents of images (N, channels, resolution, resolution)."""
        mean, log_variance = self.main(images).flatten(1).chunk(2, dim=1)
        return mean, log_variance

    def forward(self, images: Tensor, c: Tensor | None = None) -> Tensor:
        """Minus the information (N, 1) that the latents hold of each picture, in nats; c is unused.

        That is -KL(posterior, prior): no opinion on real or made, but a number a picture for those who ask.
        """
        mean, log_variance = self.posterior(images)
        return (1 + log_variance - mean.square() - log_variance.exp()).sum(dim=1, keepdim=True) / 2

    def blocks(self) -> dict[int, tuple[str, ...]]:
        """Resolution that a block reads -> its layers, high to low; the convolution to the latents is in none."""
        return falling_blocks(self.resolution)

    def config(self) -> JSON:
        """The constructor's arguments."""
        return _config(self) | {"z_dim": self.z_dim}

    def init_weights(self, rng: torch.Generator) -> None:
        """Draws convolutions from N(0, 0.02), as DCGAN does, and biases from N(0, 0.1)."""
        _draw(self, rng)


def _config(network: VAEDecoder | VAEEncoder) -> JSON:
    return dict(
        resolution=network.resolution,
        channel_base=network.channel_base,
        channel_max=network.channel_max,
        channels=network.channels,
        c_dim=network.c_dim,
    )


def _norm(channels: int) -> nn.GroupNorm:
    # Few channels make few groups: a group of one channel would wipe out how strong each feature is in a picture.
    return nn.GroupNorm(math.gcd(channels, MOST_GROUPS, max(1, channels // LEAST_IN_GROUP)), channels)


@torch.no_grad()
def _draw(network: VAEDecoder | VAEEncoder, rng: torch.Generator) -> None:
    for layer in network.main:
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
            layer.weight.copy_(torch.randn(layer.weight.shape, generator=rng, dtype=layer.weight.dtype) * 0.02)
            if layer.bias is not None:
                # About as strong as what it is added to, so that the norm hides nothing from the start.
                layer.bias.copy_(torch.randn(layer.bias.shape, generator=rng, dtype=layer.bias.dtype) * 0.1)
        if isinstance(layer, nn.GroupNorm):
            layer.reset_parameters()
