"""Features on disk: found again for the same content, made anew for any other or a damaged entry, bounded."""

import os

import numpy as np
import pytest
import torch
from torch import nn

from graftgan.errors import UserError
from graftgan.features import cache
from graftgan.features.base import Encoder
from graftgan.features.cache import encode_cached


class Means(Encoder):
    """An encoder of three numbers, the mean of each channel, that counts how often it is asked."""

    name, dim, size, normalisation, weights = "means", 3, 4, "as they are", "00"
    asked = 0

    def _load(self) -> nn.Module:
        return nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())

    def _normalise(self, pixels: torch.Tensor) -> torch.Tensor:
        return pixels

    def encode(self, images, batch=16, progress=None):
        self.asked += 1
        return super().encode(images, batch, progress)


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("GRAFTGAN_CACHE", str(tmp_path))
    return tmp_path / "features"


@pytest.fixture
def pictures():
    return np.random.default_rng(0).integers(0, 256, (40, 8, 8, 3), dtype=np.uint8)


def test_the_second_time_nothing_is_encoded(pictures, tmp_path):
    encoder, seen = Means(), []
    first = encode_cached(encoder, pictures)
    on_disk = np.memmap(tmp_path / "pixels", np.uint8, "w+", shape=pictures.shape)
    on_disk[:] = pictures
    second = encode_cached(encoder, on_disk, lambda done, total: seen.append((done, total)))
    assert encoder.asked == 1 and seen == [(40, 40)]
    assert first.dtype == second.dtype == np.float32
    np.testing.assert_array_equal(first, second)
    np.testing.assert_array_equal(first, Means().encode(pictures))
    second += 1  # the caller's own memory


def test_the_key_does_not_depend_on_how_the_bytes_are_read(pictures, monkeypatch):
    whole = cache.content_key(Means(), pictures)
    monkeypatch.setattr(cache, "_CHUNK_BYTES", 500)
    assert cache.content_key(Means(), np.asfortranarray(pictures)) == whole


def test_anything_else_has_another_key(pictures):
    other = pictures.copy()
    other[-1, -1, -1, -1] ^= 1
    weights, name = Means(), Means()
    weights.weights, name.name = "01", "others"
    keys = [
        cache.content_key(Means(), pictures),
        cache.content_key(Means(), other),
        cache.content_key(Means(), pictures[::-1]),
        cache.content_key(Means(), pictures.reshape(40, 4, 16, 3)),
        cache.content_key(Means(resize="legacy-pytorch"), pictures),
        cache.content_key(weights, pictures),
        cache.content_key(name, pictures),
    ]
    assert len(set(keys)) == len(keys)


@pytest.mark.parametrize("damage", ["truncated", "longer", "changed", "empty"])
def test_a_damaged_entry_is_made_anew(pictures, home, damage):
    encoder = Means()
    expected = encode_cached(encoder, pictures)
    (entry,) = home.iterdir()
    data = entry.read_bytes()
    changed = data[:100] + bytes([data[100] ^ 1]) + data[101:]
    entry.write_bytes({"truncated": data[:-1], "longer": data + b"\0", "changed": changed, "empty": b""}[damage])
    np.testing.assert_array_equal(encode_cached(encoder, pictures), expected)
    assert encoder.asked == 2 and entry.read_bytes() == data


def test_the_entries_unused_for_longest_make_room(pictures, home, monkeypatch):
    size = 32 + 10 * 3 * 4
    monkeypatch.setattr(cache, "MOST_BYTES", 2 * size)
    encoder, parts = Means(), [pictures[start : start + 10] for start in (0, 10, 20)]
    for age, part in zip((300, 200), parts, strict=False):
        encode_cached(encoder, part)
        entry = home / f"{cache.content_key(encoder, part)}.f32"
        os.utime(entry, (entry.stat().st_mtime - age,) * 2)
    encode_cached(encoder, parts[0])  # found, and thereby young again
    encode_cached(encoder, parts[2])
    kept = {path.name for path in home.iterdir()}
    assert kept == {f"{cache.content_key(encoder, part)}.f32" for part in (parts[0], parts[2])}
    assert encoder.asked == 3


def test_an_entry_larger_than_the_cache_is_not_kept(pictures, home, monkeypatch):
    monkeypatch.setattr(cache, "MOST_BYTES", 100)
    assert encode_cached(Means(), pictures).shape == (40, 3)
    assert not home.exists()


def test_a_cache_that_cannot_be_written_costs_no_result(pictures, home):
    home.write_text("a file where the folder should be")
    np.testing.assert_array_equal(encode_cached(Means(), pictures), Means().encode(pictures))


def test_no_pictures_give_no_rows_and_no_entry(pictures, home):
    assert encode_cached(Means(), pictures[:0]).shape == (0, 3)
    assert not home.exists()


def test_other_pictures_are_refused():
    with pytest.raises(UserError, match="encoder means: pictures must be uint8"):
        encode_cached(Means(), np.zeros((2, 8, 8), np.uint8))
