"""Batches are a pure function of seed and step, and every epoch sees every picture once."""

import numpy as np
import pytest
import torch

from graftgan.data import Batches
from graftgan.errors import UserError

COUNT = 10


@pytest.fixture
def pixels():
    """Picture n holds n in its left column and 200 + n elsewhere."""
    values = np.zeros((COUNT, 8, 8, 3), dtype=np.uint8)
    values[:] = 200 + np.arange(COUNT)[:, None, None, None]
    values[:, :, 0] = np.arange(COUNT)[:, None, None]
    return values


LABELS = np.arange(COUNT)


def test_images_are_channels_last_floats_of_the_right_values(pixels):
    pixels[0, 0, 0], pixels[0, 0, 1] = 0, 255
    images, labels = Batches(pixels, LABELS, COUNT, seed=0).at(0)
    assert images.shape == (COUNT, 3, 8, 8) and images.dtype == torch.float32
    assert images.is_contiguous(memory_format=torch.channels_last)
    assert labels.dtype == torch.int64
    expected = torch.from_numpy(pixels[labels.numpy()]).permute(0, 3, 1, 2).float() / 127.5 - 1
    assert torch.equal(images, expected)
    assert (images.min(), images.max()) == (-1.0, 1.0)


@pytest.mark.parametrize("batch", [1, 3, 5, 10, 32])
def test_every_epoch_sees_every_picture_once(pixels, batch):
    batches = Batches(pixels, LABELS, batch, seed=1)
    seen = np.concatenate([batches.indices(step) for step in range(60)])
    for epoch in range(len(seen) // COUNT):
        assert sorted(seen[epoch * COUNT : (epoch + 1) * COUNT]) == list(range(COUNT))
    assert seen[:COUNT].tolist() != seen[COUNT : 2 * COUNT].tolist()


def test_a_step_does_not_depend_on_what_was_asked_before(pixels):
    steps = [7, 0, 99, 7, 3, 0]
    one = Batches(pixels, LABELS, 4, seed=2, flip=True)
    for step in steps:
        images, labels = one.at(step)
        again, same = Batches(pixels, LABELS, 4, seed=2, flip=True).at(step)
        assert torch.equal(images, again) and torch.equal(labels, same)


def test_another_seed_gives_another_order(pixels):
    one, other = (Batches(pixels, LABELS, 10, seed).indices(0).tolist() for seed in (0, 1))
    assert one != other


def test_the_global_random_state_is_neither_read_nor_moved(pixels):
    torch.manual_seed(0)
    np.random.seed(0)
    before = (torch.get_rng_state(), np.random.get_state()[1].copy())
    first = Batches(pixels, LABELS, 8, seed=0, flip=True).at(5)[0]
    assert torch.equal(before[0], torch.get_rng_state())
    assert np.array_equal(before[1], np.random.get_state()[1])
    torch.manual_seed(1)
    np.random.seed(1)
    assert torch.equal(first, Batches(pixels, LABELS, 8, seed=0, flip=True).at(5)[0])


def test_ranks_together_see_what_one_process_sees(pixels):
    alone = Batches(pixels, LABELS, 6, seed=3, flip=True)
    ranks = [Batches(pixels, LABELS, 2, seed=3, flip=True, rank=rank, world=3) for rank in range(3)]
    for step in range(8):
        assert torch.equal(alone.at(step)[0], torch.cat([rank.at(step)[0] for rank in ranks]))


def test_flipping_mirrors_about_half_and_only_left_to_right(pixels):
    plain = Batches(pixels, LABELS, 10, seed=4)
    flipped = Batches(pixels, LABELS, 10, seed=4, flip=True)
    mirrored = 0
    for step in range(40):
        for before, after in zip(plain.at(step)[0], flipped.at(step)[0], strict=True):
            if not torch.equal(before, after):
                assert torch.equal(before.flip(-1), after)
                mirrored += 1
    assert 150 < mirrored < 250


def test_the_set_is_not_changed(pixels):
    before = pixels.copy()
    images, _ = Batches(pixels, LABELS, 10, seed=0, flip=True).at(0)
    images.zero_()
    assert np.array_equal(pixels, before)


def test_a_memory_map_serves_as_well(pixels, tmp_path):
    pixels.tofile(tmp_path / "pixels.u8")
    mapped = np.memmap(tmp_path / "pixels.u8", dtype=np.uint8, mode="r", shape=pixels.shape)
    one, other = (Batches(data, LABELS, 4, seed=0, flip=True).at(2)[0] for data in (pixels, mapped))
    assert torch.equal(one, other)


def test_mistakes_are_named(pixels):
    with pytest.raises(UserError, match="--batch 0"):
        Batches(pixels, LABELS, 0, seed=0)
    with pytest.raises(UserError, match="no pictures"):
        Batches(pixels[:0], LABELS[:0], 1, seed=0)
    with pytest.raises(ValueError, match="rank 2 of 2"):
        Batches(pixels, LABELS, 1, seed=0, rank=2, world=2)
    with pytest.raises(ValueError, match="step -1"):
        Batches(pixels, LABELS, 1, seed=0).at(-1)
