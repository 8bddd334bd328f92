"""L2-SP: each layer's movement in its own lengths, averaged over layers, so that units and sizes drop out."""

from types import SimpleNamespace

import pytest
import torch
from torch import nn

from graftgan.errors import UserError
from graftgan.methods.l2sp import L2SP, moved, values_of


def layer(weight: float, bias: float) -> nn.Linear:
    made = nn.Linear(1, 1, dtype=torch.float64)
    nn.init.constant_(made.weight, weight)
    nn.init.constant_(made.bias, bias)
    return made


def test_movement_is_counted_in_lengths_of_each_layer() -> None:
    network = nn.Sequential(layer(3.0, 4.0), layer(2.0, 0.0))
    source = values_of(network)
    assert moved(network, source).item() == 0
    with torch.no_grad():
        network[0].weight.add_(1.0)
        network[1].bias.add_(-0.5)
    # (1 / 25 + 0.25 / 4) / 2
    assert moved(network, source).item() == pytest.approx((1 / 25 + 1 / 16) / 2)


def test_the_unit_of_a_layer_does_not_matter() -> None:
    found = []
    for unit in (1.0, 100.0):
        network = nn.Sequential(layer(3.0 * unit, 4.0 * unit), layer(2.0, 0.0))
        source = values_of(network)
        with torch.no_grad():
            network[0].weight.mul_(1.1)
        found.append(moved(network, source).item())
    assert found[0] == pytest.approx(found[1]) and found[0] == pytest.approx(0.3**2 / 25 / 2)


def test_a_layer_that_was_zero_is_counted_in_units_of_one() -> None:
    network = nn.Sequential(layer(0.0, 0.0))
    source = values_of(network)
    with torch.no_grad():
        network[0].bias.add_(3.0)
    assert moved(network, source).item() == 9.0


def test_gradients_in_float64() -> None:
    network = nn.Sequential(layer(3.0, 4.0), layer(2.0, 0.0))
    source = values_of(network)
    with torch.no_grad():
        network[0].weight.add_(0.7)
    moved(network, source).backward()
    # d/dw of (w - 3)^2 / 25 / 2 at 3.7
    assert network[0].weight.grad is not None and network[0].weight.grad.item() == pytest.approx(2 * 0.7 / 25 / 2)
    assert not any(parameter.requires_grad for parameter in source.parameters())


def test_each_player_is_pulled_by_its_own_weight(tiny: SimpleNamespace) -> None:
    only_g, both, neither = L2SP(strength=1.0), L2SP(strength=2.0, strength_d=1.0), L2SP(strength=0.0)
    first = tiny.advance(tiny.prepare(tiny.built("dcgan"), only_g), only_g, 2)
    assert first[0]["l2sp"] == 0 and first[1]["l2sp"] > 0 and "l2sp_d" not in first[0]
    second = tiny.advance(tiny.prepare(tiny.built("dcgan"), both), both, 2)
    assert second[1]["l2sp"] == pytest.approx(2 * first[1]["l2sp"].item(), rel=1e-4) and second[1]["l2sp_d"] > 0
    state = tiny.prepare(tiny.built("dcgan"), neither)
    assert "l2sp" not in tiny.advance(state, neither, 1)[0] and not len(state.fixed)


@pytest.mark.parametrize("settings", [{"strength": -1.0}, {"strength_d": float("inf")}])
def test_a_setting_out_of_range_is_refused_by_name(settings: dict[str, float]) -> None:
    with pytest.raises(UserError, match=f"{next(iter(settings))}="):
        L2SP(**settings)
