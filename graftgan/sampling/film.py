"""Films: frames streamed into WebP or mp4 by a library, and read back one at a time."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from graftgan.errors import UserError
from graftgan.files import UNFINISHED

FORMATS = ("webp", "mp4")
LOSSLESS: dict[str, Any] = {"lossless": True, "quality": 10, "method": 1}
LOSSY: dict[str, Any] = {"lossless": False, "quality": 90, "method": 4}
H264 = {"crf": "16", "preset": "medium", "threads": "1"}
CODECS = ("libx264", "libopenh264", "mpeg4")
DESCRIPTION = 0x010E


def write_film(
    path: Path, frames: Iterator[np.ndarray], count: int, *, fps: int, loop: bool, lossless: bool, note: str
) -> None:
    """Writes a film, frame by frame as they are made; a kill at any moment leaves no half of it under its name.

    Args:
        path: ends in .webp or .mp4.
        frames: uint8 (H, W, 3), even sides for mp4.
        count: of frames.
        fps: frames a second.
        loop: whether a WebP repeats for ever; what an mp4 does is the player's choice.
        lossless: whether a WebP keeps every pixel; an mp4 is H.264, which never does.
        note: ASCII text to carry: in EXIF (ImageDescription) of a WebP, in the comment of an mp4.

    Raises:
        UserError: mp4 without the library, or a disk that does not take it.
    """
    write = {"webp": _write_webp, "mp4": _write_mp4}[path.suffix.removeprefix(".")]
    with replacing(path) as unfinished:
        write(unfinished, frames, count, fps, loop, lossless, note)


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Gives another name to write to; renames it to `path` once the disk has it, or removes it after an error."""
    unfinished = path.with_name(f"{UNFINISHED}{os.getpid()}-{path.name}")
    try:
        yield unfinished
        with open(unfinished, "rb") as file:
            os.fsync(file.fileno())
        os.replace(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)


class Reel(Image.Image):
    """A picture of many frames that makes each when an encoder comes to it, so that one is in memory at a time.

    Pillow's own writer would first make a list of all frames; of a picture with frames of its own it asks one by one.

    Args:
        frames: uint8 (H, W, 3).
        count: how many there are.
    """

    def __init__(self, frames: Iterator[np.ndarray], count: int) -> None:
        super().__init__()
        self._frames, self.n_frames, self._at = frames, count, -1
        self.seek(0)

    def seek(self, frame: int) -> None:
        """Goes on to the next frame; does nothing for one that was seen."""
        while self._at < frame:
            picture = Image.fromarray(next(self._frames))
            self.im, self._mode, self._size = picture.im, picture.mode, picture.size
            self._at += 1

    def tell(self) -> int:
        """Returns the number of the frame in sight."""
        return self._at


def _write_webp(
    path: Path, frames: Iterator[np.ndarray], count: int, fps: int, loop: bool, lossless: bool, note: str
) -> None:
    exif = Image.Exif()
    exif[DESCRIPTION] = note
    ends = [round(1000 * frame / fps) for frame in range(count + 1)]  # whole milliseconds that do not drift
    durations = [end - start for start, end in zip(ends, ends[1:], strict=False)]
    quality = LOSSLESS if lossless else LOSSY
    Reel(frames, count).save(
        path, "WEBP", save_all=True, duration=durations, loop=0 if loop else 1, exif=exif.tobytes(), **quality
    )


def _write_mp4(
    path: Path, frames: Iterator[np.ndarray], count: int, fps: int, loop: bool, lossless: bool, note: str
) -> None:
    av = film_library()
    codec = next(name for name in CODECS if name in av.codecs_available)
    first = next(frames)
    with av.open(str(path), "w", format="mp4", options={"movflags": "+faststart"}) as container:
        container.metadata["comment"] = note
        stream = container.add_stream(codec, rate=fps, options=H264 if codec == "libx264" else {})
        stream.height, stream.width, stream.pix_fmt = *first.shape[:2], "yuv420p"
        for frame in _chain(first, frames):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode())


def _chain(first: np.ndarray, rest: Iterator[np.ndarray]) -> Iterator[np.ndarray]:
    yield np.ascontiguousarray(first)
    for frame in rest:
        yield np.ascontiguousarray(frame)


def film_library() -> Any:
    """Returns PyAV.

    Raises:
        UserError: it is not installed; says how to.
    """
    try:
        import av
    except ImportError:
        raise UserError("mp4 films need PyAV: pip install 'graftgan[film]' (--format webp needs nothing)") from None
    return av
