"""Resampling with a small low-pass filter, so that features move smoothly instead of aliasing.

Every operation is one depthwise convolution, which in channels-last memory is the fastest form measured on a CPU,
forward and backward: separable, sliced and banded-matrix forms cost 1.6 to 18 times as much; merged into the weights
of the convolution beside it, 1.1 to 14 times.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor


def lowpass_filter(taps: tuple[int, ...] = (1, 3, 3, 1)) -> Tensor:
    """A square low-pass filter that sums to one.

    Source: Karras et al. 2019, "Analyzing and Improving the Image Quality of StyleGAN", arXiv 1912.04958, appendix B
    (the separable [1, 3, 3, 1] of their TensorFlow work). Formula: outer(taps, taps) / sum.

    Args:
        taps: weights along one axis.

    Returns:
        float32 (len(taps), len(taps)).

    >>> lowpass_filter()[1, 1].item()
    0.140625
    """
    # Plain numbers: arithmetic of tensors on the meta device, where networks are laid out, first imports a compiler.
    total = sum(taps) ** 2
    return torch.tensor([[one * other / total for other in taps] for one in taps], dtype=torch.float32)


class _Filter(torch.autograd.Function):
    """Depthwise convolution with a fixed kernel, or its transpose; each is the other's derivative.

    Autograd's own second derivative of a depthwise convolution also forms the kernel's gradient, channel by channel:
    four to eight times slower, for a kernel that never learns.
    """

    generate_vmap_rule = True

    @staticmethod
    def forward(x: Tensor, kernel: Tensor, stride: int, padding: int, transposed: bool) -> Tensor:
        convolve = F.conv_transpose2d if transposed else F.conv2d
        return convolve(x, kernel, stride=stride, padding=padding, groups=x.shape[1])

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        _, kernel, ctx.stride, ctx.padding, ctx.transposed = inputs
        ctx.save_for_backward(kernel)

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        (kernel,) = ctx.saved_tensors
        grad = _Filter.apply(grads[0], kernel, ctx.stride, ctx.padding, not ctx.transposed)
        return grad, None, None, None, None


def _filtered(x: Tensor, kernel: Tensor, gain: float, stride: int, padding: int, transposed: bool) -> Tensor:
    # A CPU is fastest in channels-last whatever comes in; elsewhere the layout of x stays.
    last = x.device.type == "cpu" or x.is_contiguous(memory_format=torch.channels_last)
    layout = torch.channels_last if last else torch.contiguous_format
    depthwise = (kernel.to(x.dtype) * gain).expand(x.shape[1], 1, *kernel.shape).contiguous(memory_format=layout)
    if torch.is_grad_enabled() and x.requires_grad:
        return _Filter.apply(x, depthwise, stride, padding, transposed)
    # The plain operation, so that exporters meet nothing of ours.
    return _Filter.forward(x, depthwise, stride, padding, transposed)


def blur(x: Tensor, kernel: Tensor, padding: int, gain: float = 1.0) -> Tensor:
    """Low-pass filters each channel; beyond the border lie zeros.

    Args:
        x: features (N, C, H, W).
        kernel: square filter (K, K), symmetric, as of `lowpass_filter`.
        padding: rows and columns of zeros added on every side.
        gain: factor on the result.

    Returns:
        (N, C, H + 2 * padding - K + 1, W + 2 * padding - K + 1).

    >>> blur(torch.ones(1, 1, 5, 5), lowpass_filter(), padding=0)[0, 0, 0, 0].item()
    1.0
    """
    return _filtered(x, kernel, gain, 1, padding, False)


def upsample(x: Tensor, kernel: Tensor) -> Tensor:
    """Doubles height and width: a zero after every pixel, then the filter times four (which keeps the brightness).

    Args:
        x: features (N, C, H, W).
        kernel: symmetric 4x4 filter, as of `lowpass_filter`.

    Returns:
        (N, C, 2H, 2W).

    >>> upsample(torch.ones(1, 1, 4, 4), lowpass_filter())[0, 0, 3].tolist()
    [0.75, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.75]
    """
    return _filtered(x, kernel, 4.0, 2, 1, True)


def downsample(x: Tensor, kernel: Tensor) -> Tensor:
    """Halves height and width: the filter, then every second pixel.

    Args:
        x: features (N, C, H, W), H and W even.
        kernel: symmetric 4x4 filter, as of `lowpass_filter`.

    Returns:
        (N, C, H / 2, W / 2).

    >>> downsample(torch.ones(1, 1, 8, 8), lowpass_filter())[0, 0, 1].tolist()
    [0.875, 1.0, 1.0, 0.875]
    """
    return _filtered(x, kernel, 1.0, 2, 1, False)
