"""A step under LeCam regularisation has its term, and resumes to the bit."""

from dataclasses import replace
from types import SimpleNamespace

import torch
from torch import Tensor

from graftgan.losses.lecam import LeCamAnchors
from graftgan.methods import Method
from graftgan.methods.step import take_step
from graftgan.randomness import generator_at
from graftgan.state import State


def test_the_term_counts_after_the_warm_up_and_a_resumed_run_is_the_same(tiny: SimpleNamespace) -> None:
    def prepared() -> State:
        state = tiny.built("dcgan")
        state.fixed["lecam"] = LeCamAnchors(warm_up=1)
        return tiny.prepare(state, Method())

    def advance(state: State) -> dict[str, Tensor]:
        real, labels = tiny.batch_at(state.step)
        rules = replace(tiny.rules, lecam=0.5)
        terms = take_step(state, Method(), real, labels, rules, tiny.fabric, generator_at(0, state.step))
        state.step += 1
        return terms

    through = prepared()
    assert advance(through)["lecam"] == 0
    saved = through.tensors()
    first = advance(through)
    resumed = prepared()
    resumed.load_tensors(saved)
    resumed.step = 1
    second = advance(resumed)
    assert first["lecam"] > 0 and torch.equal(first["lecam"], second["lecam"])
    expected, found = through.tensors(), resumed.tensors()
    assert all(torch.equal(expected[name], found[name]) for name in expected)


def test_without_a_weight_there_is_no_term(tiny: SimpleNamespace) -> None:
    state = tiny.prepare(tiny.built("dcgan"), Method())
    assert "lecam" not in tiny.advance(state, Method(), 1)[0] and "lecam" not in state.fixed
