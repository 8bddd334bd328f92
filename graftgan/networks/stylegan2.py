"""StyleGAN2's generator: styles steer every convolution, and every resolution adds its colours to the picture.

Source: Karras et al. 2019, arXiv 1912.04958, with the conditioning of StyleGAN2-ADA (Karras et al. 2020, arXiv
2006.06676). Names and shapes of the state dict are those of NVIDIA's StyleGAN2-ADA files, so that theirs load
strictly. The discriminator is in `stylegan2_discriminator`.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn

from graftgan.errors import UserError
from graftgan.networks.base import JSON, Generator, Noise, check_resolution, resolutions, width
from graftgan.networks.layers import Drawn, ModulatedConv, ToRGB, draw_all, fill_normal
from graftgan.networks.mapping import Mapping
from graftgan.networks.resample import lowpass_filter, upsample


class SynthesisBlock(Drawn):
    """One resolution of the generator: from the features below it to its own; `torgb` turns them into colours.

    Args:
        inputs: channels that come in; unused at 4 px, where a learnt constant starts the picture.
        outputs: channels that go out.
        w_dim: length of a style.
        resolution: of the result, in pixels.
        channels: colour channels.
        conv_clamp: limit of every layer's result; None for none.
    """

    resample_filter: Tensor

    def __init__(
        self, inputs: int, outputs: int, w_dim: int, resolution: int, channels: int, conv_clamp: float | None
    ) -> None:
        super().__init__()
        self.resolution = resolution
        self.register_buffer("resample_filter", lowpass_filter())
        if resolution == 4:
            self.const = nn.Parameter(torch.zeros(outputs, 4, 4))
        else:
            self.conv0 = ModulatedConv(inputs, outputs, w_dim, resolution, up=True, conv_clamp=conv_clamp)
        self.conv1 = ModulatedConv(outputs, outputs, w_dim, resolution, up=False, conv_clamp=conv_clamp)
        self.torgb = ToRGB(outputs, channels, w_dim, conv_clamp=conv_clamp)

    def convs(self) -> list[ModulatedConv]:
        """The block's convolutions, in order: one at 4 px, two above."""
        return [self.conv1] if self.resolution == 4 else [self.conv0, self.conv1]

    def forward(self, x: Tensor | None, ws: list[Tensor], noises: list[Tensor | None]) -> Tensor:
        """Features (N, outputs, resolution, resolution); ws (N, w_dim) and noises: one for each convolution."""
        features = self.const.expand(len(ws[0]), -1, -1, -1) if x is None else x
        for conv, w, noise in zip(self.convs(), ws, noises, strict=True):
            features = conv(features, w, noise)
        return features

    def draw(self, rng: torch.Generator) -> None:
        """Draws the constant, where there is one."""
        if self.resolution == 4:
            fill_normal(self.const, rng)


class Synthesis(nn.Module):
    """Styles to pictures: every block adds its colours to the enlarged picture below (the skip architecture).

    Args: as `StyleGAN2Generator`.
    """

    def __init__(
        self,
        w_dim: int,
        resolution: int,
        channels: int,
        channel_base: int,
        channel_max: int,
        conv_clamp: float | None,
    ) -> None:
        super().__init__()
        self.sizes = resolutions(resolution)
        self.num_ws = 2 * len(self.sizes)
        inputs = 0
        for size in self.sizes:
            outputs = width(size, channel_base, channel_max)
            self.add_module(f"b{size}", SynthesisBlock(inputs, outputs, w_dim, size, channels, conv_clamp))
            inputs = outputs

    def forward(self, ws: Tensor, *, noise: Noise = "random", rng: torch.Generator | None = None) -> Tensor:
        """Pictures (N, channels, resolution, resolution) in the styles ws (N, num_ws, w_dim).

        A block's colours share the style of the next block's first convolution.

        Raises:
            UserError: noise has no such value, or is "random" without an rng.
        """
        x: Tensor | None = None
        image: Tensor | None = None
        styles = list(ws.unbind(dim=1))
        for size in self.sizes:
            block = cast(SynthesisBlock, self.get_submodule(f"b{size}"))
            convs = block.convs()
            x = block(x, styles[: len(convs)], [_noise(conv.noise_const, len(ws), noise, rng) for conv in convs])
            styles = styles[len(convs) :]
            colours = block.torgb(x, styles[0])
            image = colours if image is None else upsample(image, block.resample_filter) + colours
        return cast(Tensor, image)


def _noise(const: Tensor, count: int, noise: Noise, rng: torch.Generator | None) -> Tensor | None:
    if noise == "none":
        return None
    if noise == "const":
        return const
    if noise != "random":
        raise UserError(f"noise must be random, const or none, not {noise!r}")
    if rng is None:
        raise UserError("noise='random' draws from rng: pass a torch.Generator, or noise='const' or 'none'")
    return torch.randn((count, 1, *const.shape), generator=rng, dtype=const.dtype).to(const.device)


