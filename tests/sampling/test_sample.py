"""A seed is always the same picture."""

import numpy as np
import pytest
import torch

from graftgan.errors import UserError
from graftgan.networks import NETWORKS
from graftgan.networks.base import Generator
from graftgan.randomness import generator_at
from graftgan.sampling.grid import grid
from graftgan.sampling.sample import classes, latents, sample, to_uint8


def built(network: str, **options: int) -> Generator:
    generator = NETWORKS[network].generator(resolution=16, channel_base=128, channel_max=8, z_dim=8, **options)
    generator.init_weights(generator_at(0, 0))
    return generator.eval()


@pytest.mark.parametrize("network", NETWORKS)
def test_pictures_do_not_depend_on_batch_or_company(network: str) -> None:
    generator = built(network)
    alone = np.concatenate([sample(generator, [seed]) for seed in range(9)]).astype(int)
    assert alone.shape == (9, 16, 16, 3)
    for batch in (2, 4, 32):
        assert np.abs(sample(generator, range(9), batch=batch) - alone).max() <= 1
    assert np.abs(sample(generator, [8, 3, 3]) - alone[[8, 3, 3]]).max() <= 1
    assert len({picture.tobytes() for picture in alone}) == 9


def test_global_randomness_neither_matters_nor_moves() -> None:
    generator = built("stylegan2")
    first = sample(generator, range(3))
    torch.manual_seed(99)
    before = torch.get_rng_state()
    assert np.array_equal(sample(generator, range(3)), first)
    assert torch.equal(torch.get_rng_state(), before)


def test_latents_are_standard_normal_by_seed() -> None:
    z = latents(range(2000), 8)
    assert z.shape == (2000, 8)
    assert abs(z.mean()) < 0.05 and abs(z.std() - 1) < 0.05
    assert torch.equal(latents([5], 8)[0], z[5])
    assert torch.isfinite(latents([2**63 - 1], 8)).all()


def test_truncation_draws_styles_together() -> None:
    generator = built("stylegan2")
    spread = [float(sample(generator, range(16), truncation=psi).std(axis=0).mean()) for psi in (1.0, 0.5, 0.0)]
    assert spread[0] > spread[1] > spread[2] == 0


def test_the_class_is_the_seed_modulo_the_classes() -> None:
    generator = built("stylegan2", c_dim=3)
    labels = classes([0, 1, 2, 3, 7], generator, torch.device("cpu"))
    assert labels is not None and labels.argmax(1).tolist() == [0, 1, 2, 0, 1]
    assert sample(generator, range(4)).shape == (4, 16, 16, 3)
    assert classes([0], built("dcgan"), torch.device("cpu")) is None


@pytest.mark.parametrize("network", NETWORKS)
def test_drawing_changes_no_weight_and_leaves_them_trainable(network: str) -> None:
    generator = built(network)
    before = {name: tensor.clone() for name, tensor in generator.state_dict().items()}
    sample(generator, range(3))
    for name, tensor in generator.state_dict().items():
        assert torch.equal(tensor, before[name])
    generator(latents([0], 8), noise="const").square().sum().backward()
    with torch.no_grad():
        for parameter in generator.parameters():
            parameter.sub_(1e-3)  # fails for tensors that were made in inference mode


def test_an_engine_draws_instead_by_the_same_latents_and_classes() -> None:
    generator, asked = built("stylegan2", c_dim=3), []

    def draw(z: torch.Tensor, c: torch.Tensor | None, truncation: float) -> torch.Tensor:
        assert c is not None
        asked.append((len(z), c.argmax(1).tolist(), truncation))
        assert torch.equal(z[-1], latents([asked[-1][1][-1] + 3], 8)[0])
        return torch.full((len(z), 3, 16, 16), 1.0)

    pictures = sample(generator, [3, 4, 5], truncation=0.7, batch=2, engine=draw)
    assert asked == [(2, [0, 1], 0.7), (1, [2], 0.7)] and pictures.shape == (3, 16, 16, 3) and (pictures == 255).all()


def test_no_seeds_are_refused() -> None:
    with pytest.raises(UserError, match="--seeds"):
        sample(built("dcgan"), [])


def test_values_are_rounded_and_clipped() -> None:
    images = torch.tensor([-2.0, -1.0, 0.0, 0.999, 1.0, 5.0]).view(1, 1, 1, 6)
    assert to_uint8(images).ravel().tolist() == [0, 0, 128, 255, 255, 255]


@pytest.mark.parametrize(("count", "columns", "shape"), [(3, 2, (10, 10)), (1, 8, (4, 4)), (4, 4, (4, 22))])
def test_a_grid_holds_every_picture_in_order_on_white(count: int, columns: int, shape: tuple[int, int]) -> None:
    pictures = np.stack([np.full((4, 4, 3), index, np.uint8) for index in range(count)])
    sheet = grid(pictures, columns)
    assert sheet.shape == (*shape, 3)
    for index in range(count):
        top, left = index // min(columns, count) * 6, index % min(columns, count) * 6
        assert (sheet[top : top + 4, left : left + 4] == index).all()
    assert (sheet == 255).sum() == sheet.size - pictures.size
    assert np.array_equal(grid(pictures, columns, scale=2)[::2, ::2], sheet)
