"""What a file says of itself comes back, whoever made the file."""

import json
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from graftgan.errors import UserError
from graftgan.sampling.carried import read_carried, seeds_text, write_png
from graftgan.sampling.film import write_film
from graftgan.sampling.origin import Origin

PICTURE = Origin(kind="picture", seeds=(7,), truncation=0.5, model="ab" * 32, name="x")
FILM = Origin(kind="interpolation", seeds=(7, 9), truncation=0.5, model="ab" * 32, frames=2, fps=5)
PIXELS = np.zeros((16, 16, 3), np.uint8)


def film(path: Path, note: str) -> Path:
    write_film(path, iter([PIXELS, PIXELS + 9]), 2, fps=5, loop=False, lossless=True, note=note)
    return path


def png(path: Path, **texts: str) -> Path:
    info = PngInfo()
    for key, value in texts.items():
        info.add_text(f"graftgan:{key.replace('_', '-')}", value)
    Image.fromarray(PIXELS).save(path, pnginfo=info)
    return path


def refusal(path: Path) -> str:
    with pytest.raises(UserError) as refused:
        read_carried(path)
    text = str(refused.value)
    assert text.startswith(f"{path}: ") and "\n" not in text and len(text) < len(str(path)) + 200
    return text


def test_a_png_carries_its_origin_and_three_facts(tmp_path: Path) -> None:
    write_png(tmp_path / "p.png", PIXELS, PICTURE)
    with Image.open(tmp_path / "p.png") as picture:
        assert picture.text == {  # type: ignore[attr-defined]
            "graftgan:origin": PICTURE.to_json(),
            "graftgan:seed": "7",
            "graftgan:truncation": "0.5",
            "graftgan:model-sha256": "ab" * 32,
        }
    found = read_carried(tmp_path / "p.png")
    assert found.origin == PICTURE and (found.kind, found.width, found.height, found.frames) == ("png", 16, 16, 1)


@pytest.mark.parametrize("ending", ["webp", "mp4"])
def test_a_film_carries_its_origin(tmp_path: Path, ending: str) -> None:
    found = read_carried(film(tmp_path / f"f.{ending}", FILM.to_json()))
    assert found.origin == FILM and (found.kind, found.width, found.height, found.frames) == (ending, 16, 16, 2)


@pytest.mark.parametrize("ending", ["png", "webp", "mp4"])
def test_the_longest_origin_comes_back(tmp_path: Path, ending: str) -> None:
    seeds = tuple(range(2**63 - 1024, 2**63))
    origin = Origin(
        kind="mixing-film", seeds=seeds, columns=seeds, layers=(1,), truncation=1, model="a" * 64, frames=3, fps=3
    )
    if ending == "png":
        write_png(tmp_path / "p.png", PIXELS, origin)
        assert read_carried(tmp_path / "p.png").origin == origin
    else:
        assert read_carried(film(tmp_path / f"p.{ending}", origin.to_json())).origin == origin


def test_pictures_from_before_origins_have_one(tmp_path: Path) -> None:
    path = png(tmp_path / "old.png", seed="7", truncation="0.5", model_sha256="ab" * 32)
    assert read_carried(path).origin == Origin(kind="picture", seeds=(7,), truncation=0.5, model="ab" * 32)


@pytest.mark.parametrize(
    "facts",
    [
        {"seed": "1" + "0" * 30},
        {"seed": "0-3"},
        {"seed": "-1"},
        {"seed": "../x"},
        {"truncation": "nan"},
        {"truncation": "1e999"},
        {"truncation": "one"},
        {"model_sha256": "ab"},
        {"model_sha256": "../../model"},
    ],
)
def test_wrong_facts_are_refused(tmp_path: Path, facts: dict[str, str]) -> None:
    texts = {"seed": "7", "truncation": "0.5", "model_sha256": "ab" * 32} | facts
    assert "its notes on seed, truncation and model are wrong" in refusal(png(tmp_path / "bad.png", **texts))


HOSTILE: list[tuple[dict[str, Any], str]] = [
    ({"truncation": float("nan")}, "wrong truncation"),
    ({"seeds": [10**30]}, "wrong seeds"),
    ({"seeds": {"a": 1}}, "wrong seeds"),
    ({"model": "../../etc/passwd"}, "wrong model"),
    ({"format": 9}, "a later graftgan made it"),
    ({"more": [[]] * 9}, "a field 'more'"),
]


