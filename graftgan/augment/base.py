"""What every augmentation of image batches is, and the one that does nothing."""

import torch
from torch import Tensor, nn


class Augment(nn.Module):
    """A random, differentiable transformation of a batch of images, the same for reals and fakes.

    Final classes implement `forward`; adaptive ones also answer to `adjust`, which the loop calls now and
    then.

    Example:
        >>> NoAugment()(torch.zeros(1, 3, 4, 4), torch.Generator()).shape
        torch.Size([1, 3, 4, 4])
    """

    def forward(self, images: Tensor, rng: torch.Generator) -> Tensor:
        """Transform every image by its own draw.

        Args:
            images: float (N, channels, H, W) in [-1, 1].
            rng: CPU generator that makes every random choice.

        Returns:
            Images of the same shape, type, device and memory format; values may leave [-1, 1].
        """
        raise NotImplementedError

    def adjust(self, real_logits: Tensor, images_seen: int) -> None:
        """Adapt the strength to how the discriminator does on real images; does nothing unless overridden.

        Args:
            real_logits: the discriminator's logits of real images since the last call, any shape.
            images_seen: how many real images that were since the last call.
        """


class NoAugment(Augment):
    """Leaves the images as they are.

    Example:
        >>> images = torch.ones(2, 3, 4, 4)
        >>> NoAugment()(images, torch.Generator()) is images
        True
    """

    def forward(self, images: Tensor, rng: torch.Generator) -> Tensor:
        """Answer with the images themselves; draws nothing from `rng`."""
        return images


def check_images(images: Tensor) -> None:
    """Refuse what is not a batch of images.

    Args:
        images: to be float (N, 1 or 3 channels, H, W).

    Raises:
        ValueError: it is not.

    Example:
        >>> check_images(torch.zeros(2, 3, 8, 8))
    """
    if images.ndim != 4 or images.shape[1] not in (1, 3) or not images.is_floating_point():
        raise ValueError(f"images must be floats (N, 1 or 3 channels, H, W), got {images.dtype} {tuple(images.shape)}")


def like_layout(images: Tensor, model: Tensor) -> Tensor:
    """The same images, laid out in memory channels-last if `model` is, so that convolutions stay fast.

    Args:
        images: (N, channels, H, W).
        model: batch of images whose layout is wanted.

    Returns:
        The images themselves where nothing has to be done, else a copy.

    Example:
        >>> model = torch.zeros(2, 3, 4, 4).to(memory_format=torch.channels_last)
        >>> like_layout(torch.zeros(2, 3, 4, 4), model).is_contiguous(memory_format=torch.channels_last)
        True
    """
    if model.is_contiguous(memory_format=torch.channels_last) and not model.is_contiguous():
        return images.contiguous(memory_format=torch.channels_last)
    return images
