"""Joint training: the source game at z + code, its weight, its pictures, and the target's batch norm statistics."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from graftgan.data import load_pictures
from graftgan.errors import UserError
from graftgan.losses import LOSSES
from graftgan.methods.base import Preparation, Turn
from graftgan.methods.joint import Joint, coded_pictures
from graftgan.networks import NETWORKS
from graftgan.randomness import generator_at
from graftgan.state import State


def a_turn(state: State, seed: int = 0) -> Turn:
    z = torch.randn(4, state.generator.z_dim, generator=generator_at(seed, 0))
    nothing = torch.zeros(4, 3, 16, 16)
    return Turn(z, None, nothing, torch.zeros(4, 1), nothing, None, generator_at(seed, 1))


def statistics(state: State) -> list[Tensor]:
    return [buffer.clone() for buffer in state.generator.buffers()]


def test_the_code_has_the_length_asked_for_and_both_players_get_theirs(tiny: SimpleNamespace) -> None:
    state = tiny.prepare(tiny.built("dcgan"), Joint(distance=3.0))
    assert state.with_generator["code"].offset.norm().item() == pytest.approx(3.0, rel=1e-5)
    assert "with_generator.code.offset" in state.trainable_g()
    copied = state.with_discriminator["source"].state_dict()
    assert all(torch.equal(copied[name], tensor) for name, tensor in state.discriminator.state_dict().items())
    assert any(name.startswith("with_discriminator.source") for name in state.trainable_d())


def test_source_pictures_are_made_at_z_plus_code_and_leave_the_statistics_alone(tiny: SimpleNamespace) -> None:
    state = tiny.prepare(tiny.built("dcgan"), Joint())
    turn, before = a_turn(state), statistics(state)
    found = coded_pictures(state, turn)
    assert all(torch.equal(a, b) for a, b in zip(before, state.generator.buffers(), strict=True))
    shifted = turn.z + state.with_generator["code"].offset
    assert torch.equal(found, state.generator(shifted))  # the batch's own statistics, as in any training pass
    assert not all(torch.equal(a, b) for a, b in zip(before, state.generator.buffers(), strict=True))


def test_the_source_weighs_one_over_the_targets_weight(tiny: SimpleNamespace) -> None:
    found = []
    for weight in (1.0, 4.0):
        method = Joint(weight=weight)
        state = tiny.prepare(tiny.built("dcgan"), method)
        found.append(method.generator_terms(state, a_turn(state))["source_g"].item())
    assert found[0] > 0 and found[1] == pytest.approx(found[0] / 4)


def test_the_sources_d_plays_the_runs_game_with_its_lazy_penalty(tiny: SimpleNamespace) -> None:
    method = Joint()
    state = tiny.prepare(tiny.built("dcgan"), method)
    terms = tiny.advance(state, method, 2)
    assert "source_r1" in terms[0] and "source_r1" not in terms[1]
    assert {"source_d", "source_g"} <= terms[1].keys()

    state = tiny.prepare(tiny.built("dcgan"), method)
    domain = state.fixed["source"]
    real, fakes = (torch.rand(4, 3, 16, 16, generator=generator_at(5, at)) for at in range(2))
    found = domain.discriminator_terms(state, a_turn(state), real, fakes)["source_d"]  # type: ignore[operator]
    judge = tiny.built("dcgan").discriminator
    assert found.item() == pytest.approx((F.softplus(-judge(real)) + F.softplus(judge(fakes))).mean().item(), rel=1e-5)


def test_replay_is_the_source_however_far_g_has_gone(tiny: SimpleNamespace) -> None:
    method = Joint()
    state = tiny.prepare(tiny.built("dcgan"), method)
    domain = state.fixed["source"]
    before = domain.pictures(state, a_turn(state))  # type: ignore[operator]
    tiny.advance(state, method, 2)
    assert torch.equal(before, domain.pictures(state, a_turn(state)))  # type: ignore[operator]
    assert not torch.equal(before, domain.pictures(state, a_turn(state, seed=1)))  # type: ignore[operator]


def test_source_pictures_come_from_the_folder_and_stay_out_of_checkpoints(photos: Path, tiny: SimpleNamespace) -> None:
    method = Joint(source_data=str(photos))
    state = tiny.prepare(tiny.built("dcgan"), method)
    there = torch.from_numpy(load_pictures(photos, 16).pixels.copy()).permute(0, 3, 1, 2).float() / 127.5 - 1
    drawn = state.fixed["source"].pictures(state, a_turn(state))  # type: ignore[operator]
    assert drawn.shape == (4, 3, 16, 16) and len({picture.sum().item() for picture in drawn}) > 1
    assert all(any(torch.equal(picture, one) for one in there) for picture in drawn)
    assert not any(name.startswith("fixed.") for name in state.tensors())
    assert torch.isfinite(tiny.advance(state, method, 1)[0]["source_g"])


@pytest.mark.parametrize("loss", ["relativistic", "wasserstein"])
def test_other_games_are_played_on_the_source_too(loss: str, tiny: SimpleNamespace) -> None:
    method = Joint()
    state = tiny.built("dcgan")
    rules = replace(tiny.rules, loss=LOSSES[loss], gradient_penalty=1.0)
    method.prepare(state, Preparation(tiny.batch_at, rules, tiny.fabric, 0, None, lambda *_: None, tiny.photos))
    turn = a_turn(state)
    terms = method.discriminator_terms(state, turn) | method.generator_terms(state, turn)
    assert {"source_gradient_penalty", "source_d", "source_g"} <= terms.keys()
    assert all(torch.isfinite(term) for term in terms.values())


def test_pictures_of_a_pair_with_classes_are_refused(photos: Path, tiny: SimpleNamespace) -> None:
    state = tiny.built("dcgan")
    sizes = {"resolution": 16, "channel_base": 64, "channel_max": 4, "c_dim": 2}
    state.generator = NETWORKS["stylegan2"].generator(**sizes, z_dim=4, w_dim=4, mapping_layers=1)
    with pytest.raises(UserError, match="source_data=.*has classes"):
        tiny.prepare(state, Joint(source_data=str(photos)))


@pytest.mark.parametrize("settings", [{"weight": 0.0}, {"distance": float("inf")}])
def test_a_setting_out_of_range_is_refused_by_name(settings: dict[str, float]) -> None:
    with pytest.raises(UserError, match=f"{next(iter(settings))}="):
        Joint(**settings)  # type: ignore[arg-type]
