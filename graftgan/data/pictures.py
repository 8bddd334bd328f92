"""The set of pictures to train on or measure with: pixels, names, classes, and the account of every file."""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from graftgan.data.cache import CachedPictures, cache_home, cache_key, fill_cache, open_cache
from graftgan.data.header import Refused, read_header
from graftgan.data.read import read_picture_bytes
from graftgan.data.rows import PictureRow, printable_name, refusals_in_words
from graftgan.data.source import is_inside, open_source
from graftgan.data.square import Square, check_square
from graftgan.errors import UserError

_SAMPLED_HEADERS = 256


@dataclass(frozen=True, eq=False)
class PictureSet:
    """Pictures of one size, with their names, classes and history.

    Attributes:
        pixels: uint8 (N, resolution, resolution, 3); read-only, on disk until touched.
        names: the N kept files, in the order of `pixels`.
        labels: int64 (N,), index into `classes`; all 0 when there are no classes.
        classes: the folders that hold pictures, sorted, as paths below what all have in common; `.` is the
            top. Empty when one folder holds everything.
        rows: one per file of the source, refused ones included.
        digests: sha256 (hex) of each kept file's bytes.
    """

    pixels: np.ndarray
    names: list[str]
    labels: np.ndarray
    classes: list[str]
    rows: list[PictureRow]
    digests: list[str]

    def __len__(self) -> int:
        """How many pictures."""
        return len(self.names)

    @property
    def resolution(self) -> int:
        """Side in pixels."""
        return int(self.pixels.shape[1])

    def take(self, indices: Sequence[int] | np.ndarray) -> "PictureSet":
        """The chosen pictures, copied into memory, in the order given.

        Args:
            indices: positions in this set; see `choose_shots`.

        Returns:
            A set with the same classes and one row per file; the pictures not taken are refused in its rows.
        """
        chosen = np.asarray(indices, dtype=np.int64)
        kept_at = [at for at, row in enumerate(self.rows) if row.kept]
        rows = list(self.rows)
        for position in set(range(len(self))) - set(chosen.tolist()):
            row = rows[kept_at[position]]
            reason = f"not among the {len(chosen)} pictures chosen"
            rows[kept_at[position]] = replace(row, verdict="refused", reason=reason, done="")
        return PictureSet(
            pixels=np.array(self.pixels[chosen]),
            names=[self.names[at] for at in chosen],
            labels=self.labels[chosen],
            classes=self.classes,
            rows=rows,
            digests=[self.digests[at] for at in chosen],
        )


def load_pictures(
    source: Path | str,
    resolution: int,
    *,
    square: Square = "crop",
    cache_dir: Path | str | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> PictureSet:
    """Read a folder or zip of pictures at one resolution, or find it in the cache.

    The cache is keyed by the source's path, every file's name, size and time, the resolution and the rule
    for squares: a change in any makes a new one. The source is only read.

    Args:
        source: a folder, searched at any depth, or a zip.
        resolution: side in pixels, 1 to 4096.
        square: `crop` cuts the centre out, `pad` adds white.
        cache_dir: where caches live; by default `$GRAFTGAN_CACHE`, else `$XDG_CACHE_HOME/graftgan`, else
            `~/.cache/graftgan`.
        progress: called with (files done, files in all) while reading; not called when the cache is found.

    Returns:
        The set; its pixels are mapped from disk, so that memory stays flat for any number of pictures.

    Raises:
        UserError: nothing there, not a folder or zip, no picture among the files, or a cache that cannot be
            written.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> from PIL import Image
        >>> with TemporaryDirectory() as folder:
        ...     Image.new("RGB", (80, 60), "red").save(f"{folder}/a.png")
        ...     pictures = load_pictures(folder, 32, cache_dir=f"{folder}-cache")
        >>> pictures.pixels.shape, pictures.rows[0].done
        ((1, 32, 32, 3), 'centre cropped 80x60 to 60x60; reduced 60 to 32')
    """
    check_square(square)
    if not 1 <= resolution <= 4096:
        raise UserError(f"--resolution {resolution}: expected 1 to 4096")
    home = Path(cache_dir) if cache_dir is not None else cache_home()
    if is_inside(home, Path(source)):
        raise UserError(f"the cache folder {home} lies in the pictures' own folder: set GRAFTGAN_CACHE to another")
    opened = open_source(source)
    try:
        folder = home / cache_key(opened.fingerprint(), resolution, square)
        cached = open_cache(folder, resolution)
        if cached is None:
            cached = fill_cache(folder, opened, resolution, square, progress)
        refuse_when_nothing_kept(opened.path, cached.rows)
    finally:
        opened.close()
    return _as_set(cached)


def suggest_resolution(source: Path | str) -> int:
    """The side to train at: the smallest power of two not below the median shorter side, within 16 to 1024.

    At most 256 files are looked at, evenly spread, by their headers.

    Args:
        source: a folder or a zip.

    Raises:
        UserError: nothing there, or no picture among the files.
    """
    opened = open_source(source)
    try:
        openable = [entry for entry in opened.entries if not entry.refused]
        rows = [PictureRow(entry.label, "refused", entry.refused) for entry in opened.entries if entry.refused]
        sides = []
        for entry in openable[:: max(1, len(openable) // _SAMPLED_HEADERS)]:
            try:
                sides.append(min(read_header(read_picture_bytes(opened, entry)).size))
                rows.append(PictureRow(entry.label, "kept"))
            except Refused as refusal:
                rows.append(PictureRow(entry.label, "refused", str(refusal)))
        refuse_when_nothing_kept(opened.path, rows)
    finally:
        opened.close()
    median = statistics.median(sides)
    return next((size for size in (16, 32, 64, 128, 256, 512) if size >= median), 1024)


def refuse_when_nothing_kept(source: Path, rows: list[PictureRow]) -> None:
    """Refuse a source without a file, or whose rows hold no kept picture.

    Raises:
        UserError: one line that names the source and the commonest reasons.
    """
    shown = printable_name(str(source))
    if not rows:
        raise UserError(f"no file in {shown}")
    if not any(row.kept for row in rows):
        count = "1 file" if len(rows) == 1 else f"{len(rows)} files"
        raise UserError(f"no picture could be read in {shown} ({count}, all refused: {refusals_in_words(rows)})")


def _as_set(cached: CachedPictures) -> PictureSet:
    kept = [row for row in cached.rows if row.kept]
    folders = [row.file.rpartition("/")[0] for row in kept]
    classes, labels = _classes(folders)
    return PictureSet(
        cached.pixels, [row.file for row in kept], labels, classes, cached.rows, [row.sha256 for row in kept]
    )


def _classes(folders: list[str]) -> tuple[list[str], np.ndarray]:
    """Class of each picture: its folder, without the leading folders that all pictures share."""
    unique = sorted(set(folders))
    if len(unique) == 1:
        return [], np.zeros(len(folders), dtype=np.int64)
    parts = [folder.split("/") if folder else [] for folder in unique]
    shared = 0
    while all(len(part) > shared for part in parts) and len({part[shared] for part in parts}) == 1:
        shared += 1
    names = {folder: "/".join(part[shared:]) or "." for folder, part in zip(unique, parts, strict=True)}
    classes = sorted(names.values())
    index = {name: at for at, name in enumerate(classes)}
    return classes, np.array([index[names[folder]] for folder in folders], dtype=np.int64)
