"""Architectures by name: each is a generator and its discriminator, or the encoder that stands in its place."""

from __future__ import annotations

from dataclasses import dataclass

from graftgan.errors import UserError
from graftgan.networks.base import Discriminator, Generator
from graftgan.networks.dcgan import DCGANDiscriminator, DCGANGenerator
from graftgan.networks.stylegan2 import StyleGAN2Generator
from graftgan.networks.stylegan2_discriminator import StyleGAN2Discriminator
from graftgan.networks.stylegan3 import StyleGAN3Generator
from graftgan.networks.vae import VAEDecoder, VAEEncoder


@dataclass(frozen=True)
class Architecture:
    """A pair of classes that train together: against each other, or as a VAE.

    Attributes:
        generator: its class; `generator(**config)` builds it.
        discriminator: its class; `discriminator(**config)` builds it.
        learning_rate: of Adam with betas 0 and 0.99, for both, where the user names none.
        z_dim: length of a latent where the user names none.
    """

    generator: type[Generator]
    discriminator: type[Discriminator]
    learning_rate: float
    z_dim: int = 128


NETWORKS: dict[str, Architecture] = {
    # Measured on avatars-64: 0.001 was worse, the 0.0002 of Radford et al. 2015 goes with beta 0.5.
    "dcgan": Architecture(DCGANGenerator, DCGANDiscriminator, 0.0004),
    # Karras et al. 2020, arXiv 2006.06676, "auto".
    "stylegan2": Architecture(StyleGAN2Generator, StyleGAN2Discriminator, 0.0025),
    # Seen on digits at 32 px: 64 numbers a latent keep pictures so well that samples of the prior fall between them.
    "vae": Architecture(VAEDecoder, VAEEncoder, 0.001, z_dim=16),
}

ARCHITECTURES: dict[str, Architecture] = {
    **NETWORKS,
    # Read, sampled and exported; the discriminator is the published one, but nothing here trains the pair.
    "stylegan3": Architecture(StyleGAN3Generator, StyleGAN2Discriminator, 0.0025),
}
"""All that a model folder may hold: `NETWORKS`, and those that are not trained."""


def check_trains(network: str, source: str) -> None:
    """Refuses a source that cannot be trained further.

    Args:
        network: a name in `ARCHITECTURES`.
        source: what the user called it.

    Raises:
        UserError: it is read for sampling and export only.

    >>> check_trains("stylegan2", "avatars-64")
    """
    if network not in NETWORKS:
        raise UserError(f"--source {source}: a {network} is read for sampling and export; adapt from a StyleGAN2")


__all__ = ["ARCHITECTURES", "NETWORKS", "Architecture", "Discriminator", "Generator", "check_trains"]
