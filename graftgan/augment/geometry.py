"""Random flips, turns, scalings and moves of images, gathered into one affine map and one resampling."""

import math

import torch
from torch import Tensor

from graftgan.augment.base import check_images, like_layout
from graftgan.augment.draws import compose, gated

# Quarter turns, exact: a cosine of pi/2 in floats is not 0.
_COSINES, _SINES = (1.0, 0.0, -1.0, 0.0), (0.0, 1.0, 0.0, -1.0)


def _linear(entries: list[Tensor]) -> Tensor:
    a, b, c, d = entries
    zero, one = torch.zeros_like(a), torch.ones_like(a)
    return torch.stack([a, b, zero, c, d, zero, zero, zero, one], dim=1).reshape(-1, 3, 3)


def _moved_back(offsets: Tensor) -> Tensor:
    matrices = torch.eye(3, device=offsets.device).repeat(len(offsets), 1, 1)
    matrices[:, :2, 2] = -offsets
    return matrices


def _scaled_back(log2_x: Tensor, log2_y: Tensor) -> Tensor:
    zero = torch.zeros_like(log2_x)
    return _linear([torch.exp2(-log2_x), zero, zero, torch.exp2(-log2_y)])


def _turned_back(angle: Tensor) -> Tensor:
    return _linear([angle.cos(), angle.sin(), -angle.sin(), angle.cos()])


def draw_blits(count: int, size: tuple[int, int], p: Tensor, rng: torch.Generator) -> Tensor:
    """Draw the moves that copy pixels without mixing them: mirror, quarter turns, whole-pixel translation.

    Karras et al. 2020, arXiv 2006.06676, appendix B, "pixel blitting": with probability p each, mirror
    left-right by a fair coin; turn by k pi/2, k uniform in 0..3; move by U(-0.125, 0.125) of each side,
    rounded to pixels.

    Args:
        count: N, how many images.
        size: their height and width in pixels.
        p: scalar tensor in [0, 1].
        rng: CPU generator.

    Returns:
        Float32 matrices (N, 3, 3) that take an output position to the source position it is read from;
        positions are (x, y, 1) in pixels from the image's centre, y downwards.

    Example:
        >>> draw_blits(1, (8, 8), torch.tensor(0.0), torch.Generator().manual_seed(0))[0].tolist()
        [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
    """
    height, width = size
    mirror = gated(torch.randint(0, 2, (count,), generator=rng), p, rng)
    turns = gated(torch.randint(0, 4, (count,), generator=rng), p, rng)
    fraction = gated(torch.rand(count, 2, generator=rng) / 4 - 0.125, p, rng)
    zero, one = torch.zeros(count, device=p.device), torch.ones(count, device=p.device)
    unmirrored = _linear([1.0 - 2.0 * mirror, zero, zero, one])
    cosine, sine = (torch.tensor(table, device=p.device)[turns] for table in (_COSINES, _SINES))
    unturned = _linear([cosine, sine, -sine, cosine])
    moved = torch.round(fraction * torch.tensor([width, height], device=p.device))
    return compose(compose(unmirrored, unturned), _moved_back(moved))


def draw_warps(count: int, size: tuple[int, int], p: Tensor, rng: torch.Generator) -> Tensor:
    """Draw the general moves: scaling, rotation, stretching along a random axis, sub-pixel translation.

    Karras et al. 2020, arXiv 2006.06676, appendix B, "general geometric transformations", in their order:
    scale by 2^N(0, 0.2^2); rotate by U(-pi, pi); stretch x by s and y by 1/s, s = 2^N(0, 0.2^2); rotate
    again; move by N(0, 0.125^2) of each side. Each with probability p, the two rotations each with
    1 - sqrt(1 - p), so that one or the other happens with probability p.

    Args:
        count: N, how many images.
        size: their height and width in pixels.
        p: scalar tensor in [0, 1].
        rng: CPU generator.

    Returns:
        Float32 matrices (N, 3, 3), from output to source positions as `draw_blits`.

    Example:
        >>> draw_warps(5, (8, 8), torch.tensor(0.5), torch.Generator().manual_seed(0)).shape
        torch.Size([5, 3, 3])
    """
    height, width = size
    p_turn = 1 - torch.sqrt(1 - p)
    zoom = gated(0.2 * torch.randn(count, generator=rng), p, rng)
    first = gated(math.pi * (2 * torch.rand(count, generator=rng) - 1), p_turn, rng)
    stretch = gated(0.2 * torch.randn(count, generator=rng), p, rng)
    second = gated(math.pi * (2 * torch.rand(count, generator=rng) - 1), p_turn, rng)
    fraction = gated(0.125 * torch.randn(count, 2, generator=rng), p, rng)
    moved = fraction * torch.tensor([width, height], device=p.device)
    pull = compose(_scaled_back(zoom, zoom), _turned_back(first))
    pull = compose(compose(pull, _scaled_back(stretch, -stretch)), _turned_back(second))
    return compose(pull, _moved_back(moved))


