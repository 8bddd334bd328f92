"""Pictures made on the spot, and a digest of a folder to prove that nobody wrote into it."""

import hashlib
import os
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from graftgan.data import PictureRow


@pytest.fixture
def photo() -> Callable[..., Image.Image]:
    """A colour field that no other seed has."""

    def make(seed: int = 0, width: int = 24, height: int | None = None) -> Image.Image:
        values = np.random.default_rng(seed).integers(0, 256, (height or width, width, 3), dtype=np.uint8)
        return Image.fromarray(values)

    return make


@pytest.fixture
def encode() -> Callable[..., bytes]:
    """A picture as the bytes of a file."""

    def to_bytes(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
        file = BytesIO()
        image.save(file, kind, **options)
        return file.getvalue()

    return to_bytes


@pytest.fixture
def tree_digest() -> Callable[[Path], str]:
    """Digest of every name, kind, time and content below a folder."""

    def digest(folder: Path) -> str:
        state = hashlib.sha256()
        for root, folders, files in os.walk(os.fsencode(folder)):
            folders.sort()
            for name in sorted(folders + files):
                path = os.path.join(root, name)
                info = os.lstat(path)
                state.update(b"%s %d %d\0" % (path, info.st_mode, info.st_mtime_ns))
                if os.path.isfile(path) and not os.path.islink(path):
                    with open(path, "rb") as stream:
                        state.update(stream.read())
        return state.hexdigest()

    return digest


@pytest.fixture
def by_file() -> Callable[[list[PictureRow]], dict[str, PictureRow]]:
    """Rows by file name; proves on the way that no file has two."""

    def index(rows: list[PictureRow]) -> dict[str, PictureRow]:
        found = {row.file: row for row in rows}
        assert len(found) == len(rows)
        return found

    return index
