"""The encoder `strokes`: its weights are the stated ones, and it sees what is drawn, not how dark or where exactly."""

import hashlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

import graftgan
from graftgan.features.strokes import Strokes


@pytest.fixture(scope="module")
def encoder() -> Strokes:
    return Strokes()


def glyph(kind: str, dx: int, dy: int, width: int) -> np.ndarray:
    picture = Image.new("RGB", (64, 64), "white")
    pen = ImageDraw.Draw(picture)
    at = [(16 + dx, 16 + dy), (48 + dx, 48 + dy)]
    if kind == "ring":
        pen.ellipse(at, outline="black", width=width)
    elif kind == "cross":
        pen.line(at, fill="black", width=width)
        pen.line([(48 + dx, 16 + dy), (16 + dx, 48 + dy)], fill="black", width=width)
    else:
        pen.line([(16 + dx, 32 + dy), (48 + dx, 32 + dy)], fill="black", width=width)
    return np.asarray(picture)


def test_the_weights_are_the_stated_ones(encoder: Strokes) -> None:
    data = Path(graftgan.__file__).parent / "assets" / "strokes" / "strokes.safetensors"
    assert hashlib.sha256(data.read_bytes()).hexdigest() == encoder.weights


def test_features_lie_on_a_sphere(encoder: Strokes) -> None:
    features = encoder.encode(np.stack([glyph("ring", 0, 0, 3), np.full((64, 64, 3), 255, np.uint8)]))
    np.testing.assert_allclose((features**2).sum(1), 128, rtol=1e-5)


def test_a_glyph_is_nearest_to_itself_moved_and_drawn_with_another_pen(encoder: Strokes) -> None:
    kinds = ["ring", "cross", "line"]
    plain = encoder.encode(np.stack([glyph(kind, 0, 0, 3) for kind in kinds]))
    other = encoder.encode(np.stack([glyph(kind, 3, -2, 5) for kind in kinds]))
    np.testing.assert_array_equal((other @ plain.T).argmax(1), [0, 1, 2])


def test_colour_is_not_seen(encoder: Strokes) -> None:
    tinted = glyph("cross", 0, 0, 3).copy()
    tinted[..., 1] //= 2
    features = encoder.encode(np.stack([tinted, tinted[..., [1, 0, 2]], glyph("cross", 0, 0, 3)]))
    np.testing.assert_allclose(features[0], features[1], atol=1e-3)
    assert np.abs(features[0] - features[2]).max() > 0.1
