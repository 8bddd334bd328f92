"""Names for written files that no system trips over, in the same folders as their sources, each used once."""

import os
import unicodedata

_LONGEST_PART = 100  # characters; file systems stop at 255 bytes, which four-byte letters reach earlier
_LONGEST_BYTES = 200


class SafeNames:
    """Hands out names, remembering those in use; two names that differ only in case count as the same.

    Example:
        >>> names = SafeNames()
        >>> names.for_png("c?/-rf.jpg"), names.for_png("c*/a.gif"), names.for_png("c?/_rf.bmp")
        ('c_/_rf.png', 'c_~2/a.png', 'c_/_rf~2.png')
    """

    def __init__(self) -> None:
        """Nothing is in use yet but the table's own name."""
        self._taken = {"photos.csv"}
        self._folders: dict[str, str] = {"": ""}

    def for_png(self, name: str) -> str:
        """A name for the PNG made of `name` (`/` between folders)."""
        folder, _, file = name.rpartition("/")
        return self._free(self._folder(folder) + _safe(os.path.splitext(file)[0]), ".png")

    def _folder(self, folder: str) -> str:
        """The safe folder, with a closing `/`; the same one each time it is asked for."""
        if folder not in self._folders:
            above, _, last = folder.rpartition("/")
            self._folders[folder] = self._free(self._folder(above) + _safe(last), "") + "/"
        return self._folders[folder]

    def _free(self, safe: str, ending: str) -> str:
        free, count = safe + ending, 2
        while free.casefold() in self._taken:
            free, count = f"{safe}~{count}{ending}", count + 1
        self._taken.add(free.casefold())
        return free


def _safe(part: str) -> str:
    """Letters, digits, spaces and `._-+=@()` stay, all else becomes `_`; no dot or dash comes first."""
    letters = (c if c.isalnum() or c in " ._-+=@()" else "_" for c in unicodedata.normalize("NFC", part))
    text = "".join(letters)[:_LONGEST_PART].strip(" .")
    while len(text.encode("utf-8")) > _LONGEST_BYTES:
        text = text[:-1]
    return "_" + text.lstrip("-") if text.startswith("-") or not text else text
