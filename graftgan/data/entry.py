"""One file of a source, and what its name, size and kind say about opening it."""

import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol

from graftgan.data.rows import printable_name

MAX_FILE_BYTES = 256 * 2**20
"""Largest file that is read; 40 megapixels of 16-bit RGB, uncompressed, fit."""

PICTURE_ENDINGS = frozenset(".png .apng .jpg .jpeg .jpe .jfif .webp .bmp .dib .gif .tif .tiff".split())
"""Endings that are looked into, in any case; so are names without an ending."""

_ENDING = re.compile(r"[^/.][^/]*(\.[^./]*)$")


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of a source.

    Attributes:
        name: its name below the source, as the system knows it, `/` between folders.
        size: bytes (declared, for a zip).
        stamp: times of last change; empty in a zip, whose own stamp counts.
        refused: why it may not be opened; empty when it may.
        index: position in the zip's directory; names there need not be unique.
    """

    name: str
    size: int = 0
    stamp: str = ""
    refused: str = ""
    index: int = -1

    @property
    def label(self) -> str:
        """The name as tables and messages show it."""
        return printable_name(self.name)

    @property
    def folder(self) -> str:
        """The folders above the file, `/` between them; empty at the top."""
        return self.name.rpartition("/")[0]


class Source(Protocol):
    """A listed folder or zip whose entries can be read, from several threads at once."""

    path: Path

    @property
    def entries(self) -> list[Entry]:
        """Every file, sorted by name."""

    def read(self, entry: Entry, most: int = MAX_FILE_BYTES) -> bytes:
        """The first `most` + 1 bytes of an entry, or all; may raise anything the system or a zip raises."""

    def close(self) -> None:
        """Let go of what is held open."""

    def fingerprint(self) -> str:
        """A digest that changes when the listing changes: names, sizes, times."""


def read_capped(stream: IO[bytes], most: int, step: int = 2**20) -> bytes:
    """The first `most` + 1 bytes of a stream, or all: one more than wanted tells that there is more.

    Args:
        stream: open for reading.
        most: the cap in bytes; nothing beyond it is read, whatever size was declared.
        step: bytes asked for at a time.
    """
    pieces = []
    left = most + 1
    while left > 0:
        piece = stream.read(min(left, step))
        if not piece:
            break
        pieces.append(piece)
        left -= len(piece)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def unwanted(name: str, size: int) -> str:
    """Why a file is not opened, by its name and size; empty when it is."""
    ending = _ENDING.search(name)
    if name.rpartition("/")[2].startswith(".") and not ending:
        return "not a picture: a hidden file"
    if ending and ending[1].lower() not in PICTURE_ENDINGS:
        return f"not a picture: the ending {printable_name(ending[1])} is none of a picture's"
    if size > MAX_FILE_BYTES:
        return f"too large: {size / 2**20:.0f} MB, the limit is {MAX_FILE_BYTES // 2**20} MB"
    return ""


def stamp(info: os.stat_result) -> str:
    """Both times: the second also tells of a change of permission, and of content under its old time."""
    return f"{info.st_mtime_ns} {info.st_ctime_ns}"


def kind(mode: int) -> str:
    """What a special file is, in a word, by its mode."""
    tests = {
        stat.S_ISFIFO: "a pipe",
        stat.S_ISSOCK: "a socket",
        stat.S_ISLNK: "a link",
        stat.S_ISDIR: "a folder",
    }
    return next((word for test, word in tests.items() if test(mode)), "a device")


def brief(error: BaseException) -> str:
    """An error in one line, without what everybody knows already."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return printable_name(str(error)) or type(error).__name__
