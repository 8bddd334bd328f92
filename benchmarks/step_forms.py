"""The forms of the StyleGAN2 step that `training_step.py` compares: ours, and what it replaces.

The plain forms are the same module classes with autograd's own filters, and with the modulation of the original
TensorFlow code and its ports: weights scaled for each picture, all pictures in one grouped convolution. (NVIDIA's later
PyTorch code keeps the grouped form for sampling, and trains by scaling the features, as we do.)
"""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from unittest import mock

import torch
import torch.nn.functional as F
from torch import Tensor

from graftgan.networks import layers, resample


def plain_filter(x: Tensor, kernel: Tensor, gain: float, stride: int, padding: int, transposed: bool) -> Tensor:
    """`resample._filtered` by autograd's own depthwise convolution, in the layout that comes in."""
    depthwise = (kernel * gain).expand(x.shape[1], 1, *kernel.shape)
    convolve = F.conv_transpose2d if transposed else F.conv2d
    return convolve(x, depthwise, stride=stride, padding=padding, groups=x.shape[1])


def grouped(x: Tensor, weight: Tensor, up: bool = False) -> Tensor:
    """Convolves each picture with its own weight (N, outputs, inputs, K, K), all in one grouped convolution."""
    n, o, i, k, _ = weight.shape
    x = x.reshape(1, n * i, *x.shape[2:])
    if up:
        x = F.conv_transpose2d(x, weight.transpose(1, 2).reshape(n * i, o, k, k), stride=2, groups=n)
    else:
        x = F.conv2d(x, weight.reshape(n * o, i, k, k), padding=k // 2, groups=n)
    return x.reshape(n, o, *x.shape[2:])


def grouped_conv(self: layers.ModulatedConv, x: Tensor, w: Tensor, noise: Tensor | None = None) -> Tensor:
    """`ModulatedConv.forward` with the style in the weights."""
    weight = self.weight * self.affine(w)[:, None, :, None, None]
    weight = weight * ((weight.square().sum(dim=(2, 3, 4), keepdim=True) + 1e-8).rsqrt() * layers.SQRT2)
    x = grouped(x, weight, self.up)
    if self.up:
        x = resample.blur(x, self.resample_filter, padding=1, gain=4.0)
    x = x + (self.bias * layers.SQRT2)[None, :, None, None]
    if noise is not None:
        x = x + noise * (self.noise_strength * layers.SQRT2)
    return layers.clamp(F.leaky_relu(x, layers.SLOPE), self.limit)


def grouped_rgb(self: layers.ToRGB, x: Tensor, w: Tensor) -> Tensor:
    """`ToRGB.forward` with the style in the weights."""
    style = self.affine(w) * self.weight_gain
    return layers.clamp(grouped(x, self.weight * style[:, None, :, None, None]) + self.bias[:, None, None], self.limit)


@dataclass(frozen=True)
class Form:
    """One way of computing the same step: its name, the layout of weights and pictures, what it replaces of ours."""

    name: str
    layout: torch.memory_format
    replaced: tuple[tuple[Any, str, Callable[..., Tensor]], ...] = ()

    @contextlib.contextmanager
    def in_force(self) -> Iterator[None]:
        """Puts this form's functions in the place of ours for the length of the block."""
        with contextlib.ExitStack() as stack:
            for owner, name, function in self.replaced:
                stack.enter_context(mock.patch.object(owner, name, function))
            yield


FILTER = (resample, "_filtered", plain_filter)
GROUPED = ((layers.ModulatedConv, "forward", grouped_conv), (layers.ToRGB, "forward", grouped_rgb))
OURS = Form("ours, channels-last", torch.channels_last)
FORMS = (
    OURS,
    Form("plain NCHW", torch.contiguous_format, (FILTER,)),
    Form("plain NCHW, grouped weights", torch.contiguous_format, (FILTER, *GROUPED)),
)
