"""Whether an exported generator draws the pictures of the one that it was made from."""

from collections.abc import Callable

import torch
from torch import Tensor

from graftgan.errors import UserError
from graftgan.networks.base import Generator
from graftgan.randomness import generator_at

Draw = Callable[[Tensor, Tensor | None, float], Tensor]
"""(latents z, one-hot classes c or None, truncation) -> pictures (N, channels, resolution, resolution)."""

LIMIT = 1e-4
BATCHES = (1, 3)
TRUNCATIONS = (1.0, 0.7)


@torch.no_grad()
def difference(generator: Generator, draw: Draw, what: str) -> float:
    """Compares an exported generator with PyTorch's, at batch sizes 1 and 3 and truncations 1 and 0.7.

    Args:
        generator: the original, in evaluation mode on the CPU.
        draw: the exported one.
        what: names it in a refusal.

    Returns:
        The largest absolute difference of a value, where pictures are within about [-1, 1].

    Raises:
        UserError: it is above 1e-4, or not a number.
    """
    worst = 0.0
    for batch in BATCHES:
        z = torch.randn(batch, generator.z_dim, generator=generator_at(0, batch, purpose="export"))
        c = torch.eye(generator.c_dim)[torch.arange(batch) % generator.c_dim] if generator.c_dim else None
        for truncation in TRUNCATIONS:
            wanted, found = generator(z, c, truncation=truncation, noise="const"), draw(z, c, truncation)
            apart = float((found - wanted).abs().max()) if found.shape == wanted.shape else float("inf")
            if not apart <= LIMIT:
                raise UserError(
                    f"{what} was not written: its pictures differ from PyTorch's by {apart:.1e}, more than {LIMIT:.0e}"
                    f" (batch {batch}, truncation {truncation:g})"
                )
            worst = max(worst, apart)
    return worst
