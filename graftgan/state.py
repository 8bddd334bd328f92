"""What a run owns: the generator, the discriminator, their average, extra modules, optimisers and counters.

A method's own modules stand on three shelves, by who trains them, so that they move, save and resume with the run.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from graftgan.augment import Augment
from graftgan.networks.base import Discriminator, Generator


@dataclass
class State:
    """Everything that changes while a run goes on, and nothing else.

    Attributes:
        generator: G, the network that is trained.
        discriminator: D.
        average: the exponential moving average of G; what the user gets.
        augment: differentiable augmentation of what D sees; may hold a strength of its own.
        with_generator: modules trained by G's optimiser (a miner network, say).
        with_discriminator: modules trained by D's optimiser (patch heads, say).
        fixed: modules never trained (a copy of the source, Fisher information).
        optimiser_g: G's optimiser; None before `prepare` has settled what trains.
        optimiser_d: D's optimiser, likewise.
        step: optimiser steps done.
        images: real pictures shown to D so far; `images / 1000` is the kimg that people compare by.
    """

    generator: Generator
    discriminator: Discriminator
    average: Generator
    augment: Augment
    with_generator: nn.ModuleDict = field(default_factory=nn.ModuleDict)
    with_discriminator: nn.ModuleDict = field(default_factory=nn.ModuleDict)
    fixed: nn.ModuleDict = field(default_factory=nn.ModuleDict)
    optimiser_g: torch.optim.Optimizer | None = None
    optimiser_d: torch.optim.Optimizer | None = None
    step: int = 0
    images: int = 0

    def modules(self) -> Iterator[tuple[str, nn.Module]]:
        """Yields the name and module of everything that holds tensors."""
        yield "generator", self.generator
        yield "discriminator", self.discriminator
        yield "average", self.average
        yield "augment", self.augment
        yield "with_generator", self.with_generator
        yield "with_discriminator", self.with_discriminator
        yield "fixed", self.fixed

    def optimisers(self) -> Iterator[tuple[str, torch.optim.Optimizer, dict[str, nn.Parameter]]]:
        """Yields name, optimiser and its parameters by name, for both players."""
        if self.optimiser_g is not None:
            yield "optimiser_g", self.optimiser_g, self.trainable_g()
        if self.optimiser_d is not None:
            yield "optimiser_d", self.optimiser_d, self.trainable_d()

    def trainable_g(self) -> dict[str, nn.Parameter]:
        """Returns the parameters that G's optimiser changes, by name."""
        return trainable({"generator": self.generator, "with_generator": self.with_generator})

    def trainable_d(self) -> dict[str, nn.Parameter]:
        """Returns the parameters that D's optimiser changes, by name."""
        return trainable({"discriminator": self.discriminator, "with_discriminator": self.with_discriminator})

    def to(self, device: torch.device) -> "State":
        """Moves every module to `device`, weights channels-last where they are images, and returns the state."""
        for _, module in self.modules():
            module.to(device=device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        return self

    def tensors(self) -> dict[str, Tensor]:
        """Returns a contiguous CPU copy of every tensor of the run by name: weights, buffers, optimiser moments."""
        found: dict[str, Tensor] = {}
        for owner, module in self.modules():
            for name, tensor in module.state_dict().items():
                found[f"{owner}.{name}"] = frozen_copy(tensor)
        for owner, optimiser, parameters in self.optimisers():
            for name, parameter in parameters.items():
                for key, value in optimiser.state.get(parameter, {}).items():
                    found[f"{owner}.{name}:{key}"] = frozen_copy(torch.as_tensor(value))
        return found

    def load_tensors(self, tensors: dict[str, Tensor]) -> None:
        """Sets every tensor of the run from `tensors`, as written by `tensors()`.

        Raises:
            KeyError: a tensor is missing or left over; names the first few.
            ValueError: a tensor has another shape than the run's.
        """
        left = dict(tensors)
        for owner, module in self.modules():
            for name, target in module.state_dict().items():
                source = left.pop(f"{owner}.{name}", None)
                if source is None:
                    raise KeyError(f"the checkpoint lacks {owner}.{name}")
                if source.shape != target.shape:
                    raise ValueError(f"{owner}.{name} is {tuple(source.shape)}, here {tuple(target.shape)}")
                target.copy_(source)
        for owner, optimiser, parameters in self.optimisers():
            for name, parameter in parameters.items():
                prefix = f"{owner}.{name}:"
                keys = [key for key in left if key.startswith(prefix)]
                optimiser.state[parameter] = {
                    key.removeprefix(prefix): moment_like(parameter, left.pop(key), key.removeprefix(prefix))
                    for key in keys
                }
        if left:
            raise KeyError(f"the checkpoint holds unknown tensors: {', '.join(sorted(left)[:3])}")


def trainable(modules: dict[str, nn.Module]) -> dict[str, nn.Parameter]:
    """Returns the parameters that require a gradient, by dotted name.

    Args:
        modules: owner name -> module.

    Returns:
        dict of `owner.parameter` -> parameter, in the modules' own order.
    """
    return {
        f"{owner}.{name}": parameter
        for owner, module in modules.items()
        for name, parameter in module.named_parameters()
        if parameter.requires_grad
    }


def frozen_copy(tensor: Tensor) -> Tensor:
    """Returns a detached, contiguous copy on the CPU, safe to write while training goes on."""
    return tensor.detach().to("cpu", copy=True).contiguous()


def moment_like(parameter: nn.Parameter, value: Tensor, key: str) -> Tensor:
    """Returns an optimiser's moment laid out as the optimiser itself would have: same device and memory order."""
    if key == "step":
        return value.clone()  # Adam counts on the CPU, whatever the parameter's device
    return torch.empty_like(parameter, dtype=value.dtype, requires_grad=False).copy_(value)


def not_finite(tensors: dict[str, Tensor]) -> str | None:
    """Returns the name of the first tensor that holds NaN or infinity; None where all are finite."""
    for name, tensor in tensors.items():
        if tensor.is_floating_point() and not torch.isfinite(tensor).all():
            return name
    return None
