"""DiffAugment: colour, translation and cutout, drawn anew for every image, all differentiable.

Each is linear in the image once its numbers are drawn, so gradients of any order pass (R1 through it too).
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from graftgan.augment.base import Augment, check_images, like_layout
from graftgan.errors import UserError


def _uniform(low: float, high: float, like: Tensor, rng: torch.Generator) -> Tensor:
    draw = torch.rand(len(like), 1, 1, 1, generator=rng, dtype=like.dtype)
    return (low + (high - low) * draw).to(like.device)


def colour(images: Tensor, rng: torch.Generator) -> Tensor:
    """Shift brightness, then scale saturation, then scale contrast of every image.

    Zhao et al. 2020, arXiv 2006.10738, section 3 and the authors' ranges: x + b, b ~ U(-0.5, 0.5); then
    (x - m) s + m, m the pixel's mean over channels, s ~ U(0, 2); then (x - M) c + M, M the image's mean,
    c ~ U(0.5, 1.5). The three are folded into s c x + (1 - s) c m + (1 - c) M + b: the same function, fewer
    passes.

    Args:
        images: float (N, 1 or 3 channels, H, W); saturation does nothing to grey ones.
        rng: CPU generator; three numbers an image.

    Returns:
        Images of the same shape; values may leave [-1, 1].

    Raises:
        ValueError: not a batch of images.

    Example:
        >>> image = torch.zeros(1, 3, 8, 8)
        >>> bool(colour(image, torch.Generator().manual_seed(0)).abs().max() <= 0.5)
        True
    """
    check_images(images)
    brightness = _uniform(-0.5, 0.5, images, rng)
    saturation = _uniform(0.0, 2.0, images, rng)
    contrast = _uniform(0.5, 1.5, images, rng)
    grey = images.mean(1, keepdim=True)
    level = (1 - contrast) * grey.mean((2, 3), keepdim=True) + brightness
    return images * (saturation * contrast) + (grey * ((1 - saturation) * contrast) + level)


def shift(images: Tensor, offsets: Tensor) -> Tensor:
    """Move every image by whole pixels; what comes in from outside is 0 (mid grey).

    Formula: out[n, :, i, j] = images[n, :, i - offsets[n, 0], j - offsets[n, 1]].

    Args:
        images: float (N, 1 or 3 channels, H, W).
        offsets: int64 (N, 2), pixels downwards and to the right; may be negative.

    Returns:
        Images of the same shape, every kept value bit for bit.

    Raises:
        ValueError: not a batch of images, or not two offsets an image.

    Example:
        >>> shift(torch.ones(1, 1, 2, 2), torch.tensor([[1, 0]]))[0, 0].tolist()
        [[0.0, 0.0], [1.0, 1.0]]
    """
    check_images(images)
    if offsets.shape != (len(images), 2) or offsets.dtype != torch.int64:
        raise ValueError(f"offsets must be int64 (N, 2), got {offsets.dtype} {tuple(offsets.shape)}")
    count, channels, height, width = images.shape
    rows = torch.arange(height, device=images.device) - offsets[:, :1]
    columns = torch.arange(width, device=images.device) - offsets[:, 1:]
    inside = ((rows >= 0) & (rows < height))[:, :, None] & ((columns >= 0) & (columns < width))[:, None, :]
    index = rows.clamp(0, height - 1)[:, :, None] * width + columns.clamp(0, width - 1)[:, None, :]
    # One gather: on a CPU as fast, forth and back, as any of slices, fancy indices or two gathers.
    index = index.reshape(count, 1, -1).expand(-1, channels, -1)
    moved = images.reshape(count, channels, -1).gather(2, index).reshape(images.shape)
    return like_layout(moved * inside[:, None].to(images.dtype), images)


def translation(images: Tensor, rng: torch.Generator) -> Tensor:
    """Move every image by up to an eighth of its side in both directions, zeros coming in.

    Zhao et al. 2020, arXiv 2006.10738, section 3: whole pixels, uniform in [-side/8, side/8] (rounded), each
    axis.

    Args:
        images: float (N, 1 or 3 channels, H, W).
        rng: CPU generator; two numbers an image.

    Returns:
        Images of the same shape.

    Raises:
        ValueError: not a batch of images.

    Example:
        >>> translation(torch.ones(4, 3, 16, 16), torch.Generator().manual_seed(0)).shape
        torch.Size([4, 3, 16, 16])
    """
    check_images(images)
    reach = [int(side / 8 + 0.5) for side in images.shape[2:]]
    offsets = torch.stack([torch.randint(-r, r + 1, (len(images),), generator=rng) for r in reach], dim=1)
    return shift(images, offsets.to(images.device))


def cutout(images: Tensor, rng: torch.Generator) -> Tensor:
    """Paint over a square of half the side in every image with 0 (mid grey).

    Zhao et al. 2020, arXiv 2006.10738, section 3: the centre is uniform over the image, borders included, so
    part of the square may fall outside.

    Args:
        images: float (N, 1 or 3 channels, H, W).
        rng: CPU generator; two numbers an image.

    Returns:
        Images of the same shape.

    Raises:
        ValueError: not a batch of images.

    Example:
        >>> image = torch.ones(1, 1, 8, 8)
        >>> 4 <= int((cutout(image, torch.Generator().manual_seed(0)) == 0).sum()) <= 16
        True
    """
    check_images(images)
    hidden = []
    for size in images.shape[2:]:
        side = int(size / 2 + 0.5)
        # An even side is centred on a corner of pixels (size + 1 of them), an odd one on a pixel.
        centre = torch.randint(0, size + 1 - side % 2, (len(images), 1), generator=rng).to(images.device)
        distance = torch.arange(size, device=images.device) - (centre - side // 2)
        hidden.append((distance >= 0) & (distance < side))
    keep = ~(hidden[0][:, :, None] & hidden[1][:, None, :])
    return images * keep[:, None].to(images.dtype)


# Applied in this order whatever the order of the policy, so that a policy is a set.
POLICIES = {"colour": colour, "translation": translation, "cutout": cutout}


class DiffAugment(Augment):
    """The same kinds of change to reals and fakes, so that few photos are seen in many ways without leaking.

    Zhao et al. 2020, arXiv 2006.10738. Has no state; changes of each kind are always applied.

    Args:
        policy: which of "colour", "translation", "cutout"; each at most once, applied in this order. All of
            them by default, the authors' choice for 100 images.

    Raises:
        UserError: an unknown name in the policy.

    Example:
        >>> augment = DiffAugment(("colour", "cutout"))
        >>> augment(torch.zeros(2, 3, 16, 16), torch.Generator().manual_seed(0)).shape
        torch.Size([2, 3, 16, 16])
    """

    def __init__(self, policy: Sequence[str] = ("colour", "translation", "cutout")) -> None:
        super().__init__()
        unknown = [name for name in policy if name not in POLICIES]
        if unknown:
            raise UserError(f"augmentation policy: no {unknown[0]!r}, choose from {', '.join(POLICIES)}")
        self.policy = tuple(name for name in POLICIES if name in policy)

    def forward(self, images: Tensor, rng: torch.Generator) -> Tensor:
        """Transform every image by its own draw; see the functions of this file."""
        for name in self.policy:
            images = POLICIES[name](images, rng)
        return images
