"""The cache of decoded pictures: raw uint8 pixels in one file, read through memory mapping.

A cache is a folder `<key>/` with `pixels.u8` (N, side, side, 3), `rows.json` and `meta.json`. It is built
under another name and put in place by one rename, so it is whole or not there; of two processes that build
it, the first wins.
"""

import hashlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import astuple, dataclass
from pathlib import Path

import numpy as np

from graftgan.data.entry import Source
from graftgan.data.read import as_pixels, read_pictures
from graftgan.data.rows import PictureRow, printable_name
from graftgan.data.square import Square
from graftgan.errors import UserError

VERSION = 1
"""Raised whenever a rule of decoding, squaring or scaling changes: older caches are then not found."""

_ABANDONED_AFTER_S = 24 * 3600
_BUILDING = ".building-"


@dataclass(frozen=True, eq=False)
class CachedPictures:
    """What a cache holds.

    Attributes:
        pixels: uint8 (N, side, side, 3), read-only.
        rows: one per file of the source.
    """

    pixels: np.ndarray
    rows: list[PictureRow]


def cache_home() -> Path:
    """The folder for caches: `$GRAFTGAN_CACHE`, else `$XDG_CACHE_HOME/graftgan`, else `~/.cache/graftgan`."""
    if own := os.environ.get("GRAFTGAN_CACHE"):
        return Path(own)
    shared = os.environ.get("XDG_CACHE_HOME")
    return (Path(shared) if shared else Path.home() / ".cache") / "graftgan"


def cache_key(fingerprint: str, resolution: int, square: Square) -> str:
    """The name of a cache: a digest of the source's listing, the size, the rule and the cache's version."""
    return hashlib.sha256(f"{VERSION} {fingerprint} {resolution} {square}".encode()).hexdigest()[:32]


def open_cache(folder: Path, resolution: int) -> CachedPictures | None:
    """The pictures in a cache, or None when it is not there or not whole."""
    try:
        meta = json.loads((folder / "meta.json").read_text(encoding="utf-8"))
        rows = [PictureRow(*values) for values in json.loads((folder / "rows.json").read_text(encoding="utf-8"))]
        shape = (int(meta["pictures"]), resolution, resolution, 3)
        pixels = folder / "pixels.u8"
        whole = pixels.stat().st_size == int(np.prod(shape)) and sum(row.kept for row in rows) == shape[0]
        if not whole or meta["version"] != VERSION:
            return None
        if shape[0] == 0:
            return CachedPictures(np.zeros(shape, dtype=np.uint8), rows)
        return CachedPictures(np.memmap(pixels, dtype=np.uint8, mode="r", shape=shape), rows)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def fill_cache(
    folder: Path,
    source: Source,
    resolution: int,
    square: Square,
    progress: Callable[[int, int], None] | None = None,
) -> CachedPictures:
    """Read a source into a new cache, one picture after the other, and open it.

    Args:
        folder: where it shall be.
        source: what is read.
        resolution: side in pixels.
        square: the rule for pictures that are not square.
        progress: called with (files done, files in all).

    Raises:
        UserError: the cache cannot be written.
    """
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        _remove_abandoned(folder.parent)
        building = Path(tempfile.mkdtemp(prefix=_BUILDING, dir=folder.parent))
        try:
            rows = _write_pixels(building, source, resolution, square, progress)
            kept = sum(row.kept for row in rows)
            _write(building / "rows.json", json.dumps([astuple(row) for row in rows]))
            meta = {"version": VERSION, "pictures": kept, "resolution": resolution, "square": square}
            _write(building / "meta.json", json.dumps(meta))
            _put_in_place(building, folder, resolution)
        finally:
            shutil.rmtree(building, ignore_errors=True)
    except OSError as error:
        where, what = printable_name(str(folder.parent)), error.strerror or error
        raise UserError(
            f"the picture cache in {where} cannot be written ({what}): set GRAFTGAN_CACHE to another folder"
        ) from error
    cached = open_cache(folder, resolution)
    if cached is None:
        raise UserError(f"the picture cache {printable_name(str(folder))} changed while it was written: try again")
    return cached


def _write_pixels(
    building: Path,
    source: Source,
    resolution: int,
    square: Square,
    progress: Callable[[int, int], None] | None,
) -> list[PictureRow]:
    rows = []
    total = len(source.entries)
    with (building / "pixels.u8").open("wb") as stream:
        for read in read_pictures(source, resolution, square, as_pixels):
            rows.append(read.row)
            if read.result is not None:
                stream.write(read.result.tobytes())
            if progress is not None:
                progress(len(rows), total)
        stream.flush()
        os.fsync(stream.fileno())
    return rows


def _write(path: Path, text: str) -> None:
    with path.open("w", encoding="utf-8") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())


def _put_in_place(building: Path, folder: Path, resolution: int) -> None:
    for _ in range(3):
        try:
            os.replace(building, folder)
            return
        except OSError:
            if open_cache(folder, resolution) is not None:  # another process was first
                return
            shutil.rmtree(folder, ignore_errors=True)  # damaged: make room
    os.replace(building, folder)


def _remove_abandoned(home: Path) -> None:
    """Clear away what a killed process left half built a day ago or earlier."""
    for path in home.glob(_BUILDING + "*"):
        try:
            if time.time() - path.stat().st_mtime > _ABANDONED_AFTER_S:
                shutil.rmtree(path, ignore_errors=True)
        except OSError:
            continue
