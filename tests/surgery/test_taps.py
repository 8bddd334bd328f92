"""Feature maps are read while a network works, and the network is left as it was."""

import pytest
import torch
from torch import nn

from graftgan.errors import UserError
from graftgan.networks import NETWORKS, Generator
from graftgan.surgery.taps import tapped

SIZES = {"resolution": 16, "channel_base": 128, "channel_max": 8}


def generator() -> Generator:
    made = NETWORKS["dcgan"].generator(**SIZES, z_dim=4)
    made.init_weights(torch.Generator().manual_seed(0))
    return made.eval()


def hooks(network: nn.Module) -> int:
    return sum(len(module._forward_hooks) for module in network.modules())


def test_maps_are_what_the_layers_before_them_give_with_their_graph() -> None:
    g, z = generator(), torch.randn(2, 4, generator=torch.Generator().manual_seed(1))
    with tapped(g, [4, 16]) as maps:
        pictures = g(z)
    assert list(maps) == [4, 16]
    assert torch.equal(maps[4], g.main[:3](z[:, :, None, None]))  # type: ignore[union-attr, index, operator]
    assert torch.equal(maps[16], pictures)
    maps[4].sum().backward()
    first = g.get_submodule("main.0").weight
    assert isinstance(first, nn.Parameter) and first.grad is not None and first.grad.any()


def test_the_latest_pass_counts_and_afterwards_nothing_listens() -> None:
    d = NETWORKS["dcgan"].discriminator(**SIZES)
    d.init_weights(torch.Generator().manual_seed(0))
    with tapped(d, [8]) as maps:
        d(torch.zeros(2, 3, 16, 16))
        d(torch.ones(3, 3, 16, 16))
    seen = maps[8]
    assert len(seen) == 3 and hooks(d) == 0
    d(torch.zeros(1, 3, 16, 16))
    assert maps[8] is seen


def test_nothing_listens_after_an_error_either() -> None:
    g = generator()
    with pytest.raises(ZeroDivisionError), tapped(g, [4, 8]):
        assert hooks(g) == 2
        raise ZeroDivisionError
    assert hooks(g) == 0


def test_a_resolution_without_a_block_is_refused_before_anything_listens() -> None:
    g = generator()
    with pytest.raises(UserError, match=r"no block at 32 px to look at \(there are: 4, 8, 16\)"), tapped(g, [4, 32]):
        pass
    assert hooks(g) == 0


def test_no_resolution_costs_nothing() -> None:
    g = generator()
    with tapped(g, []) as maps:
        assert hooks(g) == 0
        g(torch.zeros(1, 4))
    assert maps == {}
