"""What happened to each file: one row a file, and the table `photos.csv` that a person reads."""

import csv
import os
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class PictureRow:
    """The account of one file.

    Attributes:
        file: name below the source, `/` between folders; control characters and undecodable bytes are
            escaped.
        verdict: `"kept"` or `"refused"`.
        reason: why it was refused; empty for a kept picture.
        done: what was done to a kept picture, steps separated by `; `; empty when nothing had to be done.
        width: pixels across as stored in the file, before any turning; 0 when unknown.
        height: pixels down as stored in the file; 0 when unknown.
        sha256: digest of the file's bytes; empty when they were not read to the end.
    """

    file: str
    verdict: str
    reason: str = ""
    done: str = ""
    width: int = 0
    height: int = 0
    sha256: str = ""

    @property
    def kept(self) -> bool:
        """Whether the picture is in the set."""
        return self.verdict == "kept"


FIELDS = ("file", "verdict", "reason", "done", "width", "height", "sha256")


def write_rows(rows: Iterable[PictureRow], path: Path) -> None:
    """Write the rows as CSV (UTF-8, with a header line), replacing `path` in one move.

    Args:
        rows: one per file.
        path: the table, usually named `photos.csv`.
    """
    path = Path(path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("w", newline="", encoding="utf-8") as stream:
            writer = csv.writer(stream)
            writer.writerow(FIELDS)
            writer.writerows([getattr(row, field) for field in FIELDS] for row in rows)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def printable_name(name: str) -> str:
    r"""A file name that fits on one line of a table and on a terminal.

    Control characters, line separators and bytes that are not UTF-8 are shown as backslash escapes; all
    else stays.

    Example:
        >>> printable_name("a\nb.png")
        'a\\nb.png'
    """
    if name.isascii() and name.isprintable():
        return name
    return "".join(_escaped(character) for character in name)


def _escaped(character: str) -> str:
    if "\udc80" <= character <= "\udcff":  # how Python carries a byte that is not UTF-8
        return f"\\x{ord(character) - 0xDC00:02x}"
    if unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp"):
        return character.encode("unicode_escape").decode("ascii")
    return character


def refusals_in_words(rows: Sequence[PictureRow], most: int = 3) -> str:
    """The commonest reasons with one file each: `8 x not a picture (notes.txt), ...`."""
    reasons = Counter(row.reason.split(":")[0] for row in rows if not row.kept)
    example = {row.reason.split(":")[0]: row.file for row in reversed(rows) if not row.kept}
    return "; ".join(f"{count} x {reason} ({example[reason]})" for reason, count in reasons.most_common(most))
