"""A step under LeCam regularisation has its term, and resumes to the bit."""

from dataclasses import replace
from types import SimpleNamespace

import pytest
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


class BesideAnother:
    """A process whose fellow holds 10 in every tensor that is averaged."""

    def __init__(self, fabric: object) -> None:
        self.fabric = fabric

    def __getattr__(self, name: str) -> object:
        return getattr(self.fabric, name)

    def all_reduce(self, tensor: Tensor, reduce_op: str) -> Tensor:
        assert reduce_op == "mean"
        return (tensor + 10) / 2


def test_the_anchors_are_those_of_all_processes(tiny: SimpleNamespace) -> None:
    found = []
    for fabric in (tiny.fabric, BesideAnother(tiny.fabric)):
        state = tiny.built("dcgan")
        state.fixed["lecam"] = LeCamAnchors()
        real, labels = tiny.batch_at(0)
        tiny.prepare(state, Method())
        take_step(state, Method(), real, labels, replace(tiny.rules, lecam=0.5), fabric, generator_at(0, 0))
        found.append([state.fixed["lecam"].get_buffer(name).item() for name in ("real", "fake")])
    alone, beside = found
    assert beside == pytest.approx([(value + 10) / 2 for value in alone])


def test_without_a_weight_there_is_no_term(tiny: SimpleNamespace) -> None:
    state = tiny.prepare(tiny.built("dcgan"), Method())
    assert "lecam" not in tiny.advance(state, Method(), 1)[0] and "lecam" not in state.fixed
