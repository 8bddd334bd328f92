"""How far each layer of a network moved: what an adaptation really changed."""

import torch
from torch import nn


def movement(before: nn.Module, after: nn.Module) -> list[tuple[str, float]]:
    """Returns each layer's relative change, `|after - before| / |before|`, over all its parameters.

    Args:
        before: the source's network.
        after: the same architecture, adapted; parameters on any device.

    Returns:
        (layer name, change) in the network's order; a layer is the deepest module that is no mere part of a
        convolution (its `affine` counts with it). 0 where nothing moved; infinity where a layer left zero.
    """
    old = {name: parameter.detach().cpu().double() for name, parameter in before.named_parameters()}
    sums: dict[str, list[float]] = {}
    for name, parameter in after.named_parameters():
        layer = name.rpartition(".")[0].removesuffix(".affine")
        if name.removeprefix("inner.") in old:
            name = name.removeprefix("inner.")  # a front was put before the source's network
        if name not in old:
            continue
        change, size = sums.setdefault(layer, [0.0, 0.0])
        new = parameter.detach().cpu().double()
        sums[layer] = [change + (new - old[name]).square().sum().item(), size + old[name].square().sum().item()]
    return [(layer, _ratio(change, size)) for layer, (change, size) in sums.items()]


def _ratio(change: float, size: float) -> float:
    if size == 0:
        return 0.0 if change == 0 else float(torch.inf)
    return float((change / size) ** 0.5)
