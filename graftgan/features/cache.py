"""Features kept on disk under a digest of what they were made from, so that no picture is encoded twice.

An entry is one file, `features/<key>.f32` below the cache home: the sha256 of the numbers, then the numbers
(float32, row by row). The numbers are read as bytes; nothing in the file is interpreted.
"""

import hashlib
import json
import os
from pathlib import Path

import numpy as np

from graftgan.data.cache import cache_home
from graftgan.features.base import Encoder, Progress
from graftgan.features.pictures import check_pictures
from graftgan.files import write_atomically

VERSION = 1
"""Raised whenever the way features are made changes: older entries are then not found."""
MOST_BYTES = 2 * 2**30
"""All entries together; beyond it, those unused for longest are deleted."""

_DIGEST_BYTES = 32
_CHUNK_BYTES = 8 * 2**20


def encode_cached(encoder: Encoder, pixels: np.ndarray, progress: Progress | None = None) -> np.ndarray:
    """Encode pictures, or find the features of the same pictures on disk.

    The same means: the same bytes in the same order, encoder, published weights, resize rule and kind of device.
    A damaged entry is made anew. A cache that cannot be written costs time, not the result.

    Args:
        encoder: the frozen network.
        pixels: uint8 (N, H, W, 1 or 3), an array or a memory map; read in chunks.
        progress: called with (done, total) after each batch; once where the features are found.

    Returns:
        float32 (N, dim).

    Raises:
        UserError: the pictures are not uint8 (N, H, W, 1 or 3).
    """
    check_pictures(f"encoder {encoder.name}", pixels)
    shape = (len(pixels), encoder.dim)
    path = cache_home() / "features" / f"{content_key(encoder, pixels)}.f32"
    rows = _read(path, shape)
    if rows is None:
        rows = encoder.encode(pixels, progress=progress)
        _keep(path, rows)
    elif progress is not None:
        progress(len(pixels), len(pixels))
    return rows


def content_key(encoder: Encoder, pixels: np.ndarray) -> str:
    """The name of an entry: a digest of all that its numbers depend on.

    Args:
        encoder: the frozen network.
        pixels: uint8 (N, H, W, C).

    Returns:
        64 hex digits.
    """
    about = {
        "version": VERSION,
        "weights": encoder.weights,
        "device": encoder.device.type,
        "shape": list(pixels.shape),
        **encoder.protocol(),
    }
    digest = hashlib.sha256(json.dumps(about, sort_keys=True).encode())
    step = max(1, _CHUNK_BYTES // max(1, pixels[:1].nbytes))
    for start in range(0, len(pixels), step):
        digest.update(np.ascontiguousarray(pixels[start : start + step]).data)
    return digest.hexdigest()


def _read(path: Path, shape: tuple[int, int]) -> np.ndarray | None:
    """The rows of an entry, or None when it is not there or not whole."""
    try:
        data = path.read_bytes()
    except OSError:
        return None
    numbers = memoryview(data)[_DIGEST_BYTES:]
    if len(numbers) != 4 * shape[0] * shape[1] or hashlib.sha256(numbers).digest() != data[:_DIGEST_BYTES]:
        return None
    try:
        os.utime(path)  # used just now: among the last to be deleted
    except OSError:
        pass  # a cache that may only be read
    return np.frombuffer(numbers, "<f4").reshape(shape).astype(np.float32)


def _keep(path: Path, rows: np.ndarray) -> None:
    """Write an entry and make room for it; entries larger than the whole cache are not kept."""
    if rows.size == 0 or rows.nbytes + _DIGEST_BYTES > MOST_BYTES:
        return
    numbers = np.ascontiguousarray(rows, "<f4")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, b"".join((hashlib.sha256(numbers.data).digest(), numbers.data)))
        _make_room(path.parent)
    except OSError:
        return


def _make_room(folder: Path) -> None:
    """Delete the files unused for longest, until the rest fits."""
    files = []
    for path in folder.iterdir():
        try:
            files.append((path.stat().st_mtime_ns, path.stat().st_size, path))
        except OSError:  # another process deleted it
            continue
    total = sum(size for _, size, _ in files)
    for _, size, path in sorted(files):
        if total <= MOST_BYTES:
            return
        path.unlink(missing_ok=True)
        total -= size
