"""FreezeG keeps the maps of the coarse blocks to the bit, whatever happens to the fine ones."""

import copy
from types import SimpleNamespace

import pytest
import torch

from graftgan.errors import UserError
from graftgan.losses import LOSSES
from graftgan.methods.freezeg import FreezeG
from graftgan.methods.rules import Rules
from graftgan.networks import NETWORKS
from graftgan.randomness import generator_at
from graftgan.surgery.merge import merged
from graftgan.surgery.taps import tapped
from graftgan.training import ema


@pytest.mark.parametrize("network", NETWORKS)
def test_maps_of_frozen_blocks_stay_the_sources_and_later_ones_move(network: str, tiny: SimpleNamespace) -> None:
    z = torch.randn(3, 8, generator=generator_at(5, 0))
    state = tiny.prepare(tiny.built(network), FreezeG(frozen=2))
    source = copy.deepcopy(state.generator).eval()
    tiny.advance(state, FreezeG(frozen=2), 2)
    with tapped(source, [4, 8, 16]) as before, tapped(state.generator.eval(), [4, 8, 16]) as after, torch.no_grad():
        source(z, noise="const")
        state.generator(z, noise="const")
    assert torch.equal(before[4], after[4]) and torch.equal(before[8], after[8])
    assert not torch.equal(before[16], after[16])


def test_the_mapping_network_is_frozen_with_the_blocks_and_all_of_d_trains(tiny: SimpleNamespace) -> None:
    state = tiny.prepare(tiny.built("stylegan2"), FreezeG(frozen=1))
    trained = {name.split(".")[1] for name, p in state.generator.named_parameters() if p.requires_grad}
    assert trained == {"b8", "b16"}
    assert all(p.requires_grad for p in state.discriminator.parameters())


def test_batch_norms_of_late_blocks_go_on_taking_statistics(tiny: SimpleNamespace) -> None:
    state = tiny.prepare(tiny.built("dcgan"), FreezeG(frozen=1))
    assert [state.generator.get_submodule(f"main.{index}").training for index in (1, 4)] == [False, True]


def test_none_frozen_is_fine_tuning_with_the_penalty_kept(tiny: SimpleNamespace) -> None:
    rules = Rules(LOSSES["hinge"], path_length=2.0, r1=3.0)
    assert FreezeG(frozen=0).game(rules) == rules
    assert FreezeG(frozen=1).game(rules) == Rules(LOSSES["hinge"], path_length=0.0, r1=3.0)
    assert all(p.requires_grad for p in tiny.prepare(tiny.built("stylegan2"), FreezeG(0)).generator.parameters())


@pytest.mark.parametrize("frozen", [-1, 3])
def test_a_number_that_leaves_nothing_to_train_is_refused(frozen: int, tiny: SimpleNamespace) -> None:
    with pytest.raises(UserError, match=f"frozen={frozen}: G has 3 blocks"):
        tiny.prepare(tiny.built("dcgan"), FreezeG(frozen))


def test_the_average_is_a_plain_network_already(tiny: SimpleNamespace) -> None:
    state = tiny.prepare(tiny.built("stylegan2"), FreezeG())
    state.average = copy.deepcopy(state.generator).eval()
    tiny.advance(state, FreezeG(), 1)
    ema.update(state.average, state.generator, 0.5)
    plain = merged(state.average).state_dict()
    assert plain.keys() == tiny.built("stylegan2").generator.state_dict().keys()
    assert all(torch.equal(plain[name], value) for name, value in state.average.state_dict().items())
