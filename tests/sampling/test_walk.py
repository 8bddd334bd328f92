"""A walk passes through the seeds' own pictures."""

import numpy as np
import pytest
import torch

from graftgan.networks import NETWORKS
from graftgan.networks.base import Generator
from graftgan.randomness import generator_at
from graftgan.sampling.sample import sample
from graftgan.sampling.space import space_of
from graftgan.sampling.walk import moments, walk


def built(network: str, **options: int) -> Generator:
    generator = NETWORKS[network].generator(resolution=16, channel_base=128, channel_max=8, z_dim=8, **options)
    generator.init_weights(generator_at(0, 0))
    return generator.eval()


@pytest.mark.parametrize(("network", "classes"), [*((network, 0) for network in NETWORKS), ("stylegan2", 3)])
def test_stops_are_the_seeds_own_pictures_to_the_bit(network: str, classes: int) -> None:
    generator = built(network, c_dim=classes)
    frames = list(walk(space_of(generator, 0.8), [5, 9, 2], 4, loop=False, batch=1))
    assert len(frames) == 2 * 4 + 1
    for frame, seed in ((0, 5), (4, 9), (8, 2)):
        assert np.array_equal(frames[frame], sample(generator, [seed], truncation=0.8, batch=1)[0])
    assert len({frame.tobytes() for frame in frames}) == 9


def test_a_loop_goes_back_to_its_first_seed_without_a_halt() -> None:
    generator = built("dcgan")
    there = list(walk(space_of(generator), [5, 9], 3, loop=True, batch=1))
    back = list(walk(space_of(generator), [9, 5], 3, loop=False, batch=1))
    assert len(there) == 6
    assert all(np.array_equal(mine, its) for mine, its in zip(there[3:], back[:3], strict=True))
    assert np.array_equal(back[3], there[0])


def test_batches_change_nothing_but_rounding() -> None:
    generator = built("stylegan2")
    one, many = (np.stack([*walk(space_of(generator), range(3), 5, loop=True, batch=batch)]) for batch in (1, 4))
    assert np.abs(one.astype(int) - many).max() <= 1


def test_frames_are_drawn_when_they_are_asked_for() -> None:
    drawn = []

    class Counting:
        name = "z"

        def codes(self, seeds: object) -> torch.Tensor:
            return torch.zeros(2, 1)

        def between(self, one: torch.Tensor, other: torch.Tensor, way: torch.Tensor) -> torch.Tensor:
            return one

        def pictures(self, codes: torch.Tensor) -> np.ndarray:
            drawn.append(len(codes))
            return np.zeros((len(codes), 1, 1, 3), np.uint8)

    frames = walk(Counting(), [0, 1], 1000, loop=True, batch=8)
    for _ in range(9):
        next(frames)
    assert drawn == [8, 8]


def test_moments_of_a_loop_are_evenly_spaced() -> None:
    assert moments(3, 2, loop=True) == [(0, 1, 0), (0, 1, 0.5), (1, 2, 0), (1, 2, 0.5), (2, 0, 0), (2, 0, 0.5)]
