"""What every method promises on every network; a new method is held to it by standing in METHODS."""

import copy
import dataclasses
import json
from types import SimpleNamespace

import pytest
import torch
from torch import Tensor

from graftgan.augment import AdaptiveAugment
from graftgan.devices import launch
from graftgan.losses import LOSSES
from graftgan.methods import METHODS, Method, modulate
from graftgan.methods.base import Preparation
from graftgan.methods.rules import Rules
from graftgan.methods.step import adversarial_step, take_step
from graftgan.networks import NETWORKS
from graftgan.networks.fronted import FRONT_LAYERS
from graftgan.randomness import generator_at
from graftgan.surgery.merge import merged
from graftgan.training.ema import update

PAIRS = [
    (method, network)
    for method in METHODS
    for network in NETWORKS
    if NETWORKS[network].discriminator.adversary or not METHODS[method].needs_adversary
]


@pytest.mark.parametrize(("method", "network"), PAIRS)
def test_prepare_leaves_the_generator_as_the_source(method: str, network: str, tiny: SimpleNamespace) -> None:
    if not METHODS[method].keeps_source:
        return
    z = torch.randn(3, 8, generator=generator_at(3, 0))
    before = tiny.built(network).generator.eval()(z, noise="const")
    after = tiny.prepare(tiny.built(network), tiny.make(method)).generator.eval()(z, noise="const")
    assert torch.equal(before, after)


@pytest.mark.parametrize(("method", "network"), PAIRS)
def test_frozen_tensors_stay_and_every_trainable_one_moves(method: str, network: str, tiny: SimpleNamespace) -> None:
    state = tiny.prepare(tiny.built(network), tiny.make(method))
    trainable = {id(p) for p in (*state.trainable_g().values(), *state.trainable_d().values())}
    parameters = [(name, p) for owner in (state.generator, state.discriminator) for name, p in owner.named_parameters()]
    before = [p.detach().clone() for _, p in parameters]
    frozen = [
        buffer
        for owner in (state.generator, state.discriminator)
        for module in owner.modules()
        if (own := list(module.parameters(recurse=False))) and not any(p.requires_grad for p in own)
        for buffer in module.buffers(recurse=False)
    ]
    statistics = [buffer.clone() for buffer in frozen]
    tiny.advance(state, tiny.make(method), 4)
    for buffer, old in zip(frozen, statistics, strict=True):
        assert torch.equal(buffer, old)
    for (name, parameter), old in zip(parameters, before, strict=True):
        moved = not torch.equal(parameter, old)
        assert moved == (id(parameter) in trainable), f"{name} moved: {moved}"


@pytest.mark.parametrize(("method", "network"), PAIRS)
def test_save_load_step_equals_the_uninterrupted_run(method: str, network: str, tiny: SimpleNamespace) -> None:
    through = tiny.prepare(tiny.built(network), tiny.make(method))
    tiny.advance(through, tiny.make(method), 2)
    saved = through.tensors()
    tiny.advance(through, tiny.make(method), 3)

    resumed = tiny.prepare(tiny.built(network), tiny.make(method), saved)
    resumed.load_tensors(saved)
    resumed.step = 2
    tiny.advance(resumed, tiny.make(method), 3)
    expected, found = through.tensors(), resumed.tensors()
    assert expected.keys() == found.keys()
    for name, tensor in expected.items():
        assert torch.equal(tensor, found[name]), name


@pytest.mark.parametrize(("method", "network"), PAIRS)
def test_same_seed_gives_the_same_run_and_terms_are_finite(method: str, network: str, tiny: SimpleNamespace) -> None:
    state = tiny.prepare(tiny.built(network), tiny.make(method))
    losses = {"loss_d", "loss_g"} if state.optimiser_d else {"loss_g"}
    first = tiny.advance(state, tiny.make(method), 2)
    second = tiny.advance(tiny.prepare(tiny.built(network), tiny.make(method)), tiny.make(method), 2)
    for one, other in zip(first, second, strict=True):
        assert one.keys() == other.keys()
        assert losses <= one.keys()
        assert all(torch.isfinite(value) for value in one.values())
        assert all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize(("method", "network"), PAIRS)