def _mirrored_into(position: Tensor, size: int) -> Tensor:
    period = 2.0 * (size - 1)
    return (position - period * torch.round(position / period)).abs()


def warp(images: Tensor, pull: Tensor) -> Tensor:
    """Resample every image along its affine map, mirroring what lies outside.

    Bilinear, out(q) = sum of the four neighbours of pull q, weighted by area. Positions outside are mirrored
    about the centres of the border pixels, as often as needed. Deviation from Karras et al. 2020, arXiv
    2006.06676, appendix B, who upsample twofold with a sym6 wavelet filter, warp, and filter down: bilinear
    alone has a quarter of the positions to read, and leaves untouched images, flips, quarter turns and
    whole-pixel moves exact; in exchange warped images are a little softer and shrinking ones (0.2 octaves is
    one standard deviation) may alias. Written as gathers because `grid_sample` rounds positions, and has no
    second derivative in older PyTorch releases.

    Args:
        images: float (N, 1 or 3 channels, H, W), sides of 2 pixels or more.
        pull: matrices (N, 3, 3) from output to source positions, (x, y, 1) in pixels from the centre.

    Returns:
        Images of the same shape, linear in `images` (derivatives of any order); no gradient to `pull`.

    Raises:
        ValueError: not a batch of images, sides under 2 pixels, or not one matrix an image.

    Example:
        >>> half_turn = torch.diag(torch.tensor([-1.0, -1.0, 1.0]))[None]
        >>> warp(torch.arange(4.0).reshape(1, 1, 2, 2), half_turn).flatten().tolist()
        [3.0, 2.0, 1.0, 0.0]
    """
    check_images(images)
    count, channels, height, width = images.shape
    if min(height, width) < 2 or pull.shape != (count, 3, 3):
        raise ValueError(
            "images of 2 x 2 pixels or more and one 3 x 3 matrix each are needed, got images"
            f" {tuple(images.shape)}, matrices {tuple(pull.shape)}"
        )
    pull = pull.detach().to(torch.promote_types(images.dtype, torch.float32))[:, :, :, None, None]
    middle_x, middle_y = (width - 1) / 2, (height - 1) / 2
    x = torch.arange(width, device=images.device, dtype=pull.dtype) - middle_x
    y = (torch.arange(height, device=images.device, dtype=pull.dtype) - middle_y)[:, None]
    from_x = _mirrored_into(pull[:, 0, 0] * x + pull[:, 0, 1] * y + (pull[:, 0, 2] + middle_x), width)
    from_y = _mirrored_into(pull[:, 1, 0] * x + pull[:, 1, 1] * y + (pull[:, 1, 2] + middle_y), height)
    left, top = from_x.floor().clamp_(max=width - 2), from_y.floor().clamp_(max=height - 2)
    right_share = (from_x - left).to(images.dtype).reshape(count, 1, -1)
    low_share = (from_y - top).to(images.dtype).reshape(count, 1, -1)
    index = (top.long() * width + left.long()).reshape(count, 1, -1).expand(-1, channels, -1)
    pixels = images.reshape(count, channels, -1)
    upper = torch.lerp(pixels.gather(2, index), pixels.gather(2, index + 1), right_share)
    lower = torch.lerp(pixels.gather(2, index + width), pixels.gather(2, index + (width + 1)), right_share)
    return like_layout(torch.lerp(upper, lower, low_share).reshape(images.shape), images)
