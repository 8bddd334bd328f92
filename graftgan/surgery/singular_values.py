"""Rewrite kernels by their singular values, which alone may change: strength of what a layer knows, nothing new.

Done from outside by `torch.nn.utils.parametrize`; `surgery.merge` takes it down again.
"""

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from graftgan.networks.base import Discriminator, Generator
from graftgan.surgery.freeze import freeze


class SingularValues(nn.Module):
    """A frozen kernel with a trainable factor on each of its singular values.

    Source: Robb et al. 2020, FSGAN (arXiv 2010.11943, section 3.2): with W = U S V^T, W' = U (S * m) V^T. Deviation: it
    is computed as a change of W, so that factors of one give W itself to the bit.

    Formula: `W' = W + U diag(m - 1) U^T W`, W as a matrix with one row an output channel, U its left singular vectors
    (U^T W = S V^T); where W has more rows than columns, `W + W V diag(m - 1) V^T`. U comes from the eigenvectors of
    W W^T in double precision, on the CPU: the same as the decomposition for every singular value above 1e-8 of the
    largest, and ten times as fast for 512 channels. It is found anew from the frozen weight when a run goes on, and is
    not saved.

    Args:
        weight: the kernel.
        dim: which of its dimensions counts output channels (1 for a transposed convolution).
    """

    left: Tensor
    right: Tensor

    def __init__(self, weight: Tensor, dim: int) -> None:
        super().__init__()
        self.dim = dim
        rows = weight.detach().movedim(dim, 0).flatten(1).cpu().double()
        tall = rows.shape[0] > rows.shape[1]
        gram = rows.T @ rows if tall else rows @ rows.T
        vectors = torch.linalg.eigh(gram).eigenvectors.flip(1)  # the largest singular value first
        factors = (rows @ vectors, vectors.T) if tall else (vectors, vectors.T @ rows)
        for name, factor in zip(("left", "right"), factors, strict=True):
            self.register_buffer(name, factor.to(weight.device, weight.dtype).contiguous(), persistent=False)
        self.multiplier = nn.Parameter(torch.ones(vectors.shape[1], dtype=weight.dtype, device=weight.device))

    def forward(self, weight: Tensor) -> Tensor:
        """Returns the kernel that the layer computes with, same shape as `weight`."""
        rest = [size for index, size in enumerate(weight.shape) if index != self.dim]
        change = (self.left * (self.multiplier - 1)) @ self.right
        return weight + change.view(weight.shape[self.dim], *rest).movedim(0, self.dim)


def by_singular_values(network: Generator | Discriminator) -> dict[str, SingularValues]:
    """Freezes `network`, and puts trainable `SingularValues` on every convolution and fully connected layer.

    Args:
        network: changed in place; its output stays the same (its batch norms use the statistics they hold).

    Returns:
        Name of the layer -> its singular values.
    """
    freeze(network)
    found = {}
    for name, module in list(network.named_modules()):
        weight = getattr(module, "weight", None)
        if isinstance(weight, nn.Parameter) and weight.dim() in (2, 4):
            found[name] = SingularValues(weight, 1 if isinstance(module, nn.ConvTranspose2d) else 0)
            parametrize.register_parametrization(module, "weight", found[name])
    return found
