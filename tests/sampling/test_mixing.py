"""Styles of two seeds in one picture."""

import numpy as np
import pytest
import torch

from graftgan.errors import UserError
from graftgan.networks import NETWORKS
from graftgan.networks.fronted import FrontedGenerator
from graftgan.networks.stylegan2 import StyleGAN2Generator
from graftgan.randomness import generator_at
from graftgan.sampling.mixing import mixed, mixing_sheet, mixing_walk, style_layers, style_space
from graftgan.sampling.sample import latents, sample, to_uint8
from graftgan.sampling.space import StyleSpace


@pytest.fixture(scope="module")
def generator() -> StyleGAN2Generator:
    made = StyleGAN2Generator(16, channel_base=128, channel_max=8, z_dim=8, w_dim=8, mapping_layers=2)
    made.init_weights(generator_at(0, 0))
    return made.eval()


@pytest.fixture(scope="module")
def space(generator: StyleGAN2Generator) -> StyleSpace:
    return style_space(generator, 1.0)


@pytest.mark.parametrize(
    ("text", "layers"),
    [
        ("coarse", (0, 1, 2)),
        ("middle", (3, 4, 5)),
        ("fine", (6, 7, 8, 9)),
        ("0-3", (0, 1, 2, 3)),
        ("9, 2-3,3", (2, 3, 9)),
    ],
)
def test_layers_by_name_and_by_number(text: str, layers: tuple[int, ...]) -> None:
    assert style_layers(text, 10) == layers


@pytest.mark.parametrize("count", [6, 8, 10, 16, 18])
def test_the_thirds_are_all_layers_once(count: int) -> None:
    parts = [style_layers(text, count) for text in ("coarse", "middle", "fine")]
    assert sum(parts, ()) == tuple(range(count)) and all(parts)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("3-1", "--mix-layers 3-1: give coarse"),
        ("fien", "--mix-layers fien: give coarse"),
        ("", "--mix-layers : give coarse"),
        ("4-10", "this network has 10 style layers, 0 to 9"),
        ("0-9", "these are all 10 layers"),
    ],
)
def test_wrong_layers_are_one_line(text: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        style_layers(text, 10)


def test_a_mixture_has_each_layer_from_one_of_the_two() -> None:
    base, other = torch.zeros(2, 4, 1), torch.ones(3, 4, 1) * torch.tensor([1.0, 2, 3])[:, None, None]
    pairs = mixed(base, other, [1, 3]).squeeze(2)
    assert pairs.tolist() == [[0, k, 0, k] for _ in range(2) for k in (1, 2, 3)]
    assert base.sum() == 0


def test_the_sheet_has_headers_and_mixtures_where_they_belong(generator: StyleGAN2Generator, space: StyleSpace) -> None:
    rows, columns, layers = [1, 2], [7, 8, 9], (4, 5)
    sheet = mixing_sheet(space, rows, columns, layers, batch=32)
    assert sheet.shape == (16 + 8 + 2 * 16 + 2, 16 + 8 + 3 * 16 + 2 * 2, 3)
    tops = [0, 24, 42]
    lefts = [0, 24, 42, 60]
    at = {
        (row, column): sheet[t : t + 16, le : le + 16] for row, t in enumerate(tops) for column, le in enumerate(lefts)
    }
    assert (at[0, 0] == 255).all()
    for cell, seed in (((1, 0), 1), ((2, 0), 2), ((0, 1), 7), ((0, 2), 8), ((0, 3), 9)):
        assert np.abs(at[cell].astype(int) - sample(generator, [seed])[0]).max() <= 1
    with torch.inference_mode():
        coarse, fine = (generator.mapping(latents([seed], 8)) for seed in (2, 9))
        picture = to_uint8(generator.synthesis(torch.cat([coarse[:, :4], fine[:, 4:]], dim=1), noise="const"))[0]
    assert np.abs(at[2, 3].astype(int) - picture).max() <= 1
    assert not np.array_equal(at[2, 3], at[2, 0]) and not np.array_equal(at[2, 3], at[0, 3])
    white = np.ones(sheet.shape[:2], bool)
    for t in tops:
        for le in lefts:
            white[t : t + 16, le : le + 16] = False
    assert (sheet[white] == 255).all()


def test_a_film_moves_the_fine_styles_and_leaves_the_coarse(space: StyleSpace) -> None:
    layers = (4, 5)
    frames = list(mixing_walk(space, [1, 2], [7, 8], layers, 3, loop=False, batch=4))
    sheet = mixing_sheet(space, [1, 2], [7, 8], layers, batch=4)
    assert len(frames) == 4 and frames[0].shape == (16, 16 + 2 + 16, 3)
    for frame, left in ((frames[0], 24), (frames[3], 42)):
        for row, top in enumerate((24, 42)):
            mine = frame[:, row * 18 : row * 18 + 16].astype(int)
            assert np.abs(mine - sheet[top : top + 16, left : left + 16]).max() <= 1
    assert len({frame.tobytes() for frame in frames}) == 4


@pytest.mark.parametrize("network", ["dcgan", "vae"])
def test_networks_without_styles_say_why(network: str) -> None:
    generator = NETWORKS[network].generator(resolution=16, channel_base=128, channel_max=8, z_dim=8)
    for one in (generator, FrontedGenerator(generator, 0)):
        with pytest.raises(UserError, match="style mixing: .* has no style for each layer.* needs a StyleGAN"):
            style_space(one, 1.0)
