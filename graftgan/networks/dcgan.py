"""DCGAN (Radford, Metz, Chintala 2015, arXiv 1511.06434): stacked strided convolutions with batch norm.

At 64 px with channel_base 2048 and channel_max 512 the state dict is, name for name, that of the widespread PyTorch
example, so that its checkpoints load. Deviations: D returns logits (no sigmoid), and no activation works in place.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from graftgan.errors import UserError
from graftgan.networks.base import JSON, Discriminator, Generator, Noise, resolutions, width
from graftgan.networks.strided import check_unconditional, conv4, falling_blocks, rising_blocks


class DCGANGenerator(Generator):
    """Latents to pictures: a transposed convolution to 4 px, then one for each doubling, batch norm and ReLU between.

    Args:
        resolution: height and width of a picture: a power of two from 16 to 1024.
        channel_base: channels at a resolution R below the picture's are min(channel_base / R, channel_max).
        channel_max: the most channels that any block has.
        channels: colour channels.
        c_dim: must be 0; the network knows no classes.
        z_dim: length of a latent.
        layer_norm: normalise each picture by itself (Ba et al. 2016, arXiv 1607.06450) instead of over the batch, so
            that a picture depends on nothing but its latent, in training too; few-shot inner loops need that.

    Raises:
        UserError: the resolution or the channel numbers cannot be, or c_dim is not 0.

    >>> g = DCGANGenerator(16, channel_base=64, channel_max=8, z_dim=4)
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
        layer_norm: bool = False,
    ) -> None:
        check_unconditional("dcgan", resolution, c_dim)
        super().__init__(z_dim, c_dim, resolution, channels)
        self.channel_base, self.channel_max, self.layer_norm = channel_base, channel_max, layer_norm
        layers: list[nn.Module] = []
        inputs = z_dim
        for size in resolutions(resolution // 2):
            outputs = width(size, channel_base, channel_max)
            stride, padding = (1, 0) if size == 4 else (2, 1)
            conv = conv4(nn.ConvTranspose2d, inputs, outputs, stride, padding)
            layers += [conv, _norm(outputs, layer_norm), nn.ReLU()]
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
        """Pictures (N, channels, resolution, resolution) in (-1, 1) of latents z (N, z_dim).

        Args:
            z: latents, standard normal; (N, z_dim, 1, 1) is taken too.
            c: unused.
            truncation: factor on z: below 1, latents nearer to the middle (fewer surprises, less variety).
            noise: unused, there is none.
            rng: unused.
        """
        return self.main(z.reshape(len(z), self.z_dim, 1, 1) * truncation)

    def blocks(self) -> dict[int, tuple[str, ...]]:
        """Resolution -> its convolution, batch norm and activation, low to high; the last map is the picture."""
        return rising_blocks(self.resolution)

    def config(self) -> JSON:
        """The constructor's arguments."""
        return dict(
            resolution=self.resolution,
            channel_base=self.channel_base,
            channel_max=self.channel_max,
            channels=self.channels,
            c_dim=self.c_dim,
            z_dim=self.z_dim,
            **({"layer_norm": True} if self.layer_norm else {}),
        )

    def init_weights(self, rng: torch.Generator) -> None:
        """Draws convolutions from N(0, 0.02) and batch norm scales from N(1, 0.02), as the widespread example does."""
        _draw(self.main, rng)


class DCGANDiscriminator(Discriminator):
    """Pictures to logits: strided convolutions down to 4 px, batch norm and leaky ReLU (slope 0.2) between.

    Args:
        resolution: height and width of a picture: a power of two from 16 to 1024.
        channel_base: channels at a resolution R below the picture's are min(channel_base / R, channel_max).
        channel_max: the most channels that any block has.
        channels: colour channels.
        c_dim: must be 0; the network knows no classes.
        layer_norm: as in the generator.

    Raises:
        UserError: the resolution or the channel numbers cannot be, or c_dim is not 0.

    >>> DCGANDiscriminator(16, channel_base=64, channel_max=8)(torch.zeros(2, 3, 16, 16)).shape
    torch.Size([2, 1])
    """

    def __init__(
        self,
        resolution: int,
        channel_base: int = 2048,
        channel_max: int = 512,
        channels: int = 3,
        c_dim: int = 0,
        layer_norm: bool = False,
    ) -> None:
        check_unconditional("dcgan", resolution, c_dim)
        super().__init__(c_dim, resolution, channels)
        self.channel_base, self.channel_max, self.layer_norm = channel_base, channel_max, layer_norm
        layers: list[nn.Module] = []
        inputs = channels
        for size in reversed(resolutions(resolution // 2)):
            outputs = width(size, channel_base, channel_max)
            layers.append(conv4(nn.Conv2d, inputs, outputs, 2, 1))
            if size < resolution // 2:
                layers.append(_norm(outputs, layer_norm))
            layers.append(nn.LeakyReLU(0.2))
            inputs = outputs
        self.main = nn.Sequential(*layers, conv4(nn.Conv2d, inputs, 1, 1, 0))

    def forward(self, images: Tensor, c: Tensor | None = None) -> Tensor:
        """Logits (N, 1) of images (N, channels, resolution, resolution) in [-1, 1]; c is unused."""
        return self.main(images).reshape(-1, 1)

    def blocks(self) -> dict[int, tuple[str, ...]]:
        """Resolution that a block reads -> its layers, high to low; the convolution to the logit is in none."""
        return falling_blocks(self.resolution)

    def config(self) -> JSON:
        """The constructor's arguments."""
        return dict(
            resolution=self.resolution,
            channel_base=self.channel_base,
            channel_max=self.channel_max,
            channels=self.channels,
            c_dim=self.c_dim,
            **({"layer_norm": True} if self.layer_norm else {}),
        )

    def init_weights(self, rng: torch.Generator) -> None:
        """Draws convolutions from N(0, 0.02) and batch norm scales from N(1, 0.02), as the widespread example does."""
        _draw(self.main, rng)


def config_from_state_dict(weights: Mapping[str, Tensor]) -> JSON:
    """The constructor's arguments of the DCGAN that a plain state dict belongs to, read from its shapes.

    Args:
        weights: names and tensors of a `DCGANGenerator` or `DCGANDiscriminator`, or of the widespread PyTorch example.

    Returns:
        For a generator (it has `z_dim`) or a discriminator: `cls(**config)` then loads the weights strictly.

    Raises:
        UserError: the names or shapes are not those of such a network.

    >>> g = DCGANGenerator(32, channel_base=64, channel_max=8, z_dim=4)
    >>> config_from_state_dict(g.state_dict()) == g.config()
    True
    """
    convs = {int(name.split(".")[1]): t for name, t in weights.items() if t.ndim == 4 and _is_conv(name)}
    shapes = [tuple(convs[index].shape) for index in sorted(convs)]
    if len(shapes) < 3 or len(shapes) > 9 or any(shape[2:] != (4, 4) for shape in shapes):
        raise UserError("these weights are not a DCGAN's: it has 3 to 9 convolutions main.N.weight of 4x4")
    # The generator's first convolution is followed by batch norm, the discriminator's is not.
    generator = "main.1.weight" in weights
    widths = [shape[1] for shape in shapes[:-1]] if generator else [shape[0] for shape in shapes[-2::-1]]
    resolution = 2 ** (len(shapes) + 1)
    config: JSON = dict(
        resolution=resolution,
        channel_base=widths[-1] * resolution // 2,
        channel_max=max(widths),
        channels=shapes[-1][1] if generator else shapes[0][1],
        c_dim=0,
    )
    if generator:
        config["z_dim"] = shapes[0][0]
    # Before anything is built: widths that follow no rule could ask for far more memory than the weights have.
    if any(width(4 << at, config["channel_base"], config["channel_max"]) != found for at, found in enumerate(widths)):
        raise UserError(f"these weights are not a DCGAN's: their channels {widths} are not min(base / R, most)")
    wanted: nn.Module = DCGANGenerator(**config) if generator else DCGANDiscriminator(**config)
    for name, tensor in wanted.state_dict().items():
        if name not in weights or weights[name].shape != tensor.shape:
            found = f"is {tuple(weights[name].shape)}" if name in weights else "is not among them"
            raise UserError(f"these weights are not a whole DCGAN's: {name}, {tuple(tensor.shape)} there, {found}")
    return config


def _is_conv(name: str) -> bool:
    parts = name.split(".")
    return len(parts) == 3 and parts[0] == "main" and parts[1].isdecimal() and parts[2] == "weight"


def _norm(channels: int, layer_norm: bool) -> nn.Module:
    """Returns a norm over the batch, or over each picture (a group norm of one group)."""
    return nn.GroupNorm(1, channels) if layer_norm else nn.BatchNorm2d(channels)


@torch.no_grad()
def _draw(main: nn.Sequential, rng: torch.Generator) -> None:
    for layer in main:
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d | nn.BatchNorm2d | nn.GroupNorm):
            mean = 0.0 if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d) else 1.0
            drawn = torch.randn(layer.weight.shape, generator=rng, dtype=layer.weight.dtype)
            layer.weight.copy_(drawn * 0.02 + mean)
        if isinstance(layer, nn.BatchNorm2d | nn.GroupNorm):
            layer.bias.zero_()
        if isinstance(layer, nn.BatchNorm2d):
            layer.reset_running_stats()
