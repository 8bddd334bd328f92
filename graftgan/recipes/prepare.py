"""`graftgan prepare`: check and convert pictures."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from graftgan.choices import check_choice
from graftgan.data import PictureRow, prepare_folder
from graftgan.errors import UserError
from graftgan.training.progress import ProgressBar


@dataclass(frozen=True, kw_only=True)
class PrepareOptions:
    """Checks pictures and writes each usable one as a square PNG; `photos.csv` says what was done to every file."""

    photos: str | None = None
    """Folder (at any depth) or zip of pictures; only read."""
    out: str | None = None
    """New folder for the PNGs and photos.csv."""
    resolution: int | None = None
    """Side in pixels; default: each picture keeps its own."""
    square: str = "crop"
    """How a picture that is not square is made so: `crop` its centre, or `pad` with white."""


def run(options: PrepareOptions) -> list[PictureRow]:
    """Converts the pictures.

    Args:
        options: of the job.

    Returns:
        One row a file.

    Raises:
        UserError: no picture could be read, or the new folder cannot be used.
    """
    if options.photos is None or options.out is None:
        raise UserError("name the folder or zip of pictures, and a new folder to write to")
    check_choice("--square", options.square, ["crop", "pad"])
    with ProgressBar("prepare", 1) as bar:

        def told(done: int, of: int) -> None:
            bar.total = of
            bar.update(done)

        return prepare_folder(Path(options.photos), Path(options.out), options.resolution, options.square, told)  # type: ignore[arg-type]


def summary(rows: list[PictureRow]) -> list[str]:
    """Returns lines for the terminal: how many were kept, and why others were not."""
    refused = Counter(row.reason for row in rows if row.verdict != "kept")
    lines = [f"{sum(row.verdict == 'kept' for row in rows)} of {len(rows)} files kept"]
    return lines + [f"  {count} refused: {reason}" for reason, count in refused.most_common(10)]
