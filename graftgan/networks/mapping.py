"""The mapping network: from a latent and a class to the style that steers the picture."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from graftgan.networks.base import checked_labels
from graftgan.networks.layers import FullyConnected, unit_moment


class Mapping(nn.Module):
    """Latents and labels to styles.

    Source: Karras et al. 2018, "A Style-Based Generator Architecture", arXiv 1812.04948, section 2 (mapping, truncation
    trick appendix B); conditioning as in Karras et al. 2020, StyleGAN2-ADA, arXiv 2006.06676. Latent and embedded label
    are each scaled to unit second moment, then joined. Formula with truncation t: w = w_avg + t * (f(z, c) - w_avg).

    Args:
        z_dim: length of a latent; 0 for none (the discriminator's mapping of labels).
        c_dim: number of classes; 0 for none.
        w_dim: length of a style.
        num_ws: copies of the style, one for each layer that it steers; 0 for a single style without that axis.
        layers: fully connected layers.
        lr_mult: their learning rate relative to the rest of the network.
        averaged: whether it holds w_avg, the mean style that truncation pulls towards.

    >>> Mapping(4, 0, 8, 6, layers=2, lr_mult=0.01, averaged=True)(torch.ones(1, 4)).shape
    torch.Size([1, 6, 8])
    """

    w_avg: Tensor

    def __init__(
        self, z_dim: int, c_dim: int, w_dim: int, num_ws: int, *, layers: int, lr_mult: float, averaged: bool
    ) -> None:
        super().__init__()
        self.z_dim, self.c_dim, self.w_dim, self.num_ws, self.layers = z_dim, c_dim, w_dim, num_ws, layers
        if c_dim:
            self.embed = FullyConnected(c_dim, w_dim)
        inputs = z_dim + (w_dim if c_dim else 0)
        for index in range(layers):
            layer = FullyConnected(w_dim if index else inputs, w_dim, activate=True, lr_mult=lr_mult)
            self.add_module(f"fc{index}", layer)
        if averaged:
            self.register_buffer("w_avg", torch.zeros(w_dim))

    def forward(self, z: Tensor | None, c: Tensor | None = None, truncation: float = 1.0) -> Tensor:
        """Styles (N, num_ws, w_dim), or (N, w_dim) where num_ws is 0; changes nothing in the network.

        Args:
            z: latents (N, z_dim), or None where z_dim is 0.
            c: one-hot labels (N, c_dim); needed where c_dim is not 0.
            truncation: 1 leaves the styles; towards 0 they approach w_avg (fewer surprises, less variety).

        Raises:
            UserError: labels are missing or of the wrong shape.
        """
        parts = [] if z is None else [unit_moment(z)]
        if self.c_dim:
            count = len(z) if z is not None else 0 if c is None else len(c)
            parts.append(unit_moment(self.embed(checked_labels(c, self.c_dim, count))))
        x = torch.cat(parts, dim=1)
        for index in range(self.layers):
            x = self.get_submodule(f"fc{index}")(x)
        if truncation != 1.0:
            x = self.w_avg.lerp(x, truncation)
        return x.unsqueeze(1).expand(-1, self.num_ws, -1) if self.num_ws else x

    @torch.no_grad()
    def track(self, ws: Tensor, beta: float = 0.995) -> None:
        """Moves w_avg towards the mean of a batch of styles; called after a step; `forward` never does.

        Formula: w_avg <- beta * w_avg + (1 - beta) * mean(ws).

        Args:
            ws: untruncated styles (N, num_ws, w_dim), each row one style copied.
            beta: share of the old average that stays, a call.
        """
        self.w_avg.lerp_(ws.detach()[:, 0].mean(dim=0), 1.0 - beta)
