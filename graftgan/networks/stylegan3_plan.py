"""StyleGAN3's plan: which frequencies every layer holds, and the sampling rates, sizes and filters that follow.

Source: Karras et al. 2021, "Alias-Free Generative Adversarial Networks", arXiv 2106.12423, section 3 and appendix C.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from graftgan.errors import UserError
from graftgan.networks.base import check_resolution

LIMITS = {
    "num_layers": (1, 64),
    "num_critical": (0, 63),
    "margin_size": (0, 64),
    "conv_kernel": (1, 7),
    "filter_size": (1, 16),
    "lrelu_upsampling": (1, 4),
}
"""Whole numbers that a plan may have: a false one must not ask for memory that its tensors do not show."""
PLANNED = (*LIMITS, "first_cutoff", "first_stopband", "last_stopband_rel", "use_radial_filters")
"""Arguments of `StyleGAN3Generator` that only its plan needs."""


@dataclass(frozen=True)
class Band:
    """A signal between two layers: what it may contain, and how it is sampled.

    Attributes:
        cutoff: frequency up to which it is kept, in cycles a picture.
        half_width: half the width of the transition band above, in the same unit.
        rate: samples a picture.
        size: samples along an axis, with the margin around the picture.
        channels: of its features.
    """

    cutoff: float
    half_width: float
    rate: int
    size: int
    channels: int


@dataclass(frozen=True)
class LayerPlan:
    """What one layer is built from.

    Attributes:
        index: from 0.
        source: the signal that comes in.
        result: the signal that goes out.
        torgb: whether it makes the picture's colours, without filters and activation.
        critical: whether it samples at the least rate possible.
        kernel: height and width of its convolution.
        up: factor from the rate of `source` to the rate of the activation.
        up_taps: length of the filter before the activation; 1 for none.
        down: factor from the rate of the activation to the rate of `result`.
        down_taps: length of the filter after the activation; 1 for none.
        radial: whether that filter is two-dimensional and round.
    """

    index: int
    source: Band
    result: Band
    torgb: bool
    critical: bool
    kernel: int
    up: int
    up_taps: int
    down: int
    down_taps: int
    radial: bool

    @property
    def name(self) -> str:
        """NVIDIA's name of the layer: its place, size and channels."""
        return f"L{self.index}_{self.result.size}_{self.result.channels}"

    @property
    def rate(self) -> int:
        """Samples a picture while the activation works."""
        return self.source.rate * self.up

    @property
    def padding(self) -> tuple[int, int]:
        """Zeros before and after each axis at the activation's rate, before the filter; below 0: samples cut off.

        So many that the result has its size, divided so that the picture stays in its middle.
        """
        wanted = (self.result.size - 1) * self.down + self.up_taps + self.down_taps - 1
        total = wanted - (self.source.size + self.kernel - 1) * self.up
        before = (total + self.up) // 2
        return before, total - before


