"""CDC holds relations to the source's: nothing at the start, its weight's worth afterwards, and it pulls back."""

from types import SimpleNamespace

import pytest
import torch
from torch import Tensor

from graftgan.errors import UserError
from graftgan.losses.distance import distance_consistency
from graftgan.methods.base import Turn
from graftgan.methods.cdc import CDC
from graftgan.randomness import generator_at
from graftgan.state import State
from graftgan.surgery.taps import tapped


def turn(state: State, method: CDC, noise: str = "const") -> Turn:
    """G's turn on eight latents."""
    z = torch.randn(8, 8, generator=generator_at(4, 0))
    with tapped(state.generator, method.taps(state)) as maps:
        fakes = state.generator(z, noise=noise, rng=generator_at(4, 1))  # type: ignore[arg-type]
    return Turn(z, None, fakes, fakes, fakes, None, generator_at(4, 2), maps)


def shaken(state: State) -> None:
    """Moves every weight of G a little."""
    with torch.no_grad():
        for number, parameter in enumerate(state.generator.parameters()):
            size = parameter.abs().mean()
            parameter += 0.3 * size * torch.randn(parameter.shape, generator=generator_at(5, number))


@pytest.mark.parametrize("network", ["dcgan", "stylegan2"])
def test_it_is_zero_at_the_start_in_training_mode(network: str, tiny: SimpleNamespace) -> None:
    state = tiny.prepare(tiny.built(network), CDC())
    assert CDC().generator_terms(state, turn(state, CDC()))["distance"].abs() < 1e-4
    assert state.generator.training
    # A source that normalised by its running statistics would differ before anything was learnt.
    if network == "dcgan":
        state.fixed["source"].eval()
        assert CDC().generator_terms(state, turn(state, CDC()))["distance"] > 1e-2


def test_a_steps_own_term_is_zero_at_the_start(tiny: SimpleNamespace) -> None:
    for network in ("dcgan", "stylegan2"):
        source = tiny.built(network)
        for name, parameter in source.generator.named_parameters():
            if name.endswith("noise_strength"):
                parameter.data.fill_(0.3)  # a trained network's; a fresh one has none, and would prove nothing
        (losses,) = tiny.advance(tiny.prepare(source, CDC()), CDC(), 1)
        assert losses["distance"].abs() < 1e-4


def test_it_is_the_mean_over_inner_blocks_and_pictures(tiny: SimpleNamespace) -> None:
    method = CDC(weight=7.0, direction="adapted-source")
    state = tiny.prepare(tiny.built("dcgan"), method)
    source = turn(state, method).maps
    shaken(state)
    now = turn(state, method)
    assert set(now.maps) == {4, 8}
    expected: list[Tensor] = [distance_consistency(now.maps[at], source[at], "adapted-source").mean() for at in (4, 8)]
    found = method.generator_terms(state, now)["distance"]
    assert found > 0
    torch.testing.assert_close(found, 7 * (expected[0] + expected[1]) / 2)


def test_descending_it_brings_the_relations_back_and_leaves_the_source_alone(tiny: SimpleNamespace) -> None:
    state = tiny.prepare(tiny.built("dcgan"), CDC())
    source = {name: tensor.clone() for name, tensor in state.fixed["source"].state_dict().items()}
    shaken(state)
    descent = torch.optim.Adam(state.generator.parameters(), 0.002)
    terms = []
    for _ in range(12):
        term = CDC().generator_terms(state, turn(state, CDC()))["distance"]
        terms.append(term.item())
        descent.zero_grad()
        term.backward()
        descent.step()
    assert terms[-1] < terms[0] / 2
    assert all(torch.equal(source[name], tensor) for name, tensor in state.fixed["source"].state_dict().items())


def test_weight_zero_costs_nothing(tiny: SimpleNamespace) -> None:
    state = tiny.prepare(tiny.built("dcgan"), CDC(weight=0.0))
    assert CDC(weight=0.0).generator_terms(state, turn(state, CDC())) == {}


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"weight": -1.0}, "weight=-1.0: at least 0"),
        ({"weight": float("nan")}, "weight=nan"),
        ({"direction": "source-adaptd"}, "direction: source-adaptd: did you mean source-adapted"),
        ({"anchors": 0}, "anchors=0: at least 1"),
        ({"image_every": 0}, "image_every=0: at least 1"),
    ],
)
def test_a_setting_out_of_range_is_refused_by_name(settings: dict[str, float], words: str) -> None:
    with pytest.raises(UserError, match=words):
        CDC(**settings)  # type: ignore[arg-type]
