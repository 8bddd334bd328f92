"""Which numbers of a generator count as scales and shifts, by name, and what they do."""

import pytest
import torch

from graftgan.errors import UserError
from graftgan.networks import NETWORKS
from graftgan.networks.base import Generator
from graftgan.randomness import generator_at
from graftgan.surgery.scale_shift import scale_shift


def built(network: str) -> Generator:
    generator = NETWORKS[network].generator(resolution=16, channel_base=128, channel_max=8, z_dim=8)
    generator.init_weights(generator_at(0, 0))
    return generator.eval()


@pytest.mark.parametrize("network", ["dcgan", "vae"])
def test_norms_have_a_scale_and_a_shift_a_channel(network: str) -> None:
    found = scale_shift(built(network))
    assert [tuple(parameter.shape) for parameter in found.values()] == [(8,)] * 4  # at 4 and 8 px
    assert {name.rpartition(".")[2] for name in found} == {"weight", "bias"}


def test_stylegan2_has_the_constant_part_of_every_style_and_every_bias_of_the_synthesis() -> None:
    found = scale_shift(built("stylegan2"))
    convs = ["b4.conv1", "b4.torgb", "b8.conv0", "b8.conv1", "b8.torgb", "b16.conv0", "b16.conv1", "b16.torgb"]
    assert set(found) == {f"synthesis.{conv}.{part}" for conv in convs for part in ("affine.bias", "bias")}


def test_they_are_the_networks_own_parameters() -> None:
    generator = built("dcgan")
    before = generator(torch.ones(1, 8))
    with torch.no_grad():
        for name, parameter in scale_shift(generator).items():
            assert parameter is generator.get_parameter(name)
            parameter.zero_()
    assert not torch.equal(generator(torch.ones(1, 8)), before)
    assert torch.equal(generator(torch.ones(1, 8)), torch.zeros(1, 3, 16, 16))  # nothing is left but tanh(0)


def test_a_generator_without_norms_and_styles_is_refused() -> None:
    with pytest.raises(UserError, match="neither norms nor styles"):
        scale_shift(Generator(4, 0, 16, 3))
