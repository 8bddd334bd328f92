"""StyleGAN2's discriminator: residual blocks that halve the picture, and a look at how alike a batch is.

Source: Karras et al. 2019, arXiv 1912.04958, with the conditioning of StyleGAN2-ADA (Karras et al. 2020, arXiv
2006.06676). Names and shapes of the state dict are those of NVIDIA's StyleGAN2-ADA files, so that theirs load
strictly.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from graftgan.networks.base import JSON, Discriminator, check_resolution, checked_labels, resolutions, width
from graftgan.networks.layers import Conv, FullyConnected, draw_all, minibatch_std
from graftgan.networks.mapping import Mapping
from graftgan.networks.resample import lowpass_filter


class DiscriminatorBlock(nn.Module):
    """One resolution of the discriminator: two convolutions that halve the picture, beside a linear way past them.

    Args:
        colours: colour channels where the block reads pictures; 0 where it reads features.
        inputs: channels of its features.
        outputs: channels that go out.
        conv_clamp: limit of every layer's result; None for none.
    """

    resample_filter: Tensor

    def __init__(self, colours: int, inputs: int, outputs: int, conv_clamp: float | None) -> None:
        super().__init__()
        half = math.sqrt(0.5)
        self.register_buffer("resample_filter", lowpass_filter())
        self.fromrgb = Conv(colours, inputs, 1, conv_clamp=conv_clamp) if colours else None
        self.conv0 = Conv(inputs, inputs, 3, conv_clamp=conv_clamp)
        self.conv1 = Conv(inputs, outputs, 3, down=True, gain=half, conv_clamp=conv_clamp)
        self.skip = Conv(inputs, outputs, 1, bias=False, down=True, activate=False, gain=half)

    def forward(self, x: Tensor) -> Tensor:
        """Features (N, outputs, H / 2, W / 2) of pictures or features x (N, ..., H, W)."""
        if self.fromrgb is not None:
            x = self.fromrgb(x)
        return self.skip(x) + self.conv1(self.conv0(x))


class Epilogue(nn.Module):
    """The end of the discriminator: from 4 px features to a row that the logit is made of.

    Args:
        channels: of the features.
        outputs: length of the row, 1 for an unconditional network.
        group: pictures that minibatch deviation compares.
        conv_clamp: limit of the convolution's result; None for none.
    """

    def __init__(self, channels: int, outputs: int, group: int, conv_clamp: float | None) -> None:
        super().__init__()
        self.group = group
        self.conv = Conv(channels + 1, channels, 3, conv_clamp=conv_clamp)
        self.fc = FullyConnected(channels * 16, channels, activate=True)
        self.out = FullyConnected(channels, outputs)

    def forward(self, x: Tensor) -> Tensor:
        """Rows (N, outputs) of features x (N, channels, 4, 4)."""
        return self.out(self.fc(self.conv(minibatch_std(x, self.group)).flatten(1)))


class StyleGAN2Discriminator(Discriminator):
    """Pictures to logits.

    With classes the logit is the picture's row projected on the label's (Miyato, Koyama 2018, arXiv 1802.05637),
    divided by the square root of its length.

    Args:
        resolution: height and width of a picture: a power of two from 16 to 1024.
        channel_base: channels at a resolution R are min(channel_base / R, channel_max).
        channel_max: the most channels that any block has.
        channels: colour channels.
        c_dim: number of classes; 0 for none.
        mapping_layers: depth of the labels' mapping; unused without classes.
        mapping_lr_mult: its learning rate relative to the rest.
        mbstd_group: pictures that minibatch deviation compares; any batch size works (`minibatch_std`).
        conv_clamp: limit of every convolution's result; None for none.

    Raises:
        UserError: the resolution or the channel numbers cannot be.

    >>> d = StyleGAN2Discriminator(16, channel_base=64, channel_max=8)
    >>> d(torch.zeros(2, 3, 16, 16)).shape
    torch.Size([2, 1])
    """

    def __init__(
        self,
        resolution: int,
        channel_base: int = 16384,
        channel_max: int = 512,
        channels: int = 3,
        c_dim: int = 0,
        mapping_layers: int = 8,
        mapping_lr_mult: float = 0.01,
        mbstd_group: int = 4,
        conv_clamp: float | None = None,
    ) -> None:
        check_resolution(resolution)
        super().__init__(c_dim, resolution, channels)
        self.sizes = resolutions(resolution)[:0:-1]
        for size in self.sizes:
            inputs, outputs = (width(at, channel_base, channel_max) for at in (size, size // 2))
            colours = channels if size == resolution else 0
            self.add_module(f"b{size}", DiscriminatorBlock(colours, inputs, outputs, conv_clamp))
        last = width(4, channel_base, channel_max)
        if c_dim:
            self.mapping = Mapping(0, c_dim, last, 0, layers=mapping_layers, lr_mult=mapping_lr_mult, averaged=False)
        self.b4 = Epilogue(last, last if c_dim else 1, mbstd_group, conv_clamp)
        self._config = dict(
            resolution=resolution,
            channel_base=channel_base,
            channel_max=channel_max,
            channels=channels,
            c_dim=c_dim,
            mapping_layers=mapping_layers,
            mapping_lr_mult=mapping_lr_mult,
            mbstd_group=mbstd_group,
            conv_clamp=conv_clamp,
        )

    def forward(self, images: Tensor, c: Tensor | None = None) -> Tensor:
        """Logits (N, 1) of images (N, channels, resolution, resolution) in [-1, 1].

        Args:
            images: pictures.
            c: one-hot labels (N, c_dim), where the network has classes.

        Raises:
            UserError: labels that do not fit.
        """
        x = images
        for size in self.sizes:
            x = self.get_submodule(f"b{size}")(x)
        x = self.b4(x)
        if self.c_dim:
            label = self.mapping(None, checked_labels(c, self.c_dim, len(x)))
            x = (x * label).sum(dim=1, keepdim=True) / math.sqrt(x.shape[1])
        return x

    def blocks(self) -> dict[int, tuple[str, ...]]:
        """Resolution that a block reads -> the block, high to low; at 4 px the convolution, with the head left out."""
        names: dict[int, tuple[str, ...]] = {size: (f"b{size}",) for size in self.sizes}
        return names | {4: ("b4.conv",)}

    def config(self) -> JSON:
        """The constructor's arguments."""
        return dict(self._config)

    def init_weights(self, rng: torch.Generator) -> None:
        """Draws every weight from rng."""
        draw_all(self, rng)
