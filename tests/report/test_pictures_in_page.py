"""Pictures inside a page: exact where small, bounded where large."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from graftgan.report.pictures import picture, pictures, spread


def decoded(uri: str) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(uri.split(",")[1])))


@pytest.mark.parametrize("shape", [(64, 64, 3), (128, 96, 3), (28, 28, 1), (1, 1, 3)])
def test_small_pictures_come_back_bit_for_bit(shape):
    pixels = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    stored = picture(pixels, "a")
    image = decoded(stored.uri)
    back = np.asarray(image.convert("RGB" if shape[2] == 3 else "L")).reshape(shape)
    assert stored.uri.startswith("data:image/png;base64,") and (back == pixels).all()
    assert (stored.height, stored.width) == shape[:2]


def test_equal_channels_are_stored_as_grey():
    pixels = np.repeat(np.random.default_rng(0).integers(0, 256, (16, 16, 1), np.uint8), 3, axis=2)
    image = decoded(picture(pixels, "a").uri)
    assert image.mode == "L" and (np.asarray(image) == pixels[:, :, 0]).all()


def test_large_pictures_are_shrunk_and_light():
    smooth = np.linspace(0, 255, 1024).astype(np.uint8)[None, :, None].repeat(1024, 0).repeat(3, 2).copy()
    smooth[:, :, 0] = 255 - smooth[:, :, 0]
    stored = picture(smooth, "a")
    image = decoded(stored.uri)
    assert image.size == (stored.width, stored.height) == (256, 256) and image.format == "JPEG"
    assert np.abs(np.asarray(image)[128, ::32].astype(int) - smooth[512, ::128].astype(int)).max() < 8


@pytest.mark.parametrize("wrong", [np.zeros((4, 4, 3)), np.zeros((4, 4), np.uint8), np.zeros((4, 4, 4), np.uint8)])
def test_what_is_no_picture_is_refused(wrong):
    with pytest.raises(ValueError, match="uint8"):
        picture(wrong, "a")


def test_as_many_words_as_pictures():
    with pytest.raises(ValueError):
        pictures(np.zeros((2, 4, 4, 3), np.uint8), ["one"])


@pytest.mark.parametrize("total", [0, 1, 5, 6, 7, 100])
def test_spread_keeps_both_ends(total):
    chosen = spread(total, 6)
    assert len(chosen) == min(total, 6) == len(set(chosen))
    assert not total or (chosen[0], chosen[-1]) == (0, total - 1)