def test_two_steps_in_bfloat16_are_finite_and_move_both_players(
    method: str, network: str, tiny: SimpleNamespace
) -> None:
    made, fabric = tiny.make(method), launch("cpu", "bf16")
    state = tiny.prepare(tiny.built(network), made)
    before = state.tensors()
    for state.step in range(2):  # relaxed realism has steps of two kinds
        real, labels = tiny.batch_at(state.step)
        losses = take_step(state, made, real, labels, made.game(tiny.rules), fabric, generator_at(0, state.step))
        assert all(torch.isfinite(value) for value in losses.values())
        made.after_step(state)
    after = state.tensors()
    moved = {name for name, old in before.items() if not torch.equal(old, after[name])}
    for player in (state.trainable_g(), state.trainable_d()):
        assert moved & player.keys() or not player


@pytest.mark.parametrize("method", METHODS)
def test_options_survive_json_and_the_docstring_says_what_it_must(method: str) -> None:
    made = METHODS[method]()
    assert METHODS[method](**json.loads(json.dumps(dataclasses.asdict(made)))) == made
    for word in ("Source:", "Trains:", "Frozen:", "Cost:", "Prefer it:"):
        assert word in (METHODS[method].__doc__ or ""), word


@pytest.mark.parametrize("method", METHODS)
def test_global_randomness_is_left_alone(method: str, tiny: SimpleNamespace) -> None:
    before = torch.get_rng_state()
    tiny.advance(tiny.prepare(tiny.built("stylegan2"), tiny.make(method)), tiny.make(method), 1)
    assert torch.equal(before, torch.get_rng_state())


def test_probing_takes_lazy_penalties_lazily_and_leaves_the_augmentation_as_it_was(
    monkeypatch: pytest.MonkeyPatch, tiny: SimpleNamespace
) -> None:
    terms: list[set[str]] = []

    def noted(*arguments: object) -> dict[str, Tensor]:
        losses = adversarial_step(*arguments)  # type: ignore[arg-type]
        terms.append(set(losses))
        return losses

    monkeypatch.setattr(modulate, "adversarial_step", noted)
    state = tiny.built("stylegan2")
    state.augment = AdaptiveAugment(p=0.3, kimg=1.0)
    method = METHODS["modulate"](probe_steps=4, fisher_steps=1)  # type: ignore[call-arg]
    method.prepare(state, Preparation(tiny.batch_at, tiny.rules, tiny.fabric, 0, None, lambda *_: None, tiny.photos))
    assert ["r1" in step for step in terms] == [True, False, True, False]
    assert state.augment.p.item() == pytest.approx(0.3) and state.step == 0


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("network", NETWORKS)
def test_every_loss_runs_in_bfloat16(loss: str, network: str, tiny: SimpleNamespace) -> None:
    fabric = launch("cpu", "bf16")
    rules = Rules(LOSSES[loss], r1=0.1, r2=0.1, gradient_penalty=1.0)
    state = tiny.prepare(tiny.built(network), Method())
    real, labels = tiny.batch_at(0)
    losses = adversarial_step(state, Method(), real, labels, rules, fabric, generator_at(0, 0))
    assert all(torch.isfinite(value) for value in losses.values())


@pytest.mark.parametrize(("method", "network"), PAIRS)
def test_what_the_user_gets_draws_as_the_average_does(method: str, network: str, tiny: SimpleNamespace) -> None:
    state = tiny.prepare(tiny.built(network), tiny.make(method))
    state.average = copy.deepcopy(state.generator).eval().requires_grad_(False)
    z = torch.randn(3, 8, generator=generator_at(3, 0))
    start = state.average(z, noise="const")
    for _ in range(2):
        tiny.advance(state, tiny.make(method), 1)
        update(state.average, state.generator, 0.5)
    moved = state.average(z, noise="const")
    assert not torch.equal(start, moved)
    torch.testing.assert_close(merged(state.average)(z, noise="const"), moved, rtol=1e-4, atol=1e-5)
    plain = NETWORKS[network].generator(**{k: v for k, v in state.average.config().items() if k != FRONT_LAYERS})
    assert {name.removeprefix("inner.") for name in merged(state.average).state_dict()} >= set(plain.state_dict())
