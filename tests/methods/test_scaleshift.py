"""Scale and shift trains a handful of numbers in G and all of D."""

import copy
from types import SimpleNamespace

import pytest
import torch

from graftgan.methods.scaleshift import ScaleShift
from graftgan.networks import NETWORKS
from graftgan.surgery.merge import merged
from graftgan.surgery.scale_shift import scale_shift
from graftgan.training import ema


@pytest.mark.parametrize("network", NETWORKS)
def test_scales_and_shifts_train_with_all_of_d(network: str, tiny: SimpleNamespace) -> None:
    state = tiny.prepare(tiny.built(network), ScaleShift())
    trained = {name for name, p in state.generator.named_parameters() if p.requires_grad}
    assert trained == set(scale_shift(state.generator))
    assert all(p.requires_grad for p in state.discriminator.parameters())


@pytest.mark.parametrize("network", NETWORKS)
def test_every_other_tensor_of_the_average_stays_the_sources_to_the_bit(network: str, tiny: SimpleNamespace) -> None:
    state = tiny.prepare(tiny.built(network), ScaleShift())
    source = {name: value.clone() for name, value in state.generator.state_dict().items()}
    state.average = copy.deepcopy(state.generator).eval()
    tiny.advance(state, ScaleShift(), 2)
    ema.update(state.average, state.generator, 0.7)
    found = merged(state.average).state_dict()
    assert found.keys() == source.keys()
    moved = {name for name, value in found.items() if not torch.equal(value, source[name])}
    assert moved >= set(scale_shift(state.generator))
    assert all(value.dim() < 2 for name, value in found.items() if name in moved)
