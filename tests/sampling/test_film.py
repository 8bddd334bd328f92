"""Films hold the frames that were put in, and nothing is kept of a film that fails."""

import sys
import weakref
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from graftgan.errors import UserError
from graftgan.sampling.carried import read_frames
from graftgan.sampling.film import film_library, write_film


def made(count: int, height: int = 32, width: int = 48) -> Iterator[np.ndarray]:
    ramp = np.linspace(0, 200, height * width).reshape(height, width, 1)
    for number in range(count):
        yield np.repeat(ramp + number * 5, 3, axis=2).astype(np.uint8)


def write(path: Path, frames: Iterator[np.ndarray], count: int, fps: int = 12, lossless: bool = True) -> Path:
    write_film(path, frames, count, fps=fps, loop=True, lossless=lossless, note='{"a": 1}')
    return path


def test_a_webp_has_its_frames_to_the_bit_and_keeps_time(tmp_path: Path) -> None:
    path = write(tmp_path / "f.webp", made(7), 7, fps=30)
    with Image.open(path) as film:
        assert film.n_frames == 7 and film.size == (48, 32) and film.info["loop"] == 0  # type: ignore[attr-defined]
        lengths = []
        for number in range(7):
            film.seek(number)
            film.load()
            lengths.append(film.info["duration"])
    assert lengths == [33, 34, 33, 33, 34, 33, 33]  # 1000/30 ms each, rounded so that the sum does not drift
    for mine, its in zip(made(7), read_frames(path, "webp"), strict=True):
        assert np.array_equal(mine, its)


def test_a_film_that_does_not_repeat_is_played_once(tmp_path: Path) -> None:
    write_film(tmp_path / "f.webp", made(2), 2, fps=12, loop=False, lossless=True, note="{}")
    with Image.open(tmp_path / "f.webp") as film:
        assert film.info["loop"] == 1


def test_an_mp4_has_count_size_rate_and_nearly_the_pixels(tmp_path: Path) -> None:
    path = write(tmp_path / "f.mp4", made(7), 7)
    with av.open(str(path)) as film:
        stream = film.streams.video[0]
        assert (stream.frames, stream.width, stream.height) == (7, 48, 32)
        assert stream.average_rate == 12 and stream.codec_context.pix_fmt == "yuv420p"
        assert film.metadata["comment"] == '{"a": 1}'
    frames = list(read_frames(path, "mp4"))
    assert len(frames) == 7
    for mine, its in zip(made(7), frames, strict=True):
        assert np.abs(mine.astype(int) - its).mean() < 3


def test_a_webp_with_loss_is_near(tmp_path: Path) -> None:
    path = write(tmp_path / "f.webp", made(3), 3, lossless=False)
    for mine, its in zip(made(3), read_frames(path, "webp"), strict=True):
        assert 0 < np.abs(mine.astype(int) - its).mean() < 3


@pytest.mark.parametrize("ending", ["webp", "mp4"])
def test_one_frame_is_in_memory_at_a_time(tmp_path: Path, ending: str) -> None:
    alive: list[weakref.ref[np.ndarray]] = []
    most = 0

    def watched() -> Iterator[np.ndarray]:
        nonlocal most
        for frame in made(40):
            alive.append(weakref.ref(frame))
            most = max(most, sum(one() is not None for one in alive))
            yield frame

    write(tmp_path / f"f.{ending}", watched(), 40)
    assert len(alive) == 40 and most <= 3


@pytest.mark.parametrize("ending", ["webp", "mp4"])
def test_a_film_that_fails_leaves_the_old_one_and_nothing_else(tmp_path: Path, ending: str) -> None:
    def broken() -> Iterator[np.ndarray]:
        yield from made(3)
        raise UserError("no more")

    path = tmp_path / f"f.{ending}"
    path.write_bytes(b"old")
    with pytest.raises(UserError, match="no more"):
        write(path, broken(), 9)
    assert path.read_bytes() == b"old" and list(tmp_path.iterdir()) == [path]


def test_without_the_library_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(UserError, match=r"mp4 films need PyAV: pip install 'graftgan\[film\]'"):
        film_library()
