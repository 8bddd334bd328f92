"""Great circles by hand, and which network is walked in which space."""

import math
from typing import Any

import numpy as np
import pytest
import torch

from graftgan.networks import NETWORKS
from graftgan.networks.base import Generator
from graftgan.networks.fronted import FrontedGenerator
from graftgan.networks.stylegan3 import StyleGAN3Generator
from graftgan.randomness import generator_at
from graftgan.sampling.sample import sample
from graftgan.sampling.space import slerp, space_of


def built(network: str, **options: int) -> Generator:
    generator = NETWORKS[network].generator(resolution=16, channel_base=128, channel_max=8, z_dim=8, **options)
    generator.init_weights(generator_at(0, 0))
    return generator.eval()


def between(p: list[float], q: list[float], t: float) -> list[float]:
    return [float(x) for x in slerp(torch.tensor([p]), torch.tensor([q]), torch.tensor([t]))[0]]


@pytest.mark.parametrize(
    ("p", "q", "t", "expected"),
    [
        ([1.0, 0.0], [0.0, 1.0], 1 / 3, [math.sqrt(3) / 2, 0.5]),  # 30 of 90 degrees
        ([2.0, 0.0], [0.0, 1.0], 0.5, [math.sqrt(2), math.sqrt(0.5)]),  # the lengths go over, too
        ([1.0, 0.0], [-0.5, math.sqrt(3) / 2], 0.5, [0.5, math.sqrt(3) / 2]),  # 60 of 120 degrees
        ([1.0, 2.0], [3.0, 6.0], 0.25, [1.5, 3.0]),  # parallel: linear
        ([1.0, 0.0], [-1.0, 0.0], 0.25, [0.5, 0.0]),  # opposite: no great circle, linear
        ([0.0, 0.0], [2.0, 0.0], 0.5, [1.0, 0.0]),  # no direction: linear
    ],
)
def test_slerp_has_the_values_of_the_hand(p: list[float], q: list[float], t: float, expected: list[float]) -> None:
    assert between(p, q, t) == pytest.approx(expected, abs=1e-6)


def test_slerp_keeps_lengths_where_a_line_would_not() -> None:
    p, q = torch.randn(2, 64, 512, generator=torch.Generator().manual_seed(0)).unbind()
    middle = slerp(p, q, torch.full((64,), 0.5)).norm(dim=1)
    assert (middle / 512**0.5 - 1).abs().max() < 0.15
    assert ((p + q) / 2).norm(dim=1).max() < 0.85 * 512**0.5


def test_slerp_begins_and_ends_to_the_bit() -> None:
    p, q = torch.randn(2, 9, 100, generator=torch.Generator().manual_seed(1)).unbind()
    assert torch.equal(slerp(p, q, torch.zeros(9)), p)
    assert torch.equal(slerp(p, q, torch.ones(9)), q)


@pytest.mark.parametrize(("network", "name"), [("dcgan", "z"), ("vae", "z"), ("stylegan2", "w")])
@pytest.mark.parametrize("layers", [None, 0, 2])
@pytest.mark.parametrize("truncation", [1.0, 0.6])
def test_codes_draw_what_sample_draws(network: str, name: str, layers: int | None, truncation: float) -> None:
    generator = built(network)
    if layers is not None:
        generator = FrontedGenerator(generator, layers).eval()
        for number, parameter in enumerate(generator.front.parameters()):
            torch.nn.init.normal_(parameter, std=0.3, generator=torch.Generator().manual_seed(number))
    space = space_of(generator, truncation)
    assert space.name == name
    assert np.array_equal(space.pictures(space.codes([4, 5])), sample(generator, [4, 5], truncation=truncation))


class Labelled(Generator):
    """Has classes and latents only, which none of our networks has yet."""

    def __init__(self) -> None:
        super().__init__(8, 3, 16, 3)
        self.weights = torch.nn.Parameter(torch.randn(11, 3, generator=torch.Generator().manual_seed(0)))

    def forward(self, z: torch.Tensor, c: torch.Tensor | None = None, **_: Any) -> torch.Tensor:
        assert c is not None
        return (torch.cat([z, c], dim=1) @ self.weights)[:, :, None, None].tanh().expand(-1, -1, 16, 16)


@pytest.mark.parametrize("generator", [built("stylegan2", c_dim=3), Labelled()], ids=["styles", "latents"])
def test_a_seed_keeps_its_class(generator: Generator) -> None:
    space = space_of(generator)
    assert np.array_equal(space.pictures(space.codes([4, 5])), sample(generator, [4, 5]))


def test_latents_turn_and_classes_go_straight() -> None:
    space = space_of(Labelled())
    codes = space.codes([0, 1])
    half = space.between(codes[:1], codes[1:], torch.tensor([0.25]))
    assert half[0, 8:].tolist() == [0.75, 0.25, 0]
    assert torch.equal(half[:, :8], slerp(codes[:1, :8], codes[1:, :8], torch.tensor([0.25])))


def test_styles_go_straight() -> None:
    space = space_of(built("stylegan2"))
    codes = space.codes([0, 1])
    half = space.between(codes[:1], codes[1:], torch.tensor([0.25]))
    assert torch.allclose(half, 0.75 * codes[:1] + 0.25 * codes[1:], atol=1e-6)


def test_stylegan3_is_walked_in_its_styles() -> None:
    generator = StyleGAN3Generator(16, channel_base=64, channel_max=8, z_dim=8, w_dim=8, num_layers=4)
    generator.init_weights(generator_at(0, 0))
    space = space_of(generator.eval())
    assert space.name == "w"
    assert np.array_equal(space.pictures(space.codes([4, 5])), sample(generator, [4, 5]))


def test_another_engine_draws_latents_but_not_styles() -> None:
    def black(z: torch.Tensor, c: torch.Tensor | None, truncation: float) -> torch.Tensor:
        return torch.full((len(z), 3, 16, 16), -1.0)

    latent, style = (space_of(built(network), engine=black) for network in ("dcgan", "stylegan2"))
    assert latent.pictures(latent.codes([1])).max() == 0
    assert style.pictures(style.codes([1])).max() > 0