@pytest.mark.parametrize(("changes", "message"), HOSTILE)
@pytest.mark.parametrize("ending", ["png", "webp", "mp4"])
def test_hostile_origins_are_refused_in_one_line(
    tmp_path: Path, ending: str, changes: dict[str, Any], message: str
) -> None:
    origin = json.dumps(json.loads(FILM.to_json()) | changes)
    path = tmp_path / f"bad.{ending}"
    assert message in refusal(png(path, origin=origin) if ending == "png" else film(path, origin))


@pytest.mark.parametrize("ending", ["png", "webp", "mp4"])
def test_huge_origins_are_refused(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"bad.{ending}"
    huge = '{"format": 1, "name": "' + "a" * 300_000 + '"}'
    assert "longer than" in refusal(png(path, origin=huge) if ending == "png" else film(path, huge))


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def test_a_bomb_in_compressed_text_is_refused(tmp_path: Path) -> None:
    whole = png(tmp_path / "p.png").read_bytes()
    bomb = zlib.compress(b"a" * 50_000_000, 9)
    (tmp_path / "bomb.png").write_bytes(whole[:33] + chunk(b"zTXt", b"graftgan:origin\0\0" + bomb) + whole[33:])
    assert "broken PNG: Decompressed data too large" in refusal(tmp_path / "bomb.png")


def test_a_picture_that_claims_to_be_huge_is_refused(tmp_path: Path) -> None:
    whole = bytearray(png(tmp_path / "p.png").read_bytes())
    header = struct.pack(">II", 100_000, 100_000) + whole[24:29]
    (tmp_path / "huge.png").write_bytes(whole[:8] + chunk(b"IHDR", header) + whole[33:])
    assert "too many pixels" in refusal(tmp_path / "huge.png")


def plain_mp4(path: Path) -> Path:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=5)
        stream.width = stream.height = 16
        stream.pix_fmt = "yuv420p"
        container.mux(stream.encode(av.VideoFrame.from_ndarray(PIXELS, format="rgb24")))
        container.mux(stream.encode())
    return path


def saved(path: Path) -> Path:
    Image.fromarray(PIXELS).save(path)
    return path


def written(data: bytes) -> Callable[[Path], Path]:
    def write(path: Path) -> Path:
        path.write_bytes(data)
        return path

    return write


@pytest.mark.parametrize(
    ("name", "make", "message"),
    [
        ("p.png", saved, "does not say how it was made: not a picture of graftgan"),
        ("p.webp", saved, "does not say how it was made"),
        ("p.mp4", plain_mp4, "does not say how it was made: not a film of graftgan"),
        ("p.jpg", saved, "JPEG files carry no origin"),
        ("p.gif", saved, "GIF files carry no origin"),
        ("p.png", written(b""), "empty file"),
        ("p.png", written(b"#!/bin/sh"), "not a picture: the content is text or unknown"),
        ("p.png", written(b"\x89PNG\r\n\x1a\n" + b"\0" * 99), "broken PNG"),
        ("p.webp", written(b"RIFF\x40\0\0\0WEBPVP8 " + b"\0" * 99), "broken WEBP"),
        ("p.mp4", written(b"\0\0\0\x18ftypisom" + b"\xff" * 99), "broken mp4"),
        ("p.mp4", written(b"\0\0\0\x18ftypisom"), "broken mp4"),
    ],
)
def test_other_files_are_told_so(tmp_path: Path, name: str, make: Callable[[Path], Path], message: str) -> None:
    assert message in refusal(make(tmp_path / name))


def test_a_missing_file_and_a_folder_are_told_so(tmp_path: Path) -> None:
    assert "there is no such file" in refusal(tmp_path / "none.png")
    assert "there is no such file" in refusal(tmp_path)


@pytest.mark.parametrize("seeds", [[3], [0, 1, 2], [5, 4, 3], [1, 2, 9, 10, 10]])
def test_seeds_are_written_as_they_are_read(seeds: list[int]) -> None:
    from graftgan.sampling.seeds import parse_seeds

    assert parse_seeds(seeds_text(seeds)) == seeds
