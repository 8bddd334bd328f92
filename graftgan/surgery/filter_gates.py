"""Hold or remove single filters of a network while the others train; the network itself stays a plain one."""

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from graftgan.networks.base import Discriminator, Generator
from graftgan.surgery.kernels import kernels_of


class FilterGate(nn.Module):
    """What is known of the filters of one convolution kernel: how much they matter, which are held, which are gone.

    A filter is held by putting it back after the optimiser's step, not by cutting it off from the gradient: so the
    importance of held filters can be measured again, from gradients that every process shares.

    Args:
        name: of the convolution in its network.
        weight: its kernel.
        dim: which of the kernel's dimensions counts output channels (1 for a transposed convolution).

    Attributes:
        fisher: sum of each filter's mean squared gradients since the last decision, (filters,).
        held: filters that stay as they are until the next decision, (filters,).
        pruned: filters that are zero for ever, (filters,).
        anchor: the kernel as it was when filters were last held; zero where they are pruned.
    """

    fisher: Tensor
    held: Tensor
    pruned: Tensor
    anchor: Tensor

    def __init__(self, name: str, weight: Tensor, dim: int) -> None:
        super().__init__()
        self.name, self.dim = name, dim
        filters, device = weight.shape[dim], weight.device
        self.register_buffer("fisher", torch.zeros(filters, device=device))
        self.register_buffer("held", torch.zeros(filters, dtype=torch.bool, device=device))
        self.register_buffer("pruned", torch.zeros(filters, dtype=torch.bool, device=device))
        self.register_buffer("anchor", weight.detach().clone())

    @torch.no_grad()
    def weigh(self, weight: Tensor) -> None:
        """Adds the mean squared gradient of each filter, as the last step left it in `weight.grad`."""
        if weight.grad is not None:
            rest = [index for index in range(weight.dim()) if index != self.dim]
            self.fisher += weight.grad.square().mean(rest)

    @torch.no_grad()
    def put_back(self, weight: Tensor) -> None:
        """Undoes what the last step did to held and pruned filters."""
        weight.copy_(torch.where(self._along(self.held | self.pruned), self.anchor, weight))

    @torch.no_grad()
    def clear(self, weight: Tensor) -> None:
        """Sets the pruned filters of a kernel to zero."""
        weight.masked_fill_(self._along(self.pruned), 0.0)

    @torch.no_grad()
    def decide(self, weight: Tensor, low: Tensor, high: Tensor) -> None:
        """Prunes filters that matter less than `low`, holds those that matter more than `high`, and forgets.

        Args:
            weight: the kernel; what is pruned becomes zero at once.
            low: bound of importance, no element.
            high: the same.
        """
        self.pruned |= self.fisher < low
        self.held.copy_((self.fisher > high) & ~self.pruned)
        self.clear(weight)
        self.anchor.copy_(weight)
        self.fisher.zero_()

    def _along(self, filters: Tensor) -> Tensor:
        shape = [1] * self.anchor.dim()
        shape[self.dim] = -1
        return filters.view(shape)


def gates_of(network: Generator | Discriminator) -> nn.ModuleList:
    """Returns a gate for every convolution in the blocks of `network`, all open.

    Left out are kernels with as many filters as the picture has channels: there a filter is a colour of the picture.

    Args:
        network: left as it is.

    Example:
        >>> from graftgan.networks import NETWORKS
        >>> [gate.name for gate in gates_of(NETWORKS["dcgan"].generator(16, channel_base=64, channel_max=8, z_dim=4))]
        ['main.0', 'main.3']
    """
    gates = nn.ModuleList()
    for kernel in kernels_of(network):
        if isinstance(network, Discriminator) or kernel.weight.shape[kernel.dim] != network.channels:
            gates.append(FilterGate(kernel.name, kernel.weight, kernel.dim))
    return gates


def kernel_of(network: Generator | Discriminator, gate: FilterGate) -> nn.Parameter:
    """Returns the kernel that a gate belongs to."""
    return network.get_submodule(gate.name).get_parameter("weight")


def decide_all(network: Generator | Discriminator, gates: Iterable[FilterGate], prune: float, quantile: float) -> None:
    """Decides over every filter of a network by its rank among those that are left.

    Args:
        network: whose kernels.
        gates: all of `gates_of`; each has weighed some gradients.
        prune: the filters below this quantile of importance are pruned, in [0, 1); above 0 it is at least one.
        quantile: the filters above this quantile are held, in [0, 1]; 0 holds every one.
    """
    gates = list(gates)
    left = torch.cat([gate.fisher[~gate.pruned] for gate in gates])
    if not len(left):
        return
    low, high = torch.quantile(left, prune), torch.quantile(left, quantile)
    for gate in gates:
        gate.decide(kernel_of(network, gate), low, high if quantile > 0 else torch.full_like(high, -torch.inf))
