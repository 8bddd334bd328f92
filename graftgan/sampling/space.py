"""Where a network is walked: between latents, or between the styles that a mapping network makes of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor

from graftgan.networks.base import Generator
from graftgan.networks.fronted import FrontedGenerator
from graftgan.sampling.sample import Draw, classes, eager, latents, to_uint8

PARALLEL = 1e-4


class Space(Protocol):
    """Codes of seeds, codes between two, and their pictures."""

    @property
    def name(self) -> str:
        """`z` or `w`."""
        ...

    def codes(self, seeds: Sequence[int]) -> Tensor:
        """Returns a code for each seed, one a row."""
        ...

    def between(self, one: Tensor, other: Tensor, way: Tensor) -> Tensor:
        """Returns the code at `way` (N) in [0, 1] from each row of `one` to that of `other`; at 0 it is `one`."""
        ...

    def pictures(self, codes: Tensor) -> np.ndarray:
        """Returns uint8 (N, H, W, C)."""
        ...


@dataclass(frozen=True)
class LatentSpace:
    """Latents z, for networks that have nothing else; spherical between two.

    Two seeds of different classes of a conditional network: the one-hot class goes over linearly. A code is the latent
    and the class behind it, (N, z_dim + c_dim).

    Attributes:
        generator: in evaluation mode.
        truncation: as in `sample`.
        draw: from latents to pictures.
    """

    generator: Generator
    truncation: float
    draw: Draw
    name: str = "z"

    @torch.inference_mode()
    def codes(self, seeds: Sequence[int]) -> Tensor:
        """Returns the latents of seeds, and behind them their classes."""
        device = device_of(self.generator)
        z, c = latents(seeds, self.generator.z_dim).to(device), classes(seeds, self.generator, device)
        return z if c is None else torch.cat([z, c], dim=1)

    @torch.inference_mode()
    def between(self, one: Tensor, other: Tensor, way: Tensor) -> Tensor:
        """Returns codes between two, spherical in z, linear in the class."""
        cut, way = self.generator.z_dim, way.to(one.device)
        z = slerp(one[:, :cut], other[:, :cut], way)
        c = torch.lerp(one[:, cut:], other[:, cut:], way.to(one.dtype)[:, None])
        return torch.cat([z, c], dim=1)

    @torch.inference_mode()
    def pictures(self, codes: Tensor) -> np.ndarray:
        """Returns the pictures of codes."""
        z, c = codes[:, : self.generator.z_dim].contiguous(), codes[:, self.generator.z_dim :].contiguous()
        return to_uint8(self.draw(z, c if self.generator.c_dim else None, self.truncation))


@dataclass(frozen=True)
class StyleSpace:
    """Styles w (N, num_ws, w_dim), for networks with a mapping network; linear between two, as is usual since
    Karras et al. 2018 (arXiv 1812.04948): w was learnt to be straight where z is round. The class is in the style.

    Attributes:
        generator: in evaluation mode, perhaps with a front.
        truncation: as in `sample`; it acts on the styles, so also between two seeds.
        behind: the network with `mapping`, `synthesis` and `num_ws`: the generator itself, or the one behind its front.
    """

    generator: Generator
    truncation: float
    behind: Any
    name: str = "w"

    @torch.inference_mode()
    def codes(self, seeds: Sequence[int]) -> Tensor:
        """Returns the truncated styles of seeds."""
        device = device_of(self.generator)
        z = latents(seeds, self.generator.z_dim).to(device)
        if isinstance(self.generator, FrontedGenerator):
            z = self.generator.front(z)
        styles: Tensor = self.behind.mapping(z, classes(seeds, self.generator, device), self.truncation)
        return styles

    @torch.inference_mode()
    def between(self, one: Tensor, other: Tensor, way: Tensor) -> Tensor:
        """Returns styles between two, linear."""
        return torch.lerp(one, other, way.to(one)[:, None, None])

    @torch.inference_mode()
    def pictures(self, codes: Tensor) -> np.ndarray:
        """Returns the pictures in these styles, with the stored noise."""
        return to_uint8(self.behind.synthesis(codes, noise="const"))


def space_of(generator: Generator, truncation: float = 1.0, engine: Draw | None = None) -> LatentSpace | StyleSpace:
    """Returns the space that a network is walked in: its styles where it has any, else its latents.

    Args:
        generator: in evaluation mode; its parts say what it is: `mapping`, `synthesis` and `num_ws` make a StyleGAN.
        truncation: as in `sample`.
        engine: as in `sample`; it begins at latents, so styles are drawn by PyTorch whatever it is.

    Example:
        >>> from graftgan.networks.dcgan import DCGANGenerator
        >>> space_of(DCGANGenerator(16, channel_base=64, channel_max=8, z_dim=4)).name
        'z'
    """
    plain = eager(generator)  # which also lays the weights out as `sample` does: the last bit may depend on it
    behind = generator.inner if isinstance(generator, FrontedGenerator) else generator
    if all(hasattr(behind, part) for part in ("mapping", "synthesis", "num_ws")):
        return StyleSpace(generator, truncation, behind)
    return LatentSpace(generator, truncation, engine or plain)


def slerp(one: Tensor, other: Tensor, way: Tensor) -> Tensor:
    """Returns vectors on the great circle from one to the other.

    Source: Shoemake 1985, "Animating rotation with quaternion curves" (SIGGRAPH), section 3.3; for latents of a GAN,
    White 2016, arXiv 1609.04468: between Gaussian vectors a straight line runs through lengths that none of them has.
    Formula, with a the angle between p and q: (sin((1 - t) a) p + sin(t a) q) / sin(a); linear where sin(a) is below
    1e-4, which is where the great circle is not defined (and where either is zero). Deviation from Shoemake, as in
    White: p and q need not be of length 1, and the length goes over with them.

    Args:
        one: p (N, D).
        other: q (N, D).
        way: t (N), from 0 to 1; 0 gives p to the bit.

    Example:
        >>> slerp(torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, 1.0]]), torch.tensor([0.5])).tolist()
        [[0.7071067690849304, 0.7071067690849304]]
    """
    p, q, t = one.double(), other.double(), way.double().to(one.device)[:, None]
    lengths = (p.norm(dim=1, keepdim=True) * q.norm(dim=1, keepdim=True)).clamp_min(1e-300)
    angle = ((p * q).sum(dim=1, keepdim=True) / lengths).clamp(-1, 1).acos()
    sine = angle.sin()
    straight = (sine < PARALLEL) | (lengths <= 1e-300)
    sine = torch.where(straight, torch.ones_like(sine), sine)
    first = torch.where(straight, 1 - t, ((1 - t) * angle).sin() / sine)
    second = torch.where(straight, t, (t * angle).sin() / sine)
    return (first * p + second * q).to(one.dtype)


def device_of(generator: Generator) -> torch.device:
    """Returns where a generator's weights are."""
    return next(generator.parameters()).device
