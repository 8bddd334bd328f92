"""How pictures are brought to the size a network sees: clean-fid's rule, and the two that older numbers used.

Each rule is linear on either axis, so it is two matrix products: it runs on every device, in batches, and
gradients pass.
"""

from collections.abc import Callable
from functools import lru_cache

import torch
import torch.nn.functional as F
from torch import Tensor


def resize_clean(pixels: Tensor, size: int) -> Tensor:
    """Resize pictures to a square as clean-fid does.

    Source: Parmar, Zhang, Zhu, "On Aliased Resizing and Surprising Subtleties in GAN Evaluation", 2022, arXiv
    2104.11222 (mode "clean": Pillow's bicubic on float channels, clipped, not rounded). Deviation: the two
    axes are two matrix products instead of Pillow's loop, because that runs on every device and in batches;
    on real pictures the largest difference to Pillow is 1e-4 of a grey level (of 255), a tenth of what
    ``interpolate(antialias=True)`` in float32 shows. As in Pillow, a picture that has the size already is
    left alone.

    Formula: clip(W_h x W_w^T, 0, 255), with W the normalised bicubic weights (a = -0.5), widened when
    shrinking.

    Args:
        pixels: float tensor (N, C, H, W), grey levels in [0, 255].
        size: side of the result in pixels, at least 1.

    Returns:
        Tensor (N, C, size, size), same dtype and device, in [0, 255].

    Example:
        >>> tuple(resize_clean(torch.full((1, 3, 8, 8), 7.0), 16).shape)
        (1, 3, 16, 16)
    """
    return _by_matrices(pixels, size, _bicubic_antialiased).clamp(0, 255)


def resize_pillow_bilinear(pixels: Tensor, size: int) -> Tensor:
    """Resize byte pictures to a square as Pillow's bilinear filter does, rounding to bytes after either axis.

    What published LPIPS protocols feed LPIPS with; not for encoders, whose gradients rounding would stop.

    Formula: round(W_h round(x W_w^T)), half up, with W the normalised triangle of half-width max(1, in / out)
    around the pixel's centre, itself rounded to 22 binary places as in Pillow; the same bytes as Pillow's. An axis
    that has the size already is left alone.

    Args:
        pixels: tensor (N, C, H, W), whole grey levels in [0, 255].
        size: side of the result in pixels, at least 1.

    Returns:
        float32 (N, C, size, size), whole grey levels, same device.

    Example:
        >>> resize_pillow_bilinear(torch.tensor([[[[0.0, 5.0], [0.0, 5.0]]]]), 1).item()
        3.0
    """
    height, width = pixels.shape[2:]
    pixels = pixels.double()  # every product and sum is exact
    # Pillow takes the width first, unless that would make a picture larger that its height makes smaller.
    if height > size > width:
        pixels = _resize_width_in_bytes(_resize_width_in_bytes(pixels.mT, size).mT, size)
    else:
        pixels = _resize_width_in_bytes(_resize_width_in_bytes(pixels, size).mT, size).mT
    return pixels.float()


def resize_legacy_pytorch(pixels: Tensor, size: int) -> Tensor:
    """Resize pictures to a square as pytorch-fid does: bilinear, never antialiased.

    Source: the tool's ``interpolate(mode="bilinear", align_corners=False)``; described as "legacy_pytorch" in
    arXiv 2104.11222. Shrinking skips pixels; use it only to compare with numbers made that way.

    Formula: output i reads at s = (i + 1/2) in / out - 1/2 (not below 0), between floor(s) and the next pixel.

    Args:
        pixels: float tensor (N, C, H, W), any range.
        size: side of the result in pixels, at least 1.

    Returns:
        Tensor (N, C, size, size), same dtype, device and range.

    Example:
        >>> resize_legacy_pytorch(torch.tensor([[[[0.0, 4.0]]]]).expand(1, 1, 2, 2), 4)[0, 0, 0].tolist()
        [0.0, 1.0, 3.0, 4.0]
    """
    return _by_matrices(pixels, size, _bilinear_plain)


