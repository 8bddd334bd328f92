"""Low-rank modulation: what trains, how little it is, and that it merges away."""

import copy
from types import SimpleNamespace

import pytest
import torch

from graftgan.errors import UserError
from graftgan.methods.lowrank import LowRank
from graftgan.networks import NETWORKS
from graftgan.randomness import generator_at
from graftgan.surgery.merge import merged
from graftgan.training import ema


def test_a_dcgan_trains_two_factors_a_kernel_its_norms_and_the_painting_layer(tiny: SimpleNamespace) -> None:
    state = tiny.prepare(tiny.built("dcgan"), LowRank(rank=2))
    sizes = {name.removeprefix("generator.main."): p.numel() for name, p in state.trainable_g().items()}
    assert sizes == {
        "0.parametrizations.weight.0.u": 2 * 8 * 16,  # input channels and pixels: 8 x 4 x 4
        "0.parametrizations.weight.0.v": 2 * 16,
        "1.weight": 16,
        "1.bias": 16,
        "3.parametrizations.weight.0.u": 2 * 16 * 16,
        "3.parametrizations.weight.0.v": 2 * 16,
        "4.weight": 16,
        "4.bias": 16,
        "6.parametrizations.weight.original": 16 * 3 * 16,
    }


def test_stylegan2_keeps_kernels_mapping_and_styles_and_trains_all_small_parts(tiny: SimpleNamespace) -> None:
    state = tiny.prepare(tiny.built("stylegan2"), LowRank())
    trained = set(state.trainable_g())
    for frozen in (
        "mapping.fc0.weight",
        "synthesis.b8.conv0.affine.weight",
        "synthesis.b8.conv0.parametrizations.weight.original",
        "synthesis.b8.torgb.parametrizations.weight.0.u",
    ):
        assert f"generator.{frozen}" not in trained
    for trains in (
        "mapping.fc0.bias",
        "synthesis.b4.const",
        "synthesis.b8.conv0.noise_strength",
        "synthesis.b8.conv0.affine.bias",
        "synthesis.b8.conv0.parametrizations.weight.0.u",
        "synthesis.b8.torgb.parametrizations.weight.original",
    ):
        assert f"generator.{trains}" in trained


def test_d_trains_whole_unless_it_is_modulated_too(tiny: SimpleNamespace) -> None:
    assert all(p.requires_grad for p in tiny.prepare(tiny.built("dcgan"), LowRank()).discriminator.parameters())
    state = tiny.prepare(tiny.built("dcgan"), LowRank(discriminator=True))
    originals = {name: p for name, p in state.discriminator.named_parameters() if name.endswith("original")}
    assert len(originals) == 2 and not any(p.requires_grad for p in originals.values())
    assert state.discriminator.get_parameter("main.5.weight").requires_grad  # the logit's


@pytest.mark.parametrize("network", NETWORKS)
def test_the_average_merges_into_a_plain_network_and_frozen_tensors_are_the_sources(
    network: str, tiny: SimpleNamespace
) -> None:
    state = tiny.prepare(tiny.built(network), LowRank(rank=2))
    source = {name: value.clone() for name, value in state.generator.state_dict().items()}
    frozen = {name for name, p in state.generator.named_parameters() if not p.requires_grad}
    state.average = copy.deepcopy(state.generator).eval()
    tiny.advance(state, LowRank(rank=2), 3)
    ema.update(state.average, state.generator, 0.7)
    found = state.average.state_dict()
    assert frozen and all(torch.equal(found[name], source[name]) for name in frozen)
    z = torch.randn(3, 8, generator=generator_at(4, 0))
    plain = merged(state.average)
    assert plain.state_dict().keys() == tiny.built(network).generator.state_dict().keys()
    torch.testing.assert_close(plain(z, noise="const"), state.average(z, noise="const"))
    assert not torch.equal(plain(z, noise="const"), tiny.built(network).generator.eval()(z, noise="const"))


def test_a_scaled_kernel_makes_the_same_picture_under_demodulation(tiny: SimpleNamespace) -> None:
    conv = tiny.prepare(tiny.built("stylegan2"), LowRank()).generator.get_submodule("synthesis.b8.conv1")
    change = conv.parametrizations.weight  # type: ignore[union-attr]
    x, w = torch.ones(1, 16, 8, 8), torch.ones(1, 8)
    with torch.no_grad():
        change[0].u.normal_(generator=generator_at(0, 0))  # type: ignore[index, union-attr, operator]
        once = conv(x, w)
        change.original.mul_(7.0)  # type: ignore[union-attr, operator]
        torch.testing.assert_close(conv(x, w), once, rtol=1e-4, atol=1e-5)


def test_a_rank_of_zero_is_refused() -> None:
    with pytest.raises(UserError, match="rank=0: at least 1"):
        LowRank(rank=0)
