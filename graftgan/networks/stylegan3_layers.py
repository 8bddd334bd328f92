"""The parts of StyleGAN3: an input made of waves, and layers whose activation works at a higher sampling rate.

Source: Karras et al. 2021, "Alias-Free Generative Adversarial Networks", arXiv 2106.12423, section 3 and appendices B
to D. A filter of no length is None, as in NVIDIA's files.
"""

from __future__ import annotations

import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from graftgan.networks.layers import SLOPE, SQRT2, Drawn, FullyConnected, clamp, fill_normal
from graftgan.networks.stylegan3_plan import Band, LayerPlan


def design_lowpass(taps: int, cutoff: float, half_width: float, rate: float, radial: bool = False) -> np.ndarray:
    """Returns a low-pass filter: a Kaiser-windowed sinc for one axis, or a round one for both.

    Source: Karras et al. 2021, appendix C. Formula (radial): J1(2 pi cutoff r) / (pi r), under the product of two
    Kaiser windows, divided by its sum.

    Args:
        taps: length.
        cutoff: frequency that is halved, in cycles a picture.
        half_width: half the width of the transition band.
        rate: samples a picture.
        radial: round, for both axes at once.

    Returns:
        float64 (taps,), or (taps, taps) where radial; its sum is 1.

    >>> bool(abs(design_lowpass(12, 2.0, 6.0, 32).sum() - 1) < 1e-12)
    True
    """
    # SciPy's signal package takes long to import, and networks that are loaded need no design.
    from scipy import signal, special

    if not radial:
        return np.asarray(signal.firwin(taps, cutoff, width=2 * half_width, fs=rate))
    axis = (np.arange(taps) - (taps - 1) / 2) / rate
    radius = np.maximum(np.hypot(axis[:, None], axis[None, :]), 1e-12)
    window = np.kaiser(taps, signal.kaiser_beta(signal.kaiser_atten(taps, 4 * half_width / rate)))
    jinc = special.j1(2 * np.pi * cutoff * radius) / (np.pi * radius)
    kernel = jinc * window[:, None] * window[None, :]
    return np.asarray(kernel / kernel.sum())


def upsample_axes(x: Tensor, taps: Tensor | None, up: int, padding: tuple[int, int]) -> Tensor:
    """Inserts up - 1 zeros after every sample of both axes, pads, and convolves each axis with a filter.

    Args:
        x: features (N, C, H, W).
        taps: filter (K,) of one axis; None for none.
        up: factor on the sampling rate; the result is scaled by its square, which keeps the level.
        padding: zeros before and after each axis once it is long; below 0: samples cut off.

    Returns:
        (N, C, H', W') with H' = H * up + sum(padding) - K + 1.

    >>> upsample_axes(torch.ones(1, 1, 1, 2), torch.tensor([0.5, 0.5]), 2, (1, 0))[0, 0].tolist()
    [[1.0, 1.0, 1.0, 1.0], [1.0, 1.0, 1.0, 1.0]]
    """
    if taps is None and up == 1:
        return F.pad(x, 2 * padding) if any(padding) else x
    taps = x.new_ones(1) if taps is None else taps.to(x.dtype)
    # A transposed convolution answers the sum without the zeros; it begins where the padding says.
    skipped = len(taps) - 1 - padding[0]
    kernel = (taps * up).expand(x.shape[1], 1, 1, -1)
    for axis in (3, 2):
        wanted = x.shape[axis] * up + sum(padding) - len(taps) + 1
        stride, cut = ((1, up), (0, max(skipped, 0))) if axis == 3 else ((up, 1), (max(skipped, 0), 0))
        x = F.conv_transpose2d(x, lying(kernel, axis), stride=stride, padding=cut, groups=x.shape[1])
        if skipped < 0 or x.shape[axis] < wanted:
            ends = (max(-skipped, 0), wanted - x.shape[axis] - max(-skipped, 0))
            x = F.pad(x, ends if axis == 3 else (0, 0, *ends))
        x = x.narrow(axis, 0, wanted)
    return x


def bent(x: Tensor, limit: float | None) -> Tensor:
    """Returns the leaky ReLU of x within [-limit, limit]; x is written over where nothing is differentiated."""
    if torch.is_grad_enabled() and x.requires_grad:
        return clamp(F.leaky_relu(x, SLOPE), limit)
    # These are the largest maps of the network: fresh memory for each costs as much as the arithmetic.
    x = F.leaky_relu_(x, SLOPE)
    return x if limit is None else x.clamp_(-limit, limit)


