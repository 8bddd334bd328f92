"""The parts of StyleGAN2: equalised layers, the modulated convolution, minibatch standard deviation.

Equalised learning rate (Karras et al. 2018, Progressive GAN, arXiv 1710.10196, section 4.1): weights are stored at unit
scale and multiplied by lr_mult / sqrt(fan_in) when used. The leaky ReLU (slope 0.2) keeps its gain sqrt(2) by scaling
what goes into it, for gain * lrelu(x) = lrelu(gain * x); that saves a pass over the features.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from graftgan.networks.resample import blur, downsample, lowpass_filter

SLOPE = 0.2
SQRT2 = math.sqrt(2.0)


class Drawn(nn.Module):
    """A layer that owns weights and knows how they are drawn; until then they are zeros and neutral biases."""

    def draw(self, rng: torch.Generator) -> None:
        """Fills this layer's own weights (not its children's) from rng, a CPU generator."""
        raise NotImplementedError


@torch.no_grad()
def draw_all(network: nn.Module, rng: torch.Generator) -> None:
    """Draws every layer of a network, in the order of its modules.

    Args:
        network: whose `Drawn` layers are filled, in place.
        rng: a CPU generator; the same seed gives the same weights on any device.

    >>> layer = FullyConnected(2, 3)
    >>> draw_all(layer, torch.Generator().manual_seed(0))
    >>> bool(layer.weight.any())
    True
    """
    for module in network.modules():
        if isinstance(module, Drawn):
            module.draw(rng)


def fill_normal(target: Tensor, rng: torch.Generator, scale: float = 1.0) -> None:
    """Fills a tensor with normal numbers of the given standard deviation, drawn on the CPU."""
    target.copy_(torch.randn(target.shape, generator=rng, dtype=target.dtype) * scale)


def clamp(x: Tensor, limit: float | None) -> Tensor:
    """Returns x within [-limit, limit], or x itself when limit is None."""
    return x if limit is None else x.clamp(-limit, limit)


def unit_moment(x: Tensor) -> Tensor:
    """Scales each row to a mean square of one.

    Source: Karras et al. 2018, arXiv 1710.10196, section 4.2, on latents. Formula: x / sqrt(mean(x^2) + 1e-8).

    Args:
        x: rows (N, D).

    Returns:
        (N, D).

    >>> unit_moment(torch.tensor([[3.0, 3.0]])).tolist()
    [[1.0, 1.0]]
    """
    return x * (x.square().mean(dim=1, keepdim=True) + 1e-8).rsqrt()


class FullyConnected(Drawn):
    """Linear layer with equalised learning rate, optionally followed by the leaky ReLU.

    Args:
        inputs: length of a row that comes in.
        outputs: length of a row that goes out.
        activate: leaky ReLU with gain sqrt(2) after it.
        lr_mult: learning rate relative to the rest of the network; the stored weight has deviation 1 / lr_mult.
        bias_init: what the bias starts at.

    >>> FullyConnected(4, 2, bias_init=1.0)(torch.zeros(1, 4)).tolist()
    [[1.0, 1.0]]
    """

    def __init__(
        self, inputs: int, outputs: int, *, activate: bool = False, lr_mult: float = 1.0, bias_init: float = 0.0
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(outputs, inputs))
        self.bias = nn.Parameter(torch.full((outputs,), float(bias_init)))
        self.activate, self.lr_mult, self.bias_init = activate, lr_mult, bias_init
        gain = SQRT2 if activate else 1.0
        self.weight_gain, self.bias_gain = gain * lr_mult / math.sqrt(inputs), gain * lr_mult

    def forward(self, x: Tensor) -> Tensor:
        """Rows (N, inputs) to rows (N, outputs)."""
        x = F.linear(x, self.weight * self.weight_gain, self.bias * self.bias_gain)
        return F.leaky_relu(x, SLOPE) if self.activate else x

    def draw(self, rng: torch.Generator) -> None:
        """Draws the weight; the bias starts at bias_init."""
        fill_normal(self.weight, rng, 1.0 / self.lr_mult)
        self.bias.fill_(self.bias_init)


class Conv(Drawn):
    """Convolution of the discriminator with equalised learning rate.

    Where it halves the picture, a low-pass filter comes first (Zhang 2019, arXiv 1904.11486).

    Args:
        inputs: channels that come in.
        outputs: channels that go out.
        size: kernel's height and width, 1 or 3.
        bias: whether it has one.
        down: halve height and width.
        activate: leaky ReLU with gain sqrt(2) after it.
        gain: further factor on the result.
        conv_clamp: limit of the result before `gain`; None for none.

    >>> Conv(3, 8, 3, down=True)(torch.zeros(1, 3, 16, 16)).shape
    torch.Size([1, 8, 8, 8])
    """

    resample_filter: Tensor

    def __init__(
        self,
        inputs: int,
        outputs: int,
        size: int,
        *,
        bias: bool = True,
        down: bool = False,
        activate: bool = True,
        gain: float = 1.0,
        conv_clamp: float | None = None,
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(outputs, inputs, size, size))
        self.bias = nn.Parameter(torch.zeros(outputs)) if bias else None
        self.register_buffer("resample_filter", lowpass_filter())
        self.down, self.activate, self.size = down, activate, size
        self.limit = None if conv_clamp is None else conv_clamp * gain
        self.bias_gain = gain * (SQRT2 if activate else 1.0)
        self.weight_gain = self.bias_gain / math.sqrt(inputs * size * size)

    def forward(self, x: Tensor) -> Tensor:
        """Features (N, inputs, H, W) to (N, outputs, H, W), or half that size."""
        weight = self.weight * self.weight_gain
        bias = None if self.bias is None else self.bias * self.bias_gain
        if self.down and self.size == 1:
            x = F.conv2d(downsample(x, self.resample_filter), weight, bias)
        elif self.down:
            x = F.conv2d(blur(x, self.resample_filter, padding=2), weight, bias, stride=2)
        else:
            x = F.conv2d(x, weight, bias, padding=self.size // 2)
        return clamp(F.leaky_relu(x, SLOPE) if self.activate else x, self.limit)

    def draw(self, rng: torch.Generator) -> None:
        """Draws the weight; the bias starts at zero."""
        fill_normal(self.weight, rng)
        if self.bias is not None:
            self.bias.zero_()


class ModulatedConv(Drawn):
    """3x3 convolution steered by a style: the features' scale comes from w, and noise adds the fine detail.

    Source: Karras et al. 2019, arXiv 1912.04958, equations 1 and 3. Instead of one set of weights per picture (a
    grouped convolution), the input is scaled by the style s and the output by the demodulation d: the same numbers, at
    half the cost on a CPU. Formula: lrelu(d * conv(s * x, weight) + strength * noise + bias) * sqrt(2), with
    d_o = 1 / sqrt(sum_{i,k} (s_i weight_{oik})^2 + 1e-8).

    Args:
        inputs: channels that come in.
        outputs: channels that go out.
        w_dim: length of a style vector.
        resolution: of the result, in pixels.
        up: double height and width (transposed convolution, then the low-pass filter).
        conv_clamp: limit of the result; None for none.

    >>> ModulatedConv(4, 2, 8, 16, up=True, conv_clamp=None)(torch.zeros(1, 4, 8, 8), torch.zeros(1, 8)).shape
    torch.Size([1, 2, 16, 16])
    """

    resample_filter: Tensor
    noise_const: Tensor

    def __init__(
        self, inputs: int, outputs: int, w_dim: int, resolution: int, *, up: bool, conv_clamp: float | None
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(outputs, inputs, 3, 3))
        self.noise_strength = nn.Parameter(torch.zeros([]))
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.register_buffer("resample_filter", lowpass_filter())
        self.register_buffer("noise_const", torch.zeros(resolution, resolution))
        self.affine = FullyConnected(w_dim, inputs, bias_init=1.0)
        self.up, self.limit = up, conv_clamp

    def forward(self, x: Tensor, w: Tensor, noise: Tensor | None = None) -> Tensor:
        """Features of x (N, inputs, H, W) in the style w (N, w_dim), with noise that broadcasts to (N, 1, H, W)."""
        style = self.affine(w)
        energy = style.square() @ self.weight.square().sum(dim=(2, 3)).t()
        demodulation = (energy + 1e-8).rsqrt() * SQRT2
        x = x * style[:, :, None, None]
        if self.up:
            x = F.conv_transpose2d(x, self.weight.transpose(0, 1), stride=2)
            x = blur(x, self.resample_filter, padding=1, gain=4.0)
        else:
            x = F.conv2d(x, self.weight, padding=1)
        bias = (self.bias * SQRT2)[None, :, None, None]
        x = torch.addcmul(bias, x, demodulation[:, :, None, None])
        if noise is not None:
            x = x + noise * (self.noise_strength * SQRT2)
        return clamp(F.leaky_relu(x, SLOPE), self.limit)

    def draw(self, rng: torch.Generator) -> None:
        """Draws weight and constant noise; noise strength and bias start at zero."""
        fill_normal(self.weight, rng)
        fill_normal(self.noise_const, rng)
        self.noise_strength.zero_()
        self.bias.zero_()


class ToRGB(Drawn):
    """Features into colours: a 1x1 convolution steered by a style, without demodulation.

    Args:
        inputs: channels that come in.
        outputs: colour channels.
        w_dim: length of a style vector.
        conv_clamp: limit of the result; None for none.

    >>> ToRGB(4, 3, 8, conv_clamp=None)(torch.zeros(1, 4, 8, 8), torch.zeros(1, 8)).shape
    torch.Size([1, 3, 8, 8])
    """

    def __init__(self, inputs: int, outputs: int, w_dim: int, *, conv_clamp: float | None) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(outputs, inputs, 1, 1))
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.affine = FullyConnected(w_dim, inputs, bias_init=1.0)
        self.weight_gain, self.limit = 1.0 / math.sqrt(inputs), conv_clamp

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        """Colours (N, outputs, H, W) of features x (N, inputs, H, W) in the style w (N, w_dim)."""
        style = self.affine(w) * self.weight_gain
        return clamp(F.conv2d(x * style[:, :, None, None], self.weight, self.bias), self.limit)

    def draw(self, rng: torch.Generator) -> None:
        """Draws the weight; the bias starts at zero."""
        fill_normal(self.weight, rng)
        self.bias.zero_()


def group_size(batch: int, group: int) -> int:
    """The largest divisor of the batch that is no larger than the wanted group.

    Args:
        batch: number of pictures, at least 1.
        group: pictures a group should have, at least 1.

    >>> group_size(8, 4), group_size(6, 4), group_size(7, 4)
    (4, 3, 1)
    """
    return next(size for size in range(min(group, batch), 0, -1) if batch % size == 0)


def minibatch_std(x: Tensor, group: int) -> Tensor:
    """Appends one channel that says how much the pictures of a group differ, so that sameness can be punished.

    Source: Karras et al. 2018, arXiv 1710.10196, section 3. Deviation: a batch that the group does not divide is split
    by its largest divisor up to the group (7 pictures become 7 groups of one, whose channel is 1e-4), so that any batch
    size works. Formula: mean over channels and pixels of sqrt(var over the group + 1e-8). Pictures i, i + M, i + 2M ...
    make a group, with M = N / group size.

    Args:
        x: features (N, C, H, W).
        group: pictures to compare with one another.

    Returns:
        (N, C + 1, H, W).

    >>> minibatch_std(torch.tensor([0.0, 2.0]).reshape(2, 1, 1, 1), 2)[:, 1].flatten().tolist()
    [1.0, 1.0]
    """
    n, c, h, w = x.shape
    size = group_size(n, group)
    y = x.reshape(size, n // size, c, h, w)
    spread = ((y - y.mean(dim=0)).square().mean(dim=0) + 1e-8).sqrt().mean(dim=(1, 2, 3))
    return torch.cat([x, spread.repeat(size).reshape(n, 1, 1, 1).expand(n, 1, h, w)], dim=1)