def plan_layers(
    resolution: int,
    channel_base: int,
    channel_max: int,
    channels: int,
    *,
    num_layers: int,
    num_critical: int,
    first_cutoff: float,
    first_stopband: float,
    last_stopband_rel: float,
    margin_size: int,
    conv_kernel: int,
    filter_size: int,
    lrelu_upsampling: int,
    use_radial_filters: bool,
) -> list[LayerPlan]:
    """Returns the layers of a generator, the one that makes colours last.

    Formula: cutoff and stopband of layer i grow geometrically, f_i = f_0 (f_last / f_0)^t with t = i / (layers -
    critical), at most 1, and f_last = resolution / 2 for the cutoff. The rate is the least power of two from twice the
    stopband on, at most the resolution; channels are channel_base / (2 cutoff), at most channel_max.

    Args: as `StyleGAN3Generator`.

    Raises:
        UserError: there is no such network.

    >>> rest = dict(num_layers=14, num_critical=2, first_cutoff=2, first_stopband=2**2.1, last_stopband_rel=2**0.3)
    >>> rest |= dict(margin_size=10, conv_kernel=3, filter_size=6, lrelu_upsampling=2, use_radial_filters=False)
    >>> [layer.name for layer in plan_layers(256, 16384, 512, 3, **rest)][::7]
    ['L0_36_512', 'L7_148_362', 'L14_256_3']
    """
    check_resolution(resolution)
    whole = dict(
        num_layers=num_layers,
        num_critical=num_critical,
        margin_size=margin_size,
        conv_kernel=conv_kernel,
        filter_size=filter_size,
        lrelu_upsampling=lrelu_upsampling,
    )
    for name, value in whole.items():
        low, high = LIMITS[name]
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise UserError(f"{name} must be a whole number from {low} to {high}, not {value}")
    if num_critical >= num_layers:
        raise UserError(f"num_critical {num_critical}: fewer than the {num_layers} layers")
    bands = plan_bands(
        resolution,
        channel_base,
        channel_max,
        channels,
        num_layers=num_layers,
        num_critical=num_critical,
        first_cutoff=first_cutoff,
        first_stopband=first_stopband,
        last_stopband_rel=last_stopband_rel,
        margin_size=margin_size,
    )
    layers = []
    for index, result in enumerate(bands):
        source, torgb, critical = bands[max(index - 1, 0)], index == num_layers, index >= num_layers - num_critical
        rate = max(source.rate, result.rate) * (1 if torgb else lrelu_upsampling)
        up, down = rate // source.rate, rate // result.rate
        layers.append(
            LayerPlan(
                index=index,
                source=source,
                result=result,
                torgb=torgb,
                critical=critical,
                kernel=1 if torgb else conv_kernel,
                up=up,
                up_taps=filter_size * up if up > 1 and not torgb else 1,
                down=down,
                down_taps=filter_size * down if down > 1 and not torgb else 1,
                radial=bool(use_radial_filters) and not critical,
            )
        )
    return layers


def plan_bands(
    resolution: int,
    channel_base: int,
    channel_max: int,
    channels: int,
    *,
    num_layers: int,
    num_critical: int,
    first_cutoff: float,
    first_stopband: float,
    last_stopband_rel: float,
    margin_size: int,
) -> list[Band]:
    """Returns the signal that each layer answers; the first is also the input's. Arguments as of `plan_layers`.

    Raises:
        UserError: they leave a layer without channels, or without room for a filter between cutoff and stopband.
    """
    frequencies = dict(first_cutoff=first_cutoff, first_stopband=first_stopband, last_stopband_rel=last_stopband_rel)
    for name, value in frequencies.items():
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 2**20:
            raise UserError(f"{name} must be a number above 0, not {value}")
    last = resolution / 2
    steps = np.minimum(np.arange(num_layers + 1) / (num_layers - num_critical), 1.0)
    cutoffs = first_cutoff * (last / first_cutoff) ** steps
    stopbands = first_stopband * (last * last_stopband_rel / first_stopband) ** steps
    rates = np.exp2(np.ceil(np.log2(np.minimum(stopbands * 2, resolution))))
    half_widths = np.maximum(stopbands, rates / 2) - cutoffs
    if rates.min() < 1 or half_widths.min() <= 0 or rates[0] / 2 <= cutoffs[0]:
        given = ", ".join(f"{name} {value:g}" for name, value in frequencies.items())
        raise UserError(f"{given} leave a layer of {resolution} px no room between cutoff and stopband")
    sizes = rates + 2 * margin_size
    sizes[-2:] = resolution
    widths = np.rint(np.minimum((channel_base / 2) / cutoffs, channel_max))
    if widths.min() < 1:
        raise UserError(f"channel_base {channel_base} and channel_max {channel_max} leave a layer without channels")
    widths[-1] = channels
    return [
        Band(float(cutoff), float(half_width), int(rate), int(size), int(width))
        for cutoff, half_width, rate, size, width in zip(cutoffs, half_widths, rates, sizes, widths, strict=True)
    ]