def downsample_axes(x: Tensor, taps: Tensor | None, down: int) -> Tensor:
    """Convolves features with a filter and keeps every down-th sample, without padding.

    Args:
        x: features (N, C, H, W).
        taps: filter of one axis (K,), for both at once (K, K), or None for none.
        down: factor by which the sampling rate falls.

    Returns:
        (N, C, H', W') with H' = ceil((H - K + 1) / down).

    >>> downsample_axes(torch.tensor([[[[1.0, 2.0, 4.0], [1.0, 2.0, 4.0]]]]), torch.tensor([0.25, 0.75]), 2)[0, 0]
    tensor([[1.2500]])
    """
    if taps is None:
        return x if down == 1 else x[:, :, ::down, ::down]
    taps = taps.to(x.dtype).flip(tuple(range(taps.ndim)))
    if taps.ndim == 2:
        kernel = laid_out(taps.expand(x.shape[1], 1, -1, -1), x)
        return F.conv2d(x, kernel, stride=down, groups=x.shape[1])
    kernel = taps.expand(x.shape[1], 1, 1, -1)
    for axis in (3, 2):
        stride = (1, down) if axis == 3 else (down, 1)
        x = F.conv2d(x, lying(kernel, axis), stride=stride, groups=x.shape[1])
    return x


def lying(kernel: Tensor, axis: int) -> Tensor:
    """Returns a depthwise kernel (C, 1, 1, K) so that it works along an axis, 2 or 3, of features (N, C, H, W)."""
    return (kernel if axis == 3 else kernel.transpose(2, 3)).contiguous()


def laid_out(kernel: Tensor, x: Tensor) -> Tensor:
    """Returns a kernel of x's own memory format."""
    last = x.is_contiguous(memory_format=torch.channels_last)
    return kernel.contiguous(memory_format=torch.channels_last if last else torch.contiguous_format)


class Placement(FullyConnected):
    """Where the picture lies, of a style: rotation (two numbers) and translation (two); fresh, it lies straight.

    Args:
        w_dim: length of a style.
    """

    def __init__(self, w_dim: int) -> None:
        super().__init__(w_dim, 4)

    def draw(self, rng: torch.Generator) -> None:
        """Sets the rotation to none, and the translation to none."""
        self.weight.zero_()
        self.bias.zero_()
        self.bias[0] = 1.0


class WaveInput(Drawn):
    """Features made of plane waves, which a style rotates and shifts, and so the whole picture with them.

    Source: Karras et al. 2021, section 3.2 and appendix D. Formula: channel i is a sum over j of
    weight_ij / sqrt(channels) * a_j sin(2 pi (f_j . x + phase_j)), with f and phase after rotation and translation;
    a_j falls from 1 at the cutoff to 0 at half the sampling rate, since turned waves may be too fast.

    Args:
        w_dim: length of a style.
        band: the signal that it makes.
    """

    transform: Tensor
    freqs: Tensor
    phases: Tensor

    def __init__(self, w_dim: int, band: Band) -> None:
        super().__init__()
        self.band = band
        self.weight = nn.Parameter(torch.zeros(band.channels, band.channels))
        self.affine = Placement(w_dim)
        self.register_buffer("transform", torch.zeros(3, 3))
        self.register_buffer("freqs", torch.zeros(band.channels, 2))
        self.register_buffer("phases", torch.zeros(band.channels))

    def forward(self, w: Tensor) -> Tensor:
        """Features (N, channels, size, size) of styles w (N, w_dim)."""
        place = self.affine(w)
        place = place / place[:, :2].norm(dim=1, keepdim=True)
        cos, sin, right, down = place.unbind(dim=1)
        turn = torch.stack([cos, -sin, sin, cos], dim=1).reshape(-1, 2, 2)
        # Rotation after translation: a point p goes to turn (p - shift); the network's own transform comes first.
        shift = (turn @ torch.stack([right, down], dim=1).unsqueeze(2)).expand(-1, 2, 1)
        placed = torch.cat([turn, -shift], dim=2) @ self.transform
        phases = self.phases + (self.freqs @ placed[:, :, 2:]).squeeze(2)
        freqs = self.freqs @ placed[:, :, :2]
        fade = (freqs.norm(dim=2) - self.band.cutoff) / (self.band.rate / 2 - self.band.cutoff)
        amplitudes = (1 - fade).clamp(0, 1)
        at = (torch.arange(self.band.size, device=w.device, dtype=w.dtype) + 0.5 - self.band.size / 2) / self.band.rate
        across, upright = (freqs[:, None, None, :, axis] * at[:, None] for axis in (0, 1))
        waves = across + upright.transpose(1, 2) + phases[:, None, None]
        waves = (waves * (2 * math.pi)).sin() * amplitudes[:, None, None]
        return (waves @ (self.weight / math.sqrt(self.band.channels)).t()).permute(0, 3, 1, 2)

    def draw(self, rng: torch.Generator) -> None:
        """Draws weight and waves: frequencies even over the disc within the cutoff, phases even over a cycle."""
        fill_normal(self.weight, rng)
        self.transform.copy_(torch.eye(3))
        radius, angle, phase = torch.rand((3, self.band.channels), generator=rng)
        radius, angle = radius.sqrt() * self.band.cutoff, angle * (2 * math.pi)
        self.freqs.copy_(torch.stack([radius * angle.cos(), radius * angle.sin()], dim=1))
        self.phases.copy_(phase - 0.5)


