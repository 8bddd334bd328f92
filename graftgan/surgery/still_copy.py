"""A copy of a network that stays as it is, for the features that the adapted one is compared with."""

import copy
from collections.abc import Mapping, Sequence
from typing import TypeVar

import torch
from torch import Tensor, nn

from graftgan.networks.base import Discriminator, Generator
from graftgan.surgery.taps import tapped

Network = TypeVar("Network", Generator, Discriminator)


def still_copy(network: Network) -> Network:
    """Copies a network such that nothing in the copy ever changes, and it still answers as the network does now.

    A batch norm that normalises by the batch's own statistics does so in the copy, too, without taking them in: with
    the running ones, the features of copy and network would differ before the network has learnt anything.

    Args:
        network: left as it was.

    Returns:
        The copy; no parameter requires a gradient, no buffer moves.

    Example:
        >>> from graftgan.networks import NETWORKS
        >>> g = NETWORKS["dcgan"].generator(16, channel_base=64, channel_max=4, z_dim=4)
        >>> g.init_weights(torch.Generator().manual_seed(0))
        >>> z = torch.randn(2, 4, generator=torch.Generator().manual_seed(0))
        >>> torch.equal(still_copy(g)(z), g(z))
        True
    """
    copied = copy.deepcopy(network).requires_grad_(False)
    for part in copied.modules():
        if isinstance(part, nn.modules.batchnorm._BatchNorm) and part.training:
            part.track_running_stats = False  # in training mode: the batch's statistics, and none of them kept
    return copied


@torch.no_grad()
def source_maps(
    source: nn.Module,
    z: Tensor,
    labels: Tensor | None,
    resolutions: Sequence[int],
    noise: torch.Generator | None = None,
) -> Mapping[int, Tensor]:
    """The source generator's feature maps behind latents.

    Args:
        source: a generator, from `still_copy`.
        z: latents (N, z_dim).
        labels: one-hot (N, c_dim), or None.
        resolutions: keys of its `blocks()`.
        noise: as the adapted generator's stood before its pass, so that both have the same noise; None: constant noise.

    Returns:
        Resolution -> (N, channels, resolution, resolution), without a graph.
    """
    assert isinstance(source, Generator)
    with tapped(source, resolutions) as maps:
        source(z, labels, noise="const" if noise is None else "random", rng=noise)
    return maps


def inner_blocks(generator: Generator) -> tuple[int, ...]:
    """The resolutions of a generator's blocks but the last, which is the picture or next to it."""
    return tuple(generator.blocks())[:-1]
