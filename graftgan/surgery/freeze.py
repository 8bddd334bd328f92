"""Choose what may change: parameters by block, addressed by resolution."""

from torch import nn

from graftgan.errors import UserError
from graftgan.networks.base import Discriminator, Generator


def freeze(module: nn.Module) -> None:
    """Stops every parameter of `module` from training, and its batch norms from taking new statistics."""
    module.requires_grad_(False)
    for part in module.modules():
        if isinstance(part, nn.modules.batchnorm._BatchNorm):
            part.eval()


def freeze_blocks(network: Generator | Discriminator, resolutions: list[int]) -> list[str]:
    """Freezes the blocks of `network` that work at the given resolutions.

    Args:
        network: whose blocks.
        resolutions: in pixels; each must be one of `network.blocks()`.

    Returns:
        The names of the parameters that were frozen.

    Raises:
        UserError: a resolution that the network has no block for.
    """
    blocks = network.blocks()
    frozen = []
    for resolution in resolutions:
        if resolution not in blocks:
            raise UserError(f"no block at {resolution} px to freeze (there are: {', '.join(map(str, blocks))})")
        for name in blocks[resolution]:
            module = network.get_submodule(name)
            freeze(module)
            frozen += [f"{name}.{inner}" for inner, _ in module.named_parameters()]
    return frozen
