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
    """

    generator: type[Generator]
    discriminator: type[Discriminator]


NETWORKS: dict[str, Architecture] = {
    "dcgan": Architecture(DCGANGenerator, DCGANDiscriminator),
    "stylegan2": Architecture(StyleGAN2Generator, StyleGAN2Discriminator),
}

__all__ = ["NETWORKS", "Architecture", "Discriminator", "Generator"]
