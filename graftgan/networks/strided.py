"""What DCGAN and our VAE have in common: 4x4 convolutions that double or halve, and where their blocks are."""

import torch
from torch import nn
from torch.nn.utils import skip_init

from graftgan.errors import UserError
from graftgan.networks.base import check_resolution, resolutions


def conv4(
    kind: type[nn.Conv2d] | type[nn.ConvTranspose2d],
    inputs: int,
    outputs: int,
    stride: int,
    padding: int,
    bias: bool = False,
) -> nn.Module:
    """Returns a 4x4 convolution that holds zeros, as fresh networks do.

    Args:
        kind: of the convolution.
        inputs: channels that come in.
        outputs: channels that go out.
        stride: in pixels.
        padding: in pixels.
        bias: whether it has one.

    Example:
        >>> conv4(nn.Conv2d, 3, 8, 2, 1)(torch.zeros(1, 3, 16, 16)).shape
        torch.Size([1, 8, 8, 8])
    """
    # The plain constructor would draw from the global random state.
    conv = skip_init(kind, inputs, outputs, 4, stride, padding, bias=bias, device=torch.get_default_device())
    for parameter in conv.parameters():
        nn.init.zeros_(parameter)
    return conv


def rising_blocks(resolution: int) -> dict[int, tuple[str, ...]]:
    """Resolution -> names in `main` of its convolution, norm and activation, low to high; the last map is the picture.

    Example:
        >>> rising_blocks(8)
        {4: ('main.0', 'main.1', 'main.2'), 8: ('main.3', 'main.4')}
    """
    sizes = resolutions(resolution)
    names = [f"main.{index}" for index in range(3 * len(sizes) - 1)]  # the picture's activation follows no norm
    return {size: tuple(names[3 * at : 3 * at + 3]) for at, size in enumerate(sizes)}


def falling_blocks(resolution: int) -> dict[int, tuple[str, ...]]:
    """Resolution that a block reads -> names of its layers in `main`, high to low; the last convolution is in none.

    Example:
        >>> falling_blocks(16)
        {16: ('main.0', 'main.1'), 8: ('main.2', 'main.3', 'main.4')}
    """
    sizes = resolutions(resolution)[:0:-1]
    # The first block has no norm, hence two layers instead of three.
    starts = [0] + [2 + 3 * at for at in range(len(sizes))]
    return {
        size: tuple(f"main.{index}" for index in range(starts[at], starts[at + 1])) for at, size in enumerate(sizes)
    }


def check_unconditional(network: str, resolution: int, c_dim: int) -> None:
    """Refuses what these networks cannot be.

    Raises:
        UserError: the resolution cannot be, or there are classes.
    """
    check_resolution(resolution)
    if c_dim:
        raise UserError(f"{network} knows no classes: c_dim must be 0, not {c_dim}; stylegan2 takes labelled pictures")
