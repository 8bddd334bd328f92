"""Every file of a source, in order, as a row and (when kept) its finished picture: two threads, flat memory.

A later file with the same bytes, or the same decoded pixels, as an earlier one is refused as its duplicate:
a picture counts once, whatever its name, folder or format.
"""

import hashlib
import os
import threading
import warnings
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

import numpy as np
from PIL import Image

from graftgan.data.decode import upright
from graftgan.data.entry import MAX_FILE_BYTES, Entry, Source
from graftgan.data.header import Refused, read_header, sniff
from graftgan.data.rows import PictureRow, printable_name
from graftgan.data.square import Square, make_square, resize

Finished = TypeVar("Finished")

WORKERS = 2
"""Threads: Pillow lets go of the interpreter while it decodes and scales.

Measured by benchmarks/prepare_throughput.py. Processes would have to be forked (unsafe beside torch's
threads) or spawned (which runs a caller's unguarded script a second time).
"""

_HEAVY_PIXELS = 4_000_000
_HEAVY_BYTES = 16 * 2**20
_one_heavy_picture = threading.RLock()  # two threads with 40 megapixels each would leave the memory limit
_STRIP_ROWS = 512

_CHUNK_FILES = 64
_CHUNK_BYTES = 2 * 2**20


@dataclass(frozen=True)
class Read(Generic[Finished]):
    """One file after reading.

    Attributes:
        entry: which file.
        row: what happened to it.
        result: the finished picture; None when refused.
        pixels: digest of the decoded picture before squaring and scaling, by which duplicates are known.
    """

    entry: Entry
    row: PictureRow
    result: Finished | None
    pixels: bytes = b""


def as_pixels(image: Image.Image) -> np.ndarray:
    """A finished picture as uint8 (side, side, 3)."""
    return np.asarray(image)


def read_pictures(
    source: Source, resolution: int | None, square: Square, finish: Callable[[Image.Image], Finished]
) -> Iterator[Read[Finished]]:
    """Read, decode, square and scale every entry of a source, in its order.

    Args:
        source: an open folder or zip.
        resolution: side in pixels; None keeps each picture's own.
        square: the rule for pictures that are not square.
        finish: turns the finished picture into what the caller stores; runs in the reading threads.

    Yields:
        One `Read` per entry, refused ones included; nothing a file holds raises.
    """
    first: dict[bytes, str] = {}
    with warnings.catch_warnings(), ThreadPoolExecutor(WORKERS, "pictures") as threads:
        warnings.filterwarnings("ignore", module=r"PIL\.")  # remarks on odd metadata; the verdict is in the row
        waiting: deque[Future[list[Read[Finished]]]] = deque()
        for chunk in _chunks(source.entries):
            waiting.append(threads.submit(_read_chunk, source, chunk, resolution, square, finish))
            if len(waiting) > 2 * WORKERS:
                yield from (_without_duplicate(read, first) for read in waiting.popleft().result())
        while waiting:
            yield from (_without_duplicate(read, first) for read in waiting.popleft().result())


def _chunks(entries: list[Entry]) -> Iterator[list[Entry]]:
    chunk: list[Entry] = []
    size = 0
    for entry in entries:
        chunk.append(entry)
        size += entry.size
        if len(chunk) == _CHUNK_FILES or size >= _CHUNK_BYTES:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk


def _read_chunk(
    source: Source,
    chunk: list[Entry],
    resolution: int | None,
    square: Square,
    finish: Callable[[Image.Image], Finished],
) -> list[Read[Finished]]:
    return [_read_one(source, entry, resolution, square, finish) for entry in chunk]


def _read_one(
    source: Source,
    entry: Entry,
    resolution: int | None,
    square: Square,
    finish: Callable[[Image.Image], Finished],
) -> Read[Finished]:
    digest = ""
    with ExitStack() as gate:
        try:
            if entry.size > _HEAVY_BYTES:
                gate.enter_context(_one_heavy_picture)
            data = read_picture_bytes(source, entry)
            digest = hashlib.sha256(data).hexdigest()
            header = read_header(data)
            if header.size[0] * header.size[1] > _HEAVY_PIXELS:
                gate.enter_context(_one_heavy_picture)
            picture = upright(header, os.path.splitext(entry.name)[1][1:])
            pixels = _pixel_digest(picture.image)
            image = make_square(picture.image, square, picture.done)
            if resolution is not None:
                image = resize(image, resolution, picture.done)
            done = "; ".join(picture.done)
            row = PictureRow(entry.label, "kept", "", done, picture.width, picture.height, digest)
            return Read(entry, row, finish(image), pixels)
        except Refused as refusal:
            return Read(entry, PictureRow(entry.label, "refused", str(refusal), sha256=digest), None)
        except MemoryError:
            return Read(entry, PictureRow(entry.label, "refused", "not enough memory", sha256=digest), None)


def _pixel_digest(image: Image.Image) -> bytes:
    """Digest of size and pixels, taken in strips so that no second copy of a large picture is made."""
    width, height = image.size
    digest = hashlib.sha256(b"%d %d " % (width, height))
    if height <= _STRIP_ROWS:
        digest.update(image.tobytes())
    else:
        for top in range(0, height, _STRIP_ROWS):
            digest.update(image.crop((0, top, width, min(top + _STRIP_ROWS, height))).tobytes())
    return digest.digest()


def read_picture_bytes(source: Source, entry: Entry) -> bytes:
    """The bytes of an entry that announces a picture.

    Raises:
        Refused: it may not be opened, cannot be read, is too large, or does not begin like a picture.
    """
    if entry.refused:
        raise Refused(entry.refused)
    try:
        if entry.size > _CHUNK_BYTES:  # look at the beginning before reading or inflating all of it
            head = source.read(entry, 15)
            if not sniff(head):
                raise Refused("not a picture: the content is unknown")
        data = source.read(entry)
    except Refused:
        raise
    except Exception as error:  # the system, zipfile and zlib each have their own kinds
        what = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise Refused(f"cannot be read: {printable_name(what)[:120] or type(error).__name__}") from error
    if len(data) > MAX_FILE_BYTES:
        raise Refused(f"too large: the limit is {MAX_FILE_BYTES // 2**20} MB")
    return data


def _without_duplicate(read: Read[Finished], first: dict[bytes, str]) -> Read[Finished]:
    if read.result is None:
        return read
    earlier = first.get(read.pixels)
    if earlier is None:
        first[read.pixels] = read.row.file
        return read
    row = replace(read.row, verdict="refused", reason=f"duplicate of {earlier}", done="")
    return Read(read.entry, row, None)
