"""Move every style of a StyleGAN2 generator by a constant, from outside, in a way that `surgery.merge` takes down."""

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from graftgan.networks.layers import FullyConnected
from graftgan.networks.stylegan2 import StyleGAN2Generator, SynthesisBlock


class OffsetStyle(nn.Module):
    """The bias of a layer's affine map, as if its style had been moved: A (w + dw) + b = A w + (b + A dw).

    Args:
        dw: the offset (w_dim,); layers of one style share it.
        affine: the layer's affine map; its weight stays as it is.
    """

    matrix: Tensor

    def __init__(self, dw: nn.Parameter, affine: FullyConnected) -> None:
        super().__init__()
        self.dw = dw
        self.gain = affine.weight_gain / affine.bias_gain
        # the frozen weight itself, not a copy
        self.register_buffer("matrix", affine.weight.detach(), persistent=False)

    def forward(self, bias: Tensor) -> Tensor:
        """Returns b + A dw for a bias b (outputs,)."""
        return bias + self.matrix @ self.dw * self.gain


def offset_styles(generator: StyleGAN2Generator) -> list[nn.Parameter]:
    """Gives a generator one trainable offset of each style, zero at first, so that its output stays the same.

    A block's colours and the next block's first convolution take the same style, and so the same offset.

    Args:
        generator: changed in place.

    Returns:
        The offsets (w_dim,), one for each of its `num_ws` styles.

    Example:
        >>> g = StyleGAN2Generator(16, channel_base=64, channel_max=8, z_dim=4, w_dim=4, mapping_layers=2)
        >>> len(offset_styles(g)), g.num_ws
        (6, 6)
    """
    offsets = [nn.Parameter(torch.zeros_like(generator.mapping.w_avg)) for _ in range(generator.num_ws)]
    at = 0
    for size in generator.synthesis.sizes:
        block = cast(SynthesisBlock, generator.synthesis.get_submodule(f"b{size}"))
        for layer in block.convs():
            parametrize.register_parametrization(layer.affine, "bias", OffsetStyle(offsets[at], layer.affine))
            at += 1
        colours = block.torgb.affine
        parametrize.register_parametrization(colours, "bias", OffsetStyle(offsets[at], colours))
    return offsets