class FilteredLayer(Drawn):
    """Convolution steered by a style, then an activation at a higher rate between two low-pass filters.

    Source: Karras et al. 2021, section 3.1 and appendix B; demodulation Karras et al. 2019, arXiv 1912.04958, equation
    3. Formula: s = affine(w); x <- conv(s / sqrt(magnitude_ema) * x) / sqrt(sum((weight s)^2) + e) + bias, with
    e = 1e-8 * mean(weight^2) * mean(s^2); then upsample, lrelu * sqrt(2), clamp, downsample. The layer of the colours
    has neither demodulation nor activation; its s is divided by sqrt(inputs). Published, mean(s^2) is over the whole
    batch; here it is the picture's own, so that no picture depends on its neighbours (e is beyond single precision).

    Args:
        plan: its signals and filters.
        w_dim: length of a style.
        conv_clamp: limit of the activation's result; None for none.
    """

    magnitude_ema: Tensor
    up_filter: Tensor | None
    down_filter: Tensor | None

    def __init__(self, plan: LayerPlan, w_dim: int, conv_clamp: float | None) -> None:
        super().__init__()
        self.plan, self.limit = plan, conv_clamp
        inputs, outputs = plan.source.channels, plan.result.channels
        self.weight = nn.Parameter(torch.zeros(outputs, inputs, plan.kernel, plan.kernel))
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.affine = FullyConnected(w_dim, inputs, bias_init=1.0)
        self.register_buffer("magnitude_ema", torch.ones(()))
        down = (plan.down_taps,) * (2 if plan.radial else 1)
        self.register_buffer("up_filter", torch.zeros(plan.up_taps) if plan.up_taps > 1 else None)
        self.register_buffer("down_filter", torch.zeros(down) if plan.down_taps > 1 else None)

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        """Features (N, outputs, size, size) of features x (N, inputs, H, W) in the style w (N, w_dim)."""
        plan, style = self.plan, self.affine(w)
        gain = 1.0 if plan.torgb else SQRT2
        # The activation's gain goes in before it: gain * lrelu(x) = lrelu(gain * x).
        if plan.torgb:
            factor = torch.full_like(style[:, :1], 1 / math.sqrt(plan.source.channels * plan.kernel**2))
        else:
            power = self.weight.square().sum(dim=(2, 3))
            energy, size = style.square() @ power.t(), style.square().mean(dim=1, keepdim=True)
            least = 1e-8 * size * power.mean(dim=1) / plan.kernel**2
            factor = (energy + least).rsqrt() * gain
        x = x * (style * self.magnitude_ema.rsqrt())[:, :, None, None]
        x = F.conv2d(x, self.weight, padding=plan.kernel - 1)
        x = torch.addcmul((self.bias * gain)[None, :, None, None], x, factor[:, :, None, None])
        x = upsample_axes(x, self.up_filter, plan.up, plan.padding)
        x = clamp(x, self.limit) if plan.torgb else bent(x, self.limit)
        return downsample_axes(x, self.down_filter, plan.down)

    def draw(self, rng: torch.Generator) -> None:
        """Draws the weight and designs the filters."""
        fill_normal(self.weight, rng)
        self.bias.zero_()
        self.magnitude_ema.fill_(1.0)
        for kernel, band, radial in (
            (self.up_filter, self.plan.source, False),
            (self.down_filter, self.plan.result, self.plan.radial),
        ):
            if kernel is not None:
                design = design_lowpass(kernel.shape[0], band.cutoff, band.half_width, self.plan.rate, radial)
                kernel.copy_(torch.from_numpy(design))
