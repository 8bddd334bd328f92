"""FSGAN trains one factor a singular value, in G and in D, and nothing else."""

import copy
from types import SimpleNamespace

import pytest
import torch

from graftgan.methods.fsgan import FSGAN
from graftgan.networks import NETWORKS
from graftgan.randomness import generator_at
from graftgan.surgery.merge import merged
from graftgan.training import ema


def test_as_many_numbers_train_as_kernels_have_singular_values(tiny: SimpleNamespace) -> None:
    # 16 px, channels 16, z 8: G (16 x 8*16), (16 x 16*16), (3 x 16*16); D (16 x 3*16), (16 x 16*16), (1 x 16*16)
    state = tiny.prepare(tiny.built("dcgan"), FSGAN())
    assert [p.numel() for p in state.trainable_g().values()] == [16, 16, 3]
    assert [p.numel() for p in state.trainable_d().values()] == [16, 16, 1]
    mapping = tiny.prepare(tiny.built("stylegan2"), FSGAN()).trainable_g()
    assert "generator.mapping.fc1.parametrizations.weight.0.multiplier" in mapping


@pytest.mark.parametrize("network", NETWORKS)
def test_the_average_differs_in_factors_only_and_merges_into_a_plain_network(
    network: str, tiny: SimpleNamespace
) -> None:
    state = tiny.prepare(tiny.built(network), FSGAN())
    source = {name: value.clone() for name, value in state.generator.state_dict().items()}
    state.average = copy.deepcopy(state.generator).eval()
    tiny.advance(state, FSGAN(), 3)
    ema.update(state.average, state.generator, 0.5)
    moved = {name for name, value in state.average.state_dict().items() if not torch.equal(value, source[name])}
    assert {name.rpartition(".")[2] for name in moved} - {"w_avg"} == {"multiplier"}
    z = torch.randn(3, 8, generator=generator_at(4, 0))
    plain = merged(state.average)
    assert plain.state_dict().keys() == tiny.built(network).generator.state_dict().keys()
    torch.testing.assert_close(plain(z, noise="const"), state.average(z, noise="const"))
