"""A generator with a small network in front of it, which says where in its latent space pictures are taken from."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from graftgan.errors import UserError
from graftgan.networks.base import JSON, Generator, Noise

FRONT_LAYERS = "front_layers"


class Front(nn.Module):
    """Latents to latents: z + offset, or z + W2 relu(W1 z + b1) + b2. Fresh, it hands latents on as they are.

    Args:
        z_dim: length of a latent.
        layers: 0 for a constant offset, 2 for a network of two layers.
    """

    def __init__(self, z_dim: int, layers: int) -> None:
        super().__init__()
        self.offset = nn.Parameter(torch.zeros(z_dim))
        self.inner = nn.Parameter(torch.zeros(z_dim, z_dim)) if layers else None
        self.bias = nn.Parameter(torch.zeros(z_dim)) if layers else None
        self.outer = nn.Parameter(torch.zeros(z_dim, z_dim)) if layers else None

    def forward(self, z: Tensor) -> Tensor:
        """Latents (N, z_dim) of latents z (N, z_dim)."""
        if self.inner is None or self.outer is None:
            return z + self.offset
        return z + F.linear(F.relu(F.linear(z, self.inner, self.bias)), self.outer, self.offset)


class FrontedGenerator(Generator):
    """A generator whose latents pass a `Front` first; to everybody else it is a generator like any other.

    Args:
        inner: the generator; kept, not copied.
        layers: of the front: 0 (a constant offset) or 2.

    Raises:
        UserError: another number of layers, or a generator that has a front already.

    >>> from graftgan.networks.dcgan import DCGANGenerator
    >>> g = FrontedGenerator(DCGANGenerator(16, channel_base=64, channel_max=8, z_dim=4), 2)
    >>> g(torch.ones(2, 4)).shape
    torch.Size([2, 3, 16, 16])
    """

    def __init__(self, inner: Generator, layers: int) -> None:
        if layers not in (0, 2):
            raise UserError(f"{FRONT_LAYERS} must be 0 or 2, not {layers}")
        if isinstance(inner, FrontedGenerator):
            raise UserError("this generator has a network in front of it already")
        super().__init__(inner.z_dim, inner.c_dim, inner.resolution, inner.channels)
        self.inner, self.front, self.layers = inner, Front(inner.z_dim, layers), layers

    def forward(
        self,
        z: Tensor,
        c: Tensor | None = None,
        *,
        truncation: float = 1.0,
        noise: Noise = "random",
        rng: torch.Generator | None = None,
    ) -> Tensor:
        """Pictures of latents, as the generator behind the front makes them; latents are truncated before the front."""
        if self.inner.truncates_latents:
            return self.inner(self.front(z * truncation), c, noise=noise, rng=rng)
        return self.inner(self.front(z), c, truncation=truncation, noise=noise, rng=rng)

    def with_codes(
        self, z: Tensor, c: Tensor | None = None, *, rng: torch.Generator | None = None
    ) -> tuple[Tensor, Tensor]:
        """Pictures and the intermediate codes behind them."""
        return self.inner.with_codes(self.front(z), c, rng=rng)

    def observe(self, z: Tensor, c: Tensor | None = None) -> None:
        """Takes note of latents seen in training."""
        with torch.no_grad():
            self.inner.observe(self.front(z), c)

    def blocks(self) -> dict[int, tuple[str, ...]]:
        """The blocks of the generator behind the front."""
        return {size: tuple(f"inner.{name}" for name in names) for size, names in self.inner.blocks().items()}

    def config(self) -> JSON:
        """The inner generator's arguments, and `front_layers`."""
        return {**self.inner.config(), FRONT_LAYERS: self.layers}

    def init_weights(self, rng: torch.Generator) -> None:
        """Draws the generator behind the front; the front hands latents on as they are."""
        self.inner.init_weights(rng)
        with torch.no_grad():
            for parameter in self.front.parameters():
                parameter.zero_()

    def draw_front(self, rng: torch.Generator) -> None:
        """Draws the first layer of the front; the second stays zero, so that latents are handed on as they are."""
        if self.front.inner is not None:
            with torch.no_grad():
                drawn = torch.randn(self.front.inner.shape, generator=rng) / self.z_dim**0.5
                self.front.inner.copy_(drawn)


def build_generator(kind: type[Generator], config: dict[str, Any]) -> Generator:
    """Returns the generator that a configuration describes, its weights not drawn.

    Args:
        kind: class of the generator, or of the one behind the front.
        config: as `config()` of either gives it.

    Raises:
        UserError, TypeError: there is no such network.
    """
    if FRONT_LAYERS not in config:
        return kind(**config)
    rest = {name: value for name, value in config.items() if name != FRONT_LAYERS}
    return FrontedGenerator(kind(**rest), config[FRONT_LAYERS])
