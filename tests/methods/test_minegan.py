"""The two stages of MineGAN: the miner alone, then everything."""

from types import SimpleNamespace

import pytest
import torch
from torch import Tensor

from graftgan.errors import UserError
from graftgan.methods.minegan import MineGAN
from graftgan.networks.fronted import FrontedGenerator
from graftgan.state import State


def parts(state: State) -> tuple[list[Tensor], list[Tensor], list[Tensor]]:
    """Copies of the parameters of miner, generator and discriminator."""
    assert isinstance(state.generator, FrontedGenerator)
    modules = (state.generator.front, state.generator.inner, state.discriminator)
    return tuple([p.detach().clone() for p in module.parameters()] for module in modules)  # type: ignore[return-value]


def same(one: list[Tensor], other: list[Tensor]) -> list[bool]:
    return [torch.equal(a, b) for a, b in zip(one, other, strict=True)]


@pytest.mark.parametrize("network", ["dcgan", "stylegan2"])
def test_g_stays_as_it_is_while_it_is_mined_and_moves_from_then_on(network: str, tiny: SimpleNamespace) -> None:
    method = MineGAN(stage_steps=3)
    state = tiny.prepare(tiny.built(network), method)
    start = parts(state)
    tiny.advance(state, method, 3)
    miner, generator, discriminator = (same(one, other) for one, other in zip(start, parts(state), strict=True))
    assert all(generator) and not any(miner) and not any(discriminator)
    assert all(name.startswith("generator.front.") for name in state.trainable_g())
    tiny.advance(state, method, 1)
    assert not any(same(start[1], parts(state)[1]))


def test_a_run_stopped_between_the_stages_goes_on_to_the_bit(tiny: SimpleNamespace) -> None:
    method = MineGAN(stage_steps=3)
    through = tiny.prepare(tiny.built("dcgan"), method)
    tiny.advance(through, method, 2)
    saved = through.tensors()
    assert not any(name.startswith("optimiser_g.generator.inner") for name in saved)
    tiny.advance(through, method, 3)
    resumed = tiny.prepare(tiny.built("dcgan"), method, saved)
    resumed.load_tensors(saved)
    resumed.step = 2
    tiny.advance(resumed, method, 3)
    expected, found = through.tensors(), resumed.tensors()
    assert expected.keys() == found.keys()
    assert all(torch.equal(expected[name], found[name]) for name in expected)


def test_without_a_first_stage_everything_trains_at_once(tiny: SimpleNamespace) -> None:
    method = MineGAN(stage_steps=0)
    state = tiny.prepare(tiny.built("dcgan"), method)
    start = parts(state)
    tiny.advance(state, method, 1)
    assert not any(same(start[1], parts(state)[1]))


def test_batch_norm_keeps_the_statistics_of_the_source_in_both_stages(tiny: SimpleNamespace) -> None:
    method = MineGAN(stage_steps=1)
    state = tiny.prepare(tiny.built("dcgan"), method)
    before = [buffer.clone() for buffer in state.generator.buffers()]
    tiny.advance(state, method, 3)
    assert before and all(same(before, list(state.generator.buffers())))


def test_a_setting_out_of_range_is_refused_by_name() -> None:
    with pytest.raises(UserError, match="stage_steps=-1"):
        MineGAN(stage_steps=-1)
