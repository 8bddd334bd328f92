"""Random changes of brightness, contrast, hue and saturation, gathered into one matrix an image."""

import math

import torch
from torch import Tensor

from graftgan.augment.base import check_images, like_layout
from graftgan.augment.draws import compose, gated


def _affine(linear: Tensor, offset: Tensor) -> Tensor:
    matrices = torch.eye(4, device=linear.device).repeat(len(linear), 1, 1)
    matrices[:, :3, :3] = linear
    matrices[:, :3, 3] = offset
    return matrices


def draw_colours(count: int, p: Tensor, rng: torch.Generator) -> Tensor:
    """Draw a colour change for every image.

    Karras et al. 2020, arXiv 2006.06676, appendix B, "color transformations", in their order, with
    probability p each: brightness + N(0, 0.2^2); contrast x 2^N(0, 0.5^2) about mid grey; mirror the luma
    axis by a fair coin; rotate the hue about it by U(-pi, pi); saturation x 2^N(0, 1). The luma axis v is (1,
    1, 1)/sqrt(3).

    Args:
        count: N, how many images.
        p: scalar tensor in [0, 1].
        rng: CPU generator.

    Returns:
        Float32 matrices (N, 4, 4) that take (r, g, b, 1) to the new colour, on the device of `p`.

    Example:
        >>> change = draw_colours(1, torch.tensor(0.0), torch.Generator().manual_seed(0))
        >>> bool((change == torch.eye(4)).all())
        True
    """
    brightness = gated(0.2 * torch.randn(count, 1, generator=rng), p, rng)
    contrast = gated(0.5 * torch.randn(count, generator=rng), p, rng)[:, None, None]
    mirror = gated(torch.randint(0, 2, (count,), generator=rng), p, rng)[:, None, None]
    hue = gated(math.pi * (2 * torch.rand(count, generator=rng) - 1), p, rng)[:, None, None]
    saturation = gated(torch.randn(count, generator=rng), p, rng)[:, None, None]
    one = torch.eye(3, device=p.device)
    luma = torch.full((3, 3), 1 / 3, device=p.device)
    # Rodrigues: a turn about v is I + sin [v]x + (1 - cos) (v v^T - I), exactly I at angle 0.
    cross = torch.tensor([[0.0, -1.0, 1.0], [1.0, 0.0, -1.0], [-1.0, 1.0, 0.0]], device=p.device)
    turned = one + hue.sin() * (cross / math.sqrt(3)) + (1 - hue.cos()) * (luma - one)
    saturated = one + (torch.exp2(saturation) - 1) * (one - luma)
    lightened = _affine(one * torch.exp2(contrast), torch.exp2(contrast[:, 0]) * brightness)
    changed = compose(compose(saturated, turned), one - 2.0 * mirror * luma)
    return compose(_affine(changed, torch.zeros_like(brightness)), lightened)


def recolour(images: Tensor, matrices: Tensor) -> Tensor:
    """Apply one affine change of colour to all pixels of an image, each image its own.

    Formula: out = A x + t at every pixel, A = matrices[:, :3, :3], t = matrices[:, :3, 3]. A grey image
        counts as
    three equal channels, and the mean of the three results is kept.

    Args:
        images: float (N, 1 or 3 channels, H, W).
        matrices: (N, 4, 4), last row (0, 0, 0, 1).

    Returns:
        Images of the same shape; values may leave [-1, 1]. Bit for bit the same under identity matrices.

    Raises:
        ValueError: not a batch of images, or not one matrix an image.

    Example:
        >>> recolour(torch.ones(1, 1, 1, 1), 2 * torch.eye(4)[None]).item()
        2.0
    """
    check_images(images)
    count, channels, height, width = images.shape
    if matrices.shape != (count, 4, 4):
        raise ValueError(f"one 4 x 4 matrix an image is needed: {tuple(matrices.shape)} for {count} images")
    matrices = matrices.detach().to(images.dtype)
    linear, offset = matrices[:, :3, :3], matrices[:, :3, 3:]
    if channels == 1:
        factor = 1 + (linear - torch.eye(3, device=images.device, dtype=images.dtype)).sum((1, 2)) / 3
        return images * factor.reshape(-1, 1, 1, 1) + offset.mean(1).reshape(-1, 1, 1, 1)
    # Added to the image as a change, so that no change is exactly none, even where matrix units round (TF32).
    change = linear - torch.eye(3, device=images.device, dtype=images.dtype)
    pixels = images.reshape(count, channels, -1)
    return like_layout(torch.baddbmm(pixels + offset, change, pixels).reshape(images.shape), images)
