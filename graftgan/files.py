"""Writing so that a kill at any moment leaves the old file or the new one, and nothing between."""

import os
from pathlib import Path

UNFINISHED = ".writing-"


def write_atomically(path: Path, data: bytes) -> None:
    """Writes `data` under another name, flushes it to the disk, then renames it to `path`.

    Args:
        path: in a folder that exists.
        data: the whole file.

    Raises:
        OSError: the disk is full or the folder cannot be written; `path` is as it was.
    """
    temporary = path.with_name(f"{UNFINISHED}{os.getpid()}-{path.name}")
    try:
        write_durably(temporary, data)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def write_durably(path: Path, data: bytes) -> None:
    """Writes a file and waits until the disk has it."""
    with open(path, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def flush_folder(folder: Path) -> None:
    """Waits until the disk has the folder's list of names."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
