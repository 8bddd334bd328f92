"""A StyleGAN2 pair at another resolution than it was trained at: blocks taken off, or new ones put on."""

from dataclasses import dataclass

import torch
from torch import nn

from graftgan.errors import UserError
from graftgan.networks.base import Discriminator, Generator, resolutions, width
from graftgan.networks.fronted import FrontedGenerator
from graftgan.networks.stylegan2 import StyleGAN2Generator, SynthesisBlock
from graftgan.networks.stylegan2_discriminator import StyleGAN2Discriminator

LOWEST, HIGHEST, MOST_GROWTH = 16, 1024, 4


@dataclass(frozen=True)
class Resized:
    """A pair at its new resolution, and what became of its parts.

    Attributes:
        generator: a new network with the old one's weights wherever both have them.
        discriminator: likewise; None where there was none.
        dropped: parts of the old pair that the new one has not, such as "G synthesis.b64".
        drawn: parts of the new pair that the old one had not.
    """

    generator: StyleGAN2Generator
    discriminator: StyleGAN2Discriminator | None
    dropped: tuple[str, ...]
    drawn: tuple[str, ...]

    def in_words(self) -> str:
        """Returns what was dropped and what was drawn."""
        told = [("dropped", self.dropped), ("drawn", self.drawn)]
        return "; ".join(f"{what} {', '.join(parts)}" for what, parts in told if parts)


def resized(
    generator: Generator, discriminator: Discriminator | None, resolution: int, rng: torch.Generator
) -> Resized:
    """Cuts a StyleGAN2 pair to a lower resolution, or grows it to a higher one.

    Source of why it is sound: the skip architecture of Karras et al. 2019 (arXiv 1912.04958, section 4.1, "skip
    generator"), whose picture is the sum of every block's colours, each enlarged to the top.
    Cut to R, G's blocks above R are gone, and its picture is exactly the sum of colours that it had at R. Grown to R, G
    has new blocks whose colours start at zero, so that its picture is exactly the old one enlarged by the network's own
    low-pass filter; they learn from the first step. Deviation: nothing is faded in (Karras et al. 2017, arXiv
    1710.10196), as zero colours start from the same picture.
    D reads pictures in its first block only, so its layer that does (`fromrgb`) is dropped and a new one drawn; grown,
    it gets new blocks above. Such a D has an opinion of nothing before it has trained. Styles, w_avg, noise and labels
    are kept; a new block is as wide as the network's rule says.

    Args:
        generator: of the source; stays as it is.
        discriminator: of the source, or None.
        resolution: wanted, one of `possible(generator)`.
        rng: draws what is new.

    Returns:
        The new pair, in evaluation mode.

    Raises:
        UserError: the network is no StyleGAN2, or cannot have this resolution; says which it can have.

    Example:
        >>> g = StyleGAN2Generator(16, channel_base=64, channel_max=8, z_dim=4, w_dim=4, mapping_layers=2)
        >>> resized(g, None, 32, torch.Generator().manual_seed(0)).in_words()
        'drawn G synthesis.b32'
    """
    allowed = possible(generator, discriminator)
    if isinstance(generator, FrontedGenerator):
        raise UserError(
            f"it has a network in front of its latents, and only a bare StyleGAN2 is cut or grown; "
            f"possible: {generator.resolution}"
        )
    if not isinstance(generator, StyleGAN2Generator) or not isinstance(discriminator, StyleGAN2Discriminator | None):
        raise UserError(
            f"a {type(generator).__name__} makes colours in its last block only, at its own resolution, so that "
            f"cutting or growing it is not sound; possible: {generator.resolution}"
        )
    if resolution not in allowed:
        raise UserError(
            f"from {generator.resolution} px a StyleGAN2 pair is cut to {LOWEST} px at least, and grown {MOST_GROWTH} "
            f"times at most, as far as its channels last; possible: {', '.join(map(str, allowed))}"
        )
    old = generator.resolution
    larger = StyleGAN2Generator(**generator.config() | {"resolution": resolution})
    take_over(larger, generator, rng)
    above = resolutions(max(old, resolution))[len(resolutions(min(old, resolution))) :]
    g_blocks = [f"G synthesis.b{size}" for size in above]
    if resolution > old:
        silence_colours(larger, above)
    if discriminator is None:
        gone, new = (g_blocks, []) if resolution < old else ([], g_blocks)
        return Resized(larger.eval(), None, tuple(gone), tuple(new))
    judge = StyleGAN2Discriminator(**discriminator.config() | {"resolution": resolution})
    take_over(judge, discriminator, rng)
    d_blocks = [f"D b{size}" for size in reversed(above)]
    if resolution < old:
        gone, new = [*g_blocks, *d_blocks], [f"D b{resolution}.fromrgb"]
    else:
        gone, new = [f"D b{old}.fromrgb"], [*g_blocks, *d_blocks]
    return Resized(larger.eval(), judge.eval(), tuple(gone), tuple(new))


def possible(generator: Generator, discriminator: Discriminator | None = None) -> list[int]:
    """Returns the resolutions that a pair can have, low to high; its own alone where it is no StyleGAN2.

    Example:
        >>> possible(StyleGAN2Generator(32, channel_base=64, channel_max=8, z_dim=4, w_dim=4, mapping_layers=2))
        [16, 32, 64]
    """
    if not isinstance(generator, StyleGAN2Generator):
        return [generator.resolution]
    top = min(MOST_GROWTH * generator.resolution, HIGHEST)
    networks: list[Generator | Discriminator] = [generator, *([] if discriminator is None else [discriminator])]
    return [size for size in resolutions(top) if size >= LOWEST and all(has_width(one, size) for one in networks)]


def has_width(network: Generator | Discriminator, size: int) -> bool:
    """Returns whether a network's rule leaves it a channel at a resolution."""
    config = network.config()
    try:
        return width(size, config["channel_base"], config["channel_max"]) > 0
    except UserError:
        return False


@torch.no_grad()
def take_over(new: Generator | Discriminator, old: nn.Module, rng: torch.Generator) -> None:
    """Draws a network, and gives it the tensors of another wherever both have them."""
    new.init_weights(rng)
    known = old.state_dict()
    for name, tensor in new.state_dict().items():
        if name in known:
            tensor.copy_(known[name])


@torch.no_grad()
def silence_colours(generator: StyleGAN2Generator, sizes: list[int]) -> None:
    """Sets the colours that blocks add to zero."""
    for size in sizes:
        block = generator.synthesis.get_submodule(f"b{size}")
        assert isinstance(block, SynthesisBlock)
        block.torgb.weight.zero_()
        block.torgb.bias.zero_()
