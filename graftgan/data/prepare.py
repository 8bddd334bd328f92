"""`graftgan prepare PHOTOS OUT`: pictures checked and converted into a new folder of square PNGs."""

import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from pathlib import Path

from PIL import Image

from graftgan.data.entry import Source
from graftgan.data.names import SafeNames
from graftgan.data.pictures import refuse_when_nothing_kept
from graftgan.data.read import read_pictures
from graftgan.data.rows import PictureRow, printable_name, write_rows
from graftgan.data.source import is_inside, open_source
from graftgan.data.square import Square, check_square
from graftgan.errors import UserError


def prepare_folder(
    source: Path | str,
    out: Path | str,
    resolution: int | None = None,
    square: Square = "crop",
    progress: Callable[[int, int], None] | None = None,
) -> list[PictureRow]:
    """Write every usable picture of a source as a square RGB PNG, in the same folders, and `photos.csv`.

    Everything is written beside `out` under another name first and put in place by one rename: `out` is
    complete or not there. The source is only read.

    Args:
        source: a folder, searched at any depth, or a zip.
        out: the new folder; it must not exist, or be empty, and must not lie in the source.
        resolution: side in pixels, 1 to 4096; None keeps the side that each picture has after squaring.
        square: `crop` cuts the centre out, `pad` adds white.
        progress: called with (files done, files in all).

    Returns:
        One row per file; `done` ends with the name under which a kept picture was saved.

    Raises:
        UserError: the source holds no picture, or `out` cannot be used.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     Image.new("L", (9, 9)).save(f"{folder}/a b.PNG")
        ...     rows = prepare_folder(folder, f"{folder}-out", resolution=16)
        >>> rows[0].done
        'grey to RGB; enlarged 9 to 16; saved as a b.png'
    """
    check_square(square)
    if resolution is not None and not 1 <= resolution <= 4096:
        raise UserError(f"--resolution {resolution}: expected 1 to 4096")
    out = Path(out)
    opened = open_source(source)
    try:
        _check_out(out, opened)
        return _write_beside(out, opened, resolution, square, progress)
    except OSError as error:
        what = error.strerror or str(error)
        raise UserError(f"output folder {printable_name(str(out))} cannot be written ({what})") from error
    finally:
        opened.close()


def _check_out(out: Path, source: Source) -> None:
    shown = printable_name(str(out))
    if is_inside(out, source.path):
        raise UserError(f"output folder {shown} lies in the pictures' own folder: choose another")
    if os.path.lexists(out) and not (out.is_dir() and not out.is_symlink() and next(out.iterdir(), None) is None):
        raise UserError(f"output folder {shown} exists already and is not empty: choose a new one")


def _write_beside(
    out: Path,
    source: Source,
    resolution: int | None,
    square: Square,
    progress: Callable[[int, int], None] | None,
) -> list[PictureRow]:
    out.parent.mkdir(parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(prefix=".preparing-", dir=out.parent))
    building = beside / "out"  # mkdtemp's own folder would be closed to everybody else
    building.mkdir()
    rows = []
    total = len(source.entries)
    names = SafeNames()
    try:
        for read in read_pictures(source, resolution, square, _as_png):
            row = read.row
            if read.result is not None:
                name = names.for_png(read.entry.name)
                path = building / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(read.result)
                row = replace(row, done=f"{row.done}; saved as {name}".removeprefix("; "))
            rows.append(row)
            if progress is not None:
                progress(len(rows), total)
        refuse_when_nothing_kept(source.path, rows)
        write_rows(rows, building / "photos.csv")
        os.replace(building, out)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return rows


def _as_png(image: Image.Image) -> bytes:
    file = BytesIO()
    image.save(file, "PNG", compress_level=1)  # quick; the files are a little larger
    return file.getvalue()
