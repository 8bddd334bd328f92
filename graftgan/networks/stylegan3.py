"""StyleGAN3's generator: features that move with the picture instead of sticking to its pixels.

Source: Karras et al. 2021, "Alias-Free Generative Adversarial Networks", arXiv 2106.12423; configurations T (moves) and
R (moves and turns). Names and shapes of the state dict are those of NVIDIA's files, so that theirs load strictly. It
is sampled and exported, not trained: `magnitude_ema`, which training follows, stays as it is.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn

from graftgan.networks.base import JSON, Generator, Noise
from graftgan.networks.layers import draw_all
from graftgan.networks.mapping import Mapping
from graftgan.networks.stylegan3_layers import FilteredLayer, WaveInput
from graftgan.networks.stylegan3_plan import LayerPlan, plan_layers


class Synthesis(nn.Module):
    """Styles to pictures: waves, then one layer after the other; a picture's margin is cut off by the last.

    Args:
        plans: of the layers, low to high.
        w_dim: length of a style.
        conv_clamp: limit of every activation's result; None for none.
        output_scale: factor on the picture.
    """

    def __init__(self, plans: list[LayerPlan], w_dim: int, conv_clamp: float | None, output_scale: float) -> None:
        super().__init__()
        self.plans, self.output_scale = plans, output_scale
        self.num_ws = len(plans) + 1
        self.input = WaveInput(w_dim, plans[0].source)
        for plan in plans:
            self.add_module(plan.name, FilteredLayer(plan, w_dim, conv_clamp))

    def forward(self, ws: Tensor, *, noise: Noise = "const", rng: torch.Generator | None = None) -> Tensor:
        """Pictures (N, channels, resolution, resolution) in the styles ws (N, num_ws, w_dim).

        Args:
            ws: the first steers the input, each other one a layer.
            noise: unused, there is none.
            rng: unused.
        """
        first, *rest = ws.unbind(dim=1)
        x = self.input(first)
        if x.device.type == "cpu":
            # Depthwise convolutions of the filters: 3 to 8 times as fast as in contiguous memory.
            x = x.contiguous(memory_format=torch.channels_last)
        for plan, w in zip(self.plans, rest, strict=True):
            x = cast(FilteredLayer, self.get_submodule(plan.name))(x, w)
        return x * self.output_scale


class StyleGAN3Generator(Generator):
    """Latents to pictures by way of styles, without aliasing.

    Args:
        resolution: height and width of a picture: a power of two from 16 to 1024.
        channel_base: channels of a layer with cutoff f are channel_base / (2 f), at most channel_max.
        channel_max: the most channels that any layer has.
        channels: colour channels.
        c_dim: number of classes; 0 for none.
        z_dim: length of a latent.
        w_dim: length of a style.
        mapping_layers: depth of the mapping network.
        mapping_lr_mult: learning rate of the mapping network relative to the rest.
        conv_clamp: limit of every activation's result; None for none.
        num_layers: layers without the one that makes colours.
        num_critical: of them, those at the end that sample at the least rate possible.
        first_cutoff: of the input, in cycles a picture.
        first_stopband: frequency from which the input's filter lets nothing pass.
        last_stopband_rel: of the last layer, relative to its cutoff.
        margin_size: samples around the picture, on each side, in all layers but the last two.
        output_scale: factor on the picture.
        conv_kernel: height and width of the convolutions: 3 for T, 1 for R.
        filter_size: length of the filters, in samples at the lower rate.
        lrelu_upsampling: factor on the sampling rate for the activation.
        use_radial_filters: whether filters after the activation are round: False for T, True for R.

    Attributes:
        mapping: `mapping(z, c, truncation=1.0)` -> styles ws (N, num_ws, w_dim).
        synthesis: `synthesis(ws)` -> pictures.
        num_ws: styles a picture takes, num_layers + 2.

    Raises:
        UserError: there is no such network.

    >>> g = StyleGAN3Generator(16, channel_base=64, channel_max=8, z_dim=8, w_dim=8, num_layers=4)
    >>> g.init_weights(torch.Generator().manual_seed(0))
    >>> g(torch.ones(2, 8)).shape
    torch.Size([2, 3, 16, 16])
    """

    truncates_latents = False

    def __init__(
        self,
        resolution: int,
        channel_base: int = 32768,
        channel_max: int = 512,
        channels: int = 3,
        c_dim: int = 0,
        z_dim: int = 512,
        w_dim: int = 512,
        mapping_layers: int = 2,
        mapping_lr_mult: float = 0.01,
        conv_clamp: float | None = 256,
        num_layers: int = 14,
        num_critical: int = 2,
        first_cutoff: float = 2,
        first_stopband: float = 2**2.1,
        last_stopband_rel: float = 2**0.3,
        margin_size: int = 10,
        output_scale: float = 0.25,
        conv_kernel: int = 3,
        filter_size: int = 6,
        lrelu_upsampling: int = 2,
        use_radial_filters: bool = False,
    ) -> None:
        super().__init__(z_dim, c_dim, resolution, channels)
        shape = dict(
            num_layers=num_layers,
            num_critical=num_critical,
            first_cutoff=first_cutoff,
            first_stopband=first_stopband,
            last_stopband_rel=last_stopband_rel,
            margin_size=margin_size,
            conv_kernel=conv_kernel,
            filter_size=filter_size,
            lrelu_upsampling=lrelu_upsampling,
            use_radial_filters=use_radial_filters,
        )
        plans = plan_layers(resolution, channel_base, channel_max, channels, **shape)  # type: ignore[arg-type]
        self.synthesis = Synthesis(plans, w_dim, conv_clamp, output_scale)
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
            output_scale=output_scale,
            **shape,
        )

    def forward(
        self,
        z: Tensor,
        c: Tensor | None = None,
        *,
        truncation: float = 1.0,
        noise: Noise = "const",
        rng: torch.Generator | None = None,
    ) -> Tensor:
        """Pictures (N, channels, resolution, resolution) of latents z (N, z_dim).

        Args:
            z: latents, standard normal.
            c: one-hot labels (N, c_dim), where the network has classes.
            truncation: pulls styles towards their average below 1.
            noise: unused, there is none.
            rng: unused.

        Raises:
            UserError: labels that do not fit.
        """
        return cast(Tensor, self.synthesis(self.mapping(z, c, truncation)))

    def with_codes(
        self, z: Tensor, c: Tensor | None = None, *, rng: torch.Generator | None = None
    ) -> tuple[Tensor, Tensor]:
        """Pictures, and the styles ws (N, num_ws, w_dim) behind them, by which they can be differentiated."""
        ws = self.mapping(z, c)
        ws = ws if ws.requires_grad else ws.detach().requires_grad_()
        return self.synthesis(ws), ws

    def blocks(self) -> dict[int, tuple[str, ...]]:
        """Sampling rate -> its layers, low to high; a map has a margin around the picture but for the last two."""
        found: dict[int, tuple[str, ...]] = {self.synthesis.plans[0].source.rate: ("synthesis.input",)}
        for plan in self.synthesis.plans:
            found[plan.result.rate] = (*found.get(plan.result.rate, ()), f"synthesis.{plan.name}")
        return found

    def config(self) -> JSON:
        """The constructor's arguments."""
        return dict(self._config)

    def init_weights(self, rng: torch.Generator) -> None:
        """Draws every weight from rng and designs the filters; w_avg starts at zero, as published."""
        draw_all(self, rng)
        self.mapping.w_avg.zero_()
