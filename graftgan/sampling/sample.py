"""Pictures by seed: a seed is always the same picture, whatever else is in the batch."""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

from graftgan.errors import UserError
from graftgan.networks.base import Generator

Draw = Callable[[Tensor, Tensor | None, float], Tensor]
"""(latents z, one-hot classes c or None, truncation) -> float pictures (N, channels, resolution, resolution)."""


def latents(seeds: Sequence[int], z_dim: int) -> Tensor:
    """Returns the latent of each seed, shape (N, z_dim), standard normal.

    Args:
        seeds: whole numbers from 0 to 2**63 - 1.
        z_dim: length of a latent.

    Example:
        >>> latents([3, 4], 8)[1].equal(latents([4], 8)[0])
        True
    """
    return torch.stack([torch.randn(z_dim, generator=torch.Generator().manual_seed(seed)) for seed in seeds])


def sample(
    generator: Generator,
    seeds: Sequence[int],
    *,
    truncation: float = 1.0,
    batch: int = 32,
    engine: Draw | None = None,
) -> np.ndarray:
    """Draws the pictures of seeds.

    Args:
        generator: in evaluation mode, on any device.
        seeds: one a picture.
        truncation: psi of Karras et al. 2019 (arXiv 1812.04948, appendix B): below 1 trades variety for quality.
        batch: pictures a forward pass; does not change them by more than rounding.
        engine: another way than PyTorch's from latents to this generator's pictures, as `recipes.engines` makes them;
            does not change them by more than rounding.

    Returns:
        uint8 pictures (N, resolution, resolution, channels). A class-conditional network gets the seed modulo
        its number of classes as its class.

    Raises:
        UserError: no seeds.
    """
    if not len(seeds):
        raise UserError("--seeds: name at least one seed")
    device = next(generator.parameters()).device
    draw = engine or eager(generator)
    pictures = []
    with torch.inference_mode():
        for first in range(0, len(seeds), batch):
            chunk = list(seeds[first : first + batch])
            z = latents(chunk, generator.z_dim).to(device)
            pictures.append(to_uint8(draw(z, classes(chunk, generator, device), truncation)))
    return np.concatenate(pictures)


def eager(generator: Generator) -> Draw:
    """Returns PyTorch's way from latents to pictures, with constant noise.

    On a CPU the weights are laid out channels-last first, in place: their values stay, convolutions are faster
    (benchmarks/sampling.py).
    """
    if next(generator.parameters()).device.type == "cpu":
        # Outside inference mode: weights laid out in it could not be trained any more.
        generator.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def draw(z: Tensor, c: Tensor | None, truncation: float) -> Tensor:
        return generator(z, c, truncation=truncation, noise="const")

    return draw


def classes(seeds: Sequence[int], generator: Generator, device: torch.device) -> Tensor | None:
    """Returns one-hot classes (N, c_dim), the seed modulo c_dim; None for an unconditional network."""
    if generator.c_dim == 0:
        return None
    indices = torch.tensor([seed % generator.c_dim for seed in seeds], device=device)
    return torch.nn.functional.one_hot(indices, generator.c_dim).float()


def to_uint8(images: Tensor) -> np.ndarray:
    """Returns float pictures (N, C, H, W) in [-1, 1] as uint8 (N, H, W, C), rounded, clipped to the range."""
    scaled = images.float().mul(127.5).add(127.5).round().clamp(0, 255).to(torch.uint8)
    return scaled.permute(0, 2, 3, 1).contiguous().cpu().numpy()
