"""Rewrite convolution kernels as frozen kernels times a small trainable modulation, filter by filter.

Done from outside by `torch.nn.utils.parametrize`: the network's file knows nothing of it, and `surgery.merge` takes it
down again.
"""

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from graftgan.networks.base import Discriminator, Generator
from graftgan.surgery.kernels import kernels_of


class KernelModulation(nn.Module):
    """A kernel whose kept filters are modulated and whose other filters are fine-tuned.

    Source: Zhao et al. 2022, AdAM (arXiv 2210.16559, section 4): `W' = W * (1 + M)`, M of rank 1 over (output
    channel) x (input channel, kernel). Deviation: they draw both factors at 1e-7; here `u` starts at zero and `v` at
    N(0, 1), so that the start is exactly the source and Adam's epsilon does not swallow the first gradients.

    Formula: filter o of W' is `W_o * (1 + v_o u)`, W_o frozen, where `keep[o]` is 1; else W_o itself, trained.

    Args:
        weight: the kernel, for its shape.
        dim: which of its dimensions counts output channels (1 for a transposed convolution).
        rank: of M, at least 1.
        rng: draws `v`.
    """

    keep: Tensor

    def __init__(self, weight: Tensor, dim: int, rank: int, rng: torch.Generator) -> None:
        super().__init__()
        self.dim = dim
        filters = weight.shape[dim]
        self.u = nn.Parameter(torch.zeros(rank, weight.numel() // filters, device=weight.device))
        self.v = nn.Parameter(torch.randn(filters, rank, generator=rng).to(weight.device))
        shape = [1] * weight.dim()
        shape[dim] = filters
        self.register_buffer("keep", torch.ones(shape, device=weight.device))

    def forward(self, weight: Tensor) -> Tensor:
        """Returns the kernel that the layer computes with, same shape as `weight`."""
        rest = [size for index, size in enumerate(weight.shape) if index != self.dim]
        change = (self.v @ self.u).view(weight.shape[self.dim], *rest).movedim(0, self.dim)
        return torch.where(self.keep > 0, weight.detach() * (1 + change), weight)


def modulate(network: Generator | Discriminator, rank: int, rng: torch.Generator) -> dict[str, KernelModulation]:
    """Puts a `KernelModulation` on every convolution kernel in the blocks of `network`.

    Args:
        network: changed in place; its output stays the same.
        rank: of each modulation.
        rng: draws the start.

    Returns:
        Name of the convolution -> its modulation.
    """
    modulations = {}
    for kernel in kernels_of(network):
        modulation = KernelModulation(kernel.weight, kernel.dim, rank, rng)
        parametrize.register_parametrization(kernel.module, "weight", modulation)
        modulations[kernel.name] = modulation
    return modulations
