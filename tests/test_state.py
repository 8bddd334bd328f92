"""What a run owns can be written down and set again, to the bit."""

import copy

import pytest
import torch
from torch import Tensor

from graftgan.augment import AUGMENTS
from graftgan.networks import NETWORKS
from graftgan.randomness import generator_at
from graftgan.state import State, moment_like, not_finite, trainable


def built(network: str = "stylegan2", seed: int = 0) -> State:
    widths = {"resolution": 16, "channel_base": 128, "channel_max": 8}
    latent = {"z_dim": 8, "w_dim": 8, "mapping_layers": 2} if network == "stylegan2" else {"z_dim": 8}
    generator = NETWORKS[network].generator(**widths, **latent)
    discriminator = NETWORKS[network].discriminator(**widths)
    generator.init_weights(generator_at(seed, 0))
    discriminator.init_weights(generator_at(seed, 1))
    average = copy.deepcopy(generator).requires_grad_(False)
    state = State(generator, discriminator, average, AUGMENTS["ada"]()).to(torch.device("cpu"))
    state.with_discriminator["head"] = torch.nn.Linear(2, 2)
    state.optimiser_g = torch.optim.Adam(state.trainable_g().values(), 0.01, (0.0, 0.99))
    state.optimiser_d = torch.optim.Adam(state.trainable_d().values(), 0.01, (0.0, 0.99))
    return state


def advance(state: State, steps: int = 2) -> State:
    for step in range(steps):
        for optimiser, parameters in (
            (state.optimiser_g, state.trainable_g()),
            (state.optimiser_d, state.trainable_d()),
        ):
            for index, parameter in enumerate(parameters.values()):
                parameter.grad = torch.randn(parameter.shape, generator=generator_at(index, step))
            assert optimiser is not None
            optimiser.step()
    state.augment.p.fill_(0.25)  # type: ignore[union-attr, operator]
    return state


@pytest.mark.parametrize("network", NETWORKS)
def test_tensors_are_read_back_to_the_bit_and_the_next_step_too(network: str) -> None:
    state = advance(built(network))
    saved = state.tensors()
    other = built(network, seed=1)
    other.load_tensors(saved)
    for one, two in ((state.tensors(), other.tensors()), (advance(state).tensors(), advance(other).tensors())):
        assert one.keys() == two.keys()
        assert all(torch.equal(one[name], two[name]) for name in one)


def test_everything_is_in_it_by_name() -> None:
    names = advance(built()).tensors().keys()
    assert {
        "generator.synthesis.b4.const",
        "average.mapping.w_avg",
        "discriminator.b4.conv.weight",
        "augment.p",
        "with_discriminator.head.weight",
        "optimiser_g.generator.synthesis.b4.const:exp_avg_sq",
        "optimiser_d.with_discriminator.head.weight:step",
    } <= names


def test_the_copy_does_not_change_while_training_goes_on() -> None:
    state = advance(built())
    saved = state.tensors()
    before = {name: tensor.clone() for name, tensor in saved.items()}
    advance(state)
    assert all(torch.equal(saved[name], before[name]) for name in saved)
    assert all(tensor.is_contiguous() and not tensor.requires_grad for tensor in saved.values())


def test_before_the_first_step_there_are_no_moments() -> None:
    state = built()
    saved = state.tensors()
    assert not any(":" in name for name in saved)
    other = built(seed=1)
    other.load_tensors(saved)
    assert all(torch.equal(tensor, other.tensors()[name]) for name, tensor in saved.items())


def harmed(tensors: dict[str, Tensor], how: str) -> dict[str, Tensor]:
    name = "generator.synthesis.b4.const"
    if how == "missing":
        return {key: tensor for key, tensor in tensors.items() if key != name}
    if how == "extra":
        return {**tensors, "generator.unknown": torch.zeros(1)}
    if how == "extra moment":
        return {**tensors, "optimiser_g.generator.unknown:exp_avg": torch.zeros(1)}
    return {**tensors, name: torch.zeros(3)}


@pytest.mark.parametrize(
    ("how", "error", "message"),
    [
        ("missing", KeyError, "lacks generator.synthesis.b4.const"),
        ("extra", KeyError, "unknown tensors: generator.unknown"),
        ("extra moment", KeyError, "unknown tensors: optimiser_g.generator.unknown"),
        ("shape", ValueError, r"generator.synthesis.b4.const is \(3,\), here"),
    ],
)
def test_what_does_not_fit_is_named(how: str, error: type[Exception], message: str) -> None:
    state = built()
    with pytest.raises(error, match=message):
        state.load_tensors(harmed(state.tensors(), how))


def test_moments_lie_in_memory_as_their_parameters_do() -> None:
    image = torch.nn.Parameter(torch.zeros(2, 3, 4, 4).to(memory_format=torch.channels_last))
    moment = moment_like(image, torch.arange(96.0).reshape(2, 3, 4, 4), "exp_avg")
    assert moment.is_contiguous(memory_format=torch.channels_last) and not moment.requires_grad
    assert torch.equal(moment, torch.arange(96.0).reshape(2, 3, 4, 4))


def test_moments_follow_their_parameter_to_its_device_and_the_count_stays() -> None:
    scalar = torch.nn.Parameter(torch.zeros((), device="meta"))
    assert moment_like(scalar, torch.tensor(2.0), "exp_avg").device.type == "meta"
    assert moment_like(scalar, torch.tensor(2.0), "step").device.type == "cpu"


def test_trainable_is_what_requires_a_gradient() -> None:
    layer = torch.nn.Linear(2, 2)
    layer.bias.requires_grad_(False)
    assert list(trainable({"a": layer, "b": torch.nn.Identity()})) == ["a.weight"]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_not_finite_names_the_first(value: float) -> None:
    good = {"a": torch.zeros(2), "count": torch.tensor(3)}
    assert not_finite(good) is None
    assert not_finite({**good, "bad": torch.tensor([0.0, value]), "worse": torch.tensor(value)}) == "bad"
