"""Find the convolution kernels of a network, whatever it is built of."""

from collections.abc import Iterator
from typing import NamedTuple

from torch import nn

from graftgan.networks.base import Discriminator, Generator


class Kernel(NamedTuple):
    """One convolution of a network.

    Attributes:
        name: dotted, in the network: "main.3".
        module: the convolution; `module.weight` is the kernel.
        weight: the kernel, four-dimensional.
        dim: which of its dimensions counts output channels, the filters (1 for a transposed convolution).
    """

    name: str
    module: nn.Module
    weight: nn.Parameter
    dim: int


def kernels_of(network: Generator | Discriminator) -> Iterator[Kernel]:
    """Yields every convolution kernel in the blocks of a network, in their order.

    Args:
        network: left as it is; a kernel that is parametrised already is passed over.

    Example:
        >>> from graftgan.networks import NETWORKS
        >>> g = NETWORKS["dcgan"].generator(16, channel_base=64, channel_max=8, z_dim=4)
        >>> [(kernel.name, kernel.dim) for kernel in kernels_of(g)]
        [('main.0', 1), ('main.3', 1), ('main.6', 1)]
    """
    for names in network.blocks().values():
        for block in names:
            for inner, module in list(network.get_submodule(block).named_modules()):
                weight = getattr(module, "weight", None)
                if isinstance(weight, nn.Parameter) and weight.dim() == 4:
                    dim = 1 if isinstance(module, nn.ConvTranspose2d) else 0
                    yield Kernel(f"{block}.{inner}" if inner else block, module, weight, dim)
