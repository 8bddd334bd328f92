"""Read a network's feature maps while it works, without touching it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from torch import Tensor, nn

from graftgan.errors import UserError
from graftgan.networks.base import Discriminator, Generator


@contextmanager
def tapped(network: Generator | Discriminator, resolutions: Sequence[int]) -> Iterator[dict[int, Tensor]]:
    """Collects the feature maps of blocks during every forward pass inside the `with`.

    Args:
        network: whose blocks; left as it is afterwards.
        resolutions: keys of `network.blocks()`, in pixels; none costs nothing.

    Yields:
        Resolution -> the block's feature map of the latest forward pass, (N, channels, H, W), with its graph.

    Raises:
        UserError: a resolution that the network has no block for.

    Example:
        >>> import torch
        >>> from graftgan.networks import NETWORKS
        >>> g = NETWORKS["dcgan"].generator(16, channel_base=64, channel_max=8, z_dim=4)
        >>> with tapped(g, [8]) as maps:
        ...     _ = g(torch.ones(2, 4))
        >>> maps[8].shape
        torch.Size([2, 8, 8, 8])
    """
    blocks = network.blocks()
    maps: dict[int, Tensor] = {}

    def keep(resolution: int) -> object:
        def hook(module: nn.Module, inputs: object, output: Tensor) -> None:
            maps[resolution] = output

        return network.get_submodule(blocks[resolution][-1]).register_forward_hook(hook)

    for resolution in resolutions:
        if resolution not in blocks:
            raise UserError(f"no block at {resolution} px to look at (there are: {', '.join(map(str, blocks))})")
    handles = [keep(resolution) for resolution in resolutions]
    try:
        yield maps
    finally:
        for handle in handles:
            handle.remove()  # type: ignore[attr-defined]
