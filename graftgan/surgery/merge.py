"""Take the scaffolding down: a reparametrised network as a plain one with the weights it computes with."""

import copy
from typing import TypeVar

from torch import nn
from torch.nn.utils import parametrize

Network = TypeVar("Network", bound=nn.Module)


def merged(network: Network) -> Network:
    """Returns a copy of `network` with every parametrisation worked into its weight.

    Args:
        network: left as it is.

    Returns:
        A network of the plain architecture: same output, the architecture's own state dict.
    """
    plain = copy.deepcopy(network)
    for module in plain.modules():
        if parametrize.is_parametrized(module):
            # torch takes the weight off the module's class, which copies share: the original keeps its own
            made = type(module)
            module.__class__ = type(made.__name__, made.__bases__, dict(made.__dict__))
            for name in list(module.parametrizations):  # type: ignore[arg-type, union-attr]
                parametrize.remove_parametrizations(module, name, leave_parametrized=True)
    return plain
