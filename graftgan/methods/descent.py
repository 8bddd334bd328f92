"""A step down a sum of terms: finite numbers only, alike in every process; and players that stand still meanwhile."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from lightning_fabric import Fabric
from torch import Tensor, nn

from graftgan.devices import average_gradients, in_any
from graftgan.errors import NumericalError


def descend(
    optimiser: torch.optim.Optimizer, parameters: dict[str, nn.Parameter], terms: dict[str, Tensor], fabric: Fabric
) -> None:
    """Takes one optimiser step down the sum of `terms`, after checking that loss and gradients are finite."""
    descend_together([optimiser], parameters, terms, fabric)


def descend_together(
    optimisers: Sequence[torch.optim.Optimizer],
    parameters: dict[str, nn.Parameter],
    terms: dict[str, Tensor],
    fabric: Fabric,
) -> None:
    """Takes one step of each optimiser down the sum of `terms`, all from one backward pass.

    Args:
        optimisers: of the parameters, each parameter in one of them.
        parameters: by name, the same list in every process.
        terms: scalars by name.
        fabric: collectives.

    Raises:
        NumericalError: a loss or a gradient is NaN or infinite; names it. No weight has been touched by it.
    """
    bad = [f"the loss {name} is {term.item()}" for name, term in terms.items() if not torch.isfinite(term)]
    if in_any(fabric, bool(bad)):
        raise NumericalError(bad[0] if bad else "a loss of another process is not finite")
    for optimiser in optimisers:
        optimiser.zero_grad(set_to_none=True)
    total = torch.stack(list(terms.values())).sum()
    if not total.requires_grad or not parameters:
        return
    gradients = torch.autograd.grad(total, list(parameters.values()), allow_unused=True)
    for parameter, gradient in zip(parameters.values(), gradients, strict=True):
        parameter.grad = gradient
    average_gradients(fabric, parameters.values())
    check_gradients(parameters)
    for optimiser in optimisers:
        optimiser.step()


def check_gradients(parameters: dict[str, nn.Parameter]) -> None:
    """Raises NumericalError, naming the first parameter whose gradient is not finite; one reduction when all are."""
    gradients = [p.grad for p in parameters.values() if p.grad is not None]
    if not gradients or torch.isfinite(torch.nn.utils.get_total_norm(gradients)):
        return
    for name, parameter in parameters.items():
        if parameter.grad is not None and not torch.isfinite(parameter.grad).all():
            raise NumericalError(f"the gradient of {name} is not finite")
    raise NumericalError("the gradients are too large: their norm overflows")


@contextmanager
def held_still(parameters: dict[str, nn.Parameter]) -> Iterator[None]:
    """Stops parameters from collecting gradients for the length of a turn."""
    held = list(parameters.values())
    for parameter in held:
        parameter.requires_grad_(False)
    try:
        yield
    finally:
        for parameter in held:
            parameter.requires_grad_(True)


@contextmanager
def statistics_kept(network: nn.Module) -> Iterator[None]:
    """Lets batch norms that train use the batch's statistics without taking note of them."""
    norms = [
        part
        for part in network.modules()
        if isinstance(part, nn.modules.batchnorm._BatchNorm) and part.training and part.track_running_stats
    ]
    for norm in norms:
        norm.track_running_stats = False
    try:
        yield
    finally:
        for norm in norms:
            norm.track_running_stats = True