class StyleGAN2Generator(Generator):
    """Latents to pictures by way of styles.

    Args:
        resolution: height and width of a picture: a power of two from 16 to 1024.
        channel_base: channels at a resolution R are min(channel_base / R, channel_max).
        channel_max: the most channels that any block has.
        channels: colour channels.
        c_dim: number of classes; 0 for none.
        z_dim: length of a latent.
        w_dim: length of a style.
        mapping_layers: depth of the mapping network (2 trains more steadily on small data, 8 as published).
        mapping_lr_mult: learning rate of the mapping network relative to the rest.
        conv_clamp: limit of every convolution's result (256 keeps half precision finite); None for none.

    Attributes:
        mapping: `mapping(z, c, truncation=1.0)` -> styles ws (N, num_ws, w_dim); `mapping.track(ws)` after a step.
        synthesis: `synthesis(ws, noise="const")` -> pictures.
        num_ws: styles a picture takes, 2 log2(resolution) - 2.

    Raises:
        UserError: the resolution or the channel numbers cannot be.

    >>> g = StyleGAN2Generator(16, channel_base=64, channel_max=8, z_dim=8, w_dim=8, mapping_layers=2)
    >>> g.init_weights(torch.Generator().manual_seed(0))
    >>> g(torch.ones(2, 8), noise="const").shape
    torch.Size([2, 3, 16, 16])
    """

    truncates_latents = False

    def __init__(
        self,
        resolution: int,
        channel_base: int = 16384,
        channel_max: int = 512,
        channels: int = 3,
        c_dim: int = 0,
        z_dim: int = 512,
        w_dim: int = 512,
        mapping_layers: int = 8,
        mapping_lr_mult: float = 0.01,
        conv_clamp: float | None = None,
    ) -> None:
        check_resolution(resolution)
        super().__init__(z_dim, c_dim, resolution, channels)
        self.synthesis = Synthesis(w_dim, resolution, channels, channel_base, channel_max, conv_clamp)
        self.num_ws = self.synthesis.num_ws
        self.mapping = Mapping(
            z_dim, c_dim, w_dim, self.num_ws, layers=mapping_layers, lr_mult=mapping_lr_mult, averaged=True
        )
        self._config = dict(
            resolution=resolution,
            channel_base=channel_base,
            channel_max=channel_max,
            channels=channels,
            c_dim=c_dim,
            z_dim=z_dim,
            w_dim=w_dim,
            mapping_layers=mapping_layers,
            mapping_lr_mult=mapping_lr_mult,
            conv_clamp=conv_clamp,
        )

    def forward(
        self,
        z: Tensor,
        c: Tensor | None = None,
        *,
        truncation: float = 1.0,
        noise: Noise = "random",
        rng: torch.Generator | None = None,
    ) -> Tensor:
        """Pictures (N, channels, resolution, resolution) of latents z (N, z_dim).

        Args:
            z: latents, standard normal.
            c: one-hot labels (N, c_dim), where the network has classes.
            truncation: pulls styles towards their average below 1.
            noise: "random" draws anew from rng, "const" repeats the stored noise, "none" leaves it out.
            rng: CPU generator; needed for random noise only.

        Raises:
            UserError: labels that do not fit, an unknown noise, or random noise without an rng.
        """
        return self.synthesis(self.mapping(z, c, truncation), noise=noise, rng=rng)

    def with_codes(
        self, z: Tensor, c: Tensor | None = None, *, rng: torch.Generator | None = None
    ) -> tuple[Tensor, Tensor]:
        """Pictures with random noise, and the styles ws (N, num_ws, w_dim) behind them.

        The pictures can be differentiated by the styles, also where the mapping network is frozen.
        """
        ws = self.mapping(z, c)
        ws = ws if ws.requires_grad else ws.detach().requires_grad_()
        return self.synthesis(ws, rng=rng), ws

    def observe(self, z: Tensor, c: Tensor | None = None) -> None:
        """Moves w_avg, the style that truncation pulls towards, to the mean style of these latents."""
        with torch.no_grad():
            self.mapping.track(self.mapping(z, c))

    def blocks(self) -> dict[int, tuple[str, ...]]:
        """Resolution -> its synthesis block (with its `torgb`), low to high; the block's output is its features."""
        return {size: (f"synthesis.b{size}",) for size in self.synthesis.sizes}

    def config(self) -> JSON:
        """The constructor's arguments."""
        return dict(self._config)

    def init_weights(self, rng: torch.Generator) -> None:
        """Draws every weight from rng; w_avg starts at zero, as published."""
        draw_all(self, rng)
        self.mapping.w_avg.zero_()