def resize_legacy_tensorflow(pixels: Tensor, size: int) -> Tensor:
    """Resize pictures to a square as the graph of the original FID does: bilinear from the pixels' corners.

    Source: Heusel et al., 2017, arXiv 1706.08500, whose graph resizes with TensorFlow 1's ``ResizeBilinear``;
    described as "legacy_tensorflow" in arXiv 2104.11222. Everything moves by up to half a pixel and shrinking
    skips pixels; use it only to compare with numbers made that way.

    Formula: output i reads at s = i in / out, between floor(s) and the next pixel, or the last one.

    Args:
        pixels: float tensor (N, C, H, W), any range.
        size: side of the result in pixels, at least 1.

    Returns:
        Tensor (N, C, size, size), same dtype, device and range.

    Example:
        >>> resize_legacy_tensorflow(torch.tensor([[[[0.0, 4.0]]]]).expand(1, 1, 2, 2), 4)[0, 0, 0].tolist()
        [0.0, 2.0, 4.0, 4.0]
    """
    return _by_matrices(pixels, size, _bilinear_from_corners)


RESIZES: dict[str, Callable[[Tensor, int], Tensor]] = {
    "clean": resize_clean,
    "legacy-pytorch": resize_legacy_pytorch,
    "legacy-tensorflow": resize_legacy_tensorflow,
}

IN_WORDS: dict[str, str] = {
    "clean": "antialiased bicubic to {size} px in float (clean-fid's rule)",
    "legacy-pytorch": "bilinear to {size} px without antialiasing (pytorch-fid's rule)",
    "legacy-tensorflow": "bilinear to {size} px from the pixels' corners (the original FID's rule)",
}
"""Each rule as a protocol says it."""


def _by_matrices(pixels: Tensor, size: int, weights: Callable[[int, int], Tensor]) -> Tensor:
    """Resize each axis by its matrix of weights; an axis that has the size already is left alone."""
    height, width = pixels.shape[2:]
    if height != size:
        pixels = weights(height, size).to(pixels) @ pixels
    if width != size:
        pixels = pixels @ weights(width, size).to(pixels).T
    return pixels


def _resize_width_in_bytes(pixels: Tensor, size: int) -> Tensor:
    width = pixels.shape[3]
    return pixels if width == size else (pixels @ _triangle_in_22_bits(width, size).to(pixels).T + 0.5).floor()


def _torch_weights(source: int, target: int, mode: str, antialias: bool) -> Tensor:
    """Return torch's own weights for one axis: resizing the identity yields them."""
    with torch.inference_mode(False):  # what is cached must serve callers that differentiate, too
        eye = torch.eye(source, dtype=torch.float64)[None, None]
        return F.interpolate(eye, size=(target, source), mode=mode, antialias=antialias)[0, 0]


# Each returns the (target, source) matrix that resizes one axis; float64 on the CPU, rows sum to 1.


@lru_cache(maxsize=32)
def _bicubic_antialiased(source: int, target: int) -> Tensor:
    # Antialiased, torch's kernel is Pillow's (a = -0.5).
    return _torch_weights(source, target, "bicubic", antialias=True)


@lru_cache(maxsize=32)
def _bilinear_plain(source: int, target: int) -> Tensor:
    return _torch_weights(source, target, "bilinear", antialias=False)


@lru_cache(maxsize=32)
def _bilinear_from_corners(source: int, target: int) -> Tensor:
    with torch.inference_mode(False):
        # The product is exact before the division, so that whole positions stay whole.
        position = torch.arange(target, dtype=torch.float64) * source / target
        lower = position.floor()
        upper = (lower + 1).clamp(max=source - 1)
        share = (position - lower)[:, None]
        columns = torch.arange(source)
        return (columns == lower[:, None]) * (1 - share) + (columns == upper[:, None]) * share


@lru_cache(maxsize=32)
def _triangle_in_22_bits(source: int, target: int) -> Tensor:
    with torch.inference_mode(False):
        reach = max(source / target, 1.0)
        centre = (torch.arange(target, dtype=torch.float64) + 0.5) * (source / target)
        distance = (torch.arange(source) + 0.5 - centre[:, None]).abs() / reach
        weights = (1 - distance).clamp(min=0)
        return (weights / weights.sum(dim=1, keepdim=True) * 2**22 + 0.5).floor() / 2**22
