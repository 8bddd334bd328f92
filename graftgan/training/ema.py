"""The exponential moving average of the weights, with a ramp-up so that a short run forgets its start."""

import torch
from torch import Tensor, nn


def decay(batch: int, images: int, half_life_kimg: float, rampup: float) -> float:
    """Returns how much of the old average is kept in one step.

    Source: Karras et al. 2020 (StyleGAN2-ADA, arXiv 2006.06676, appendix C): the half-life may never exceed a
    fraction of what was seen so far. With a fixed decay of 0.998 a run of 1,000 steps would still hold 11 % of
    the source; with the ramp-up it holds none (checked in the tests).

    Formula: `0.5 ** (batch / min(half_life_kimg * 1000, rampup * images))`.

    Args:
        batch: pictures a step.
        images: pictures seen so far, this step included.
        half_life_kimg: in thousands of pictures.
        rampup: the largest half-life as a fraction of `images`; 0 switches the ramp-up off.

    Returns:
        The factor, in [0, 1).

    Example:
        >>> round(decay(batch=16, images=16_000, half_life_kimg=0.5, rampup=0.05), 4)
        0.9781
    """
    half_life = half_life_kimg * 1000
    if rampup > 0:
        half_life = min(half_life, rampup * images)
    return float(0.5 ** (batch / max(half_life, 1e-8)))


@torch.no_grad()
def update(average: nn.Module, model: nn.Module, keep: float) -> None:
    """Moves `average` toward `model`: `average = keep * average + (1 - keep) * model`, counters copied.

    Buffers of floats (batch-norm statistics) are averaged too: they must fit the averaged weights, not the newest.

    Args:
        average: same structure as `model`; changed in place.
        model: read only.
        keep: from `decay`.
    """
    old: list[Tensor] = list(average.parameters())
    torch._foreach_lerp_(old, [parameter.detach() for parameter in model.parameters()], 1.0 - keep)
    for old_buffer, new_buffer in zip(average.buffers(), model.buffers(), strict=True):
        if old_buffer.is_floating_point():
            old_buffer.lerp_(new_buffer, 1.0 - keep)
        else:
            old_buffer.copy_(new_buffer)
