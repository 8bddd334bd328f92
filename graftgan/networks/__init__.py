"""Architectures by name: each is a generator and its discriminator."""

from __future__ import annotations

from dataclasses import dataclass

from graftgan.networks.base import Discriminator, Generator
from graftgan.networks.dcgan import DCGANDiscriminator, DCGANGenerator
from graftgan.networks.stylegan2 import StyleGAN2Generator
from graftgan.networks.stylegan2_discriminator import StyleGAN2Discriminator


@dataclass(frozen=True)
class Architecture:
    """A pair of classes that train against each other.

    Attributes:
        generator: its class; `generator(**config)` builds it.
        discriminator: its class; `discriminator(**config)` builds it.
        learning_rate: of Adam with betas 0 and 0.99, for both, where the user names none.
    """

    generator: type[Generator]
    discriminator: type[Discriminator]
    learning_rate: float


NETWORKS: dict[str, Architecture] = {
    # Measured on avatars-64: 0.001 was worse, the 0.0002 of Radford et al. 2015 goes with beta 0.5.
    "dcgan": Architecture(DCGANGenerator, DCGANDiscriminator, 0.0004),
    # Karras et al. 2020, arXiv 2006.06676, "auto".
    "stylegan2": Architecture(StyleGAN2Generator, StyleGAN2Discriminator, 0.0025),
}

__all__ = ["NETWORKS", "Architecture", "Discriminator", "Generator"]
