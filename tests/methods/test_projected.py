"""Projected GAN: fixed mixtures, four opinions of equal weight, and no ImageNet weights in a checkpoint."""

from types import SimpleNamespace

import pytest
import torch
from torch import Tensor, nn

from graftgan.errors import UserError
from graftgan.features import efficientnet_maps, weights
from graftgan.methods.projected import Projected, Projection
from graftgan.randomness import generator_at

QUICK = Projected(side=32, channels=8, width=8)


def test_constant_maps_are_mixed_from_the_coarsest_up() -> None:
    mixture = Projection(64, 1, torch.Generator().manual_seed(0))
    with torch.no_grad():
        for conv, value in zip(mixture.across_channels, (1.0, 10.0, 100.0, 1000.0), strict=True):
            assert isinstance(conv, nn.Conv2d) and conv.bias is not None
            conv.weight.zero_()
            conv.bias.fill_(value)
        for conv in mixture.across_scales:
            assert isinstance(conv, nn.Conv2d)
            conv.weight.zero_()[0, 0, 1, 1] = 2  # twice what is in the middle
    maps = [torch.zeros(1, channels, side, side) for channels, side in ((24, 16), (40, 8), (112, 4), (320, 2))]
    mixed = mixture.mix(maps)
    assert [tuple(found.shape) for found in mixed] == [(1, 1, side, side) for side in (16, 8, 4, 2)]
    # 1000; 2 (100 + 1000); 2 (10 + 2200); 2 (1 + 4420)
    assert [found.unique().tolist() for found in mixed] == [[8842.0], [4420.0], [2200.0], [1000.0]]


class Says(nn.Module):
    """A discriminator that says one number everywhere, or in four quarters of a coarse map."""

    def __init__(self, value: float) -> None:
        super().__init__()
        self.value = value

    def forward(self, features: Tensor) -> Tensor:
        side = min(4, features.shape[2])
        return torch.full((len(features), 1, side, side), self.value)


def test_every_discriminator_says_sixteen_numbers_however_coarse_its_map(tiny: SimpleNamespace) -> None:
    state = tiny.prepare(tiny.built("dcgan"), QUICK)
    state.with_discriminator["heads"] = nn.ModuleList([Says(value) for value in (1.0, 2.0, 3.0, 4.0)])
    logits = QUICK.score(state, torch.zeros(2, 3, 16, 16), None, generator_at(0, 0))
    assert logits.tolist() == [[value for value in (1.0, 2.0, 3.0, 4.0) for _ in range(16)]] * 2


def test_the_mixtures_and_the_pairs_d_are_fixed_and_only_small_tensors_are_saved(tiny: SimpleNamespace) -> None:
    state = tiny.prepare(tiny.built("dcgan"), QUICK)
    assert all(name.startswith("with_discriminator.heads") for name in state.trainable_d())
    kept = sum(tensor.numel() for name, tensor in state.tensors().items() if name.startswith("fixed."))
    mixing = sum(8 * inputs + 8 for inputs in (24, 40, 112, 320)) + 3 * (8 * 8 * 9 + 8)
    assert kept == mixing


def test_the_game_is_hinge_without_penalties(tiny: SimpleNamespace) -> None:
    rules = QUICK.game(tiny.rules)
    assert (rules.r1, rules.r2, rules.gradient_penalty) == (0, 0, 0) and tiny.rules.r1 > 0
    terms = tiny.advance(tiny.prepare(tiny.built("dcgan"), QUICK), QUICK, 1)[0]
    assert "r1" not in terms and rules.loss.discriminator(torch.tensor([3.0]), torch.tensor([-3.0])).item() == 0


@pytest.mark.parametrize(("side", "expected"), [(0, 64), (32, 32), (128, 128)])
def test_pictures_are_scaled_to_the_side_asked_for_or_64(side: int, expected: int, tiny: SimpleNamespace) -> None:
    state = tiny.prepare(tiny.built("dcgan"), Projected(side=side, channels=2, width=2))
    assert state.fixed["projection"].side == expected


def test_missing_weights_are_one_line(monkeypatch: pytest.MonkeyPatch, tiny: SimpleNamespace) -> None:
    efficientnet_maps.frozen_network.cache_clear()
    monkeypatch.setattr(weights, "find_spec", lambda name: None)
    with pytest.raises(UserError, match="efficientnet-lite0 needs the weights of the package"):
        tiny.prepare(tiny.built("dcgan"), QUICK)


@pytest.mark.parametrize("settings", [{"side": 48}, {"side": 16}, {"channels": 0}, {"width": 0}])
def test_a_setting_out_of_range_is_refused_by_name(settings: dict[str, int]) -> None:
    with pytest.raises(UserError, match=f"{next(iter(settings))}="):
        Projected(**settings)
