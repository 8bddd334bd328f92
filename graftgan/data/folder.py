"""A folder of pictures, listed at any depth: decides from names and kinds alone what may be opened."""

import hashlib
import os
import stat
from pathlib import Path

from graftgan.data.entry import MAX_FILE_BYTES, Entry, brief, kind, read_capped, stamp, unwanted
from graftgan.data.rows import printable_name
from graftgan.errors import UserError


class FolderSource:
    """A folder, listed at any depth."""

    def __init__(self, path: Path) -> None:
        """List the folder; see `open_source`."""
        self.path = path
        self._root = os.path.realpath(path)
        try:
            os.scandir(self._root).close()
        except OSError as error:
            raise UserError(f"folder {printable_name(str(path))} cannot be listed ({brief(error)})") from error
        self._entries = sorted(self._walk(), key=lambda entry: entry.name.split("/"))

    @property
    def entries(self) -> list[Entry]:
        """Every file, sorted by name."""
        return self._entries

    def _walk(self) -> list[Entry]:
        found: list[Entry] = []
        waiting = [""]
        while waiting:
            prefix = waiting.pop()
            try:
                with os.scandir(os.path.join(self._root, prefix)) as inside:
                    for item in inside:
                        name = prefix + item.name
                        if item.is_dir(follow_symlinks=False):
                            waiting.append(name + "/")
                        else:
                            found.append(self._entry(name, item))
            except OSError as error:
                found.append(Entry(prefix.rstrip("/"), refused=f"folder cannot be listed: {brief(error)}"))
        return found

    def _entry(self, name: str, item: "os.DirEntry[str]") -> Entry:
        try:
            if item.is_symlink():
                target = os.path.realpath(item.path, strict=True)
                if os.path.commonpath([target, self._root]) != self._root:
                    return Entry(name, refused="a link that leads out of the folder")
                if os.path.isdir(target):
                    return Entry(name, refused="a link to a folder, not followed")
            info = item.stat()
        except (OSError, ValueError) as error:
            return Entry(name, refused=f"cannot be read: {brief(error)}")
        if not stat.S_ISREG(info.st_mode):
            return Entry(name, refused=f"not a picture: {kind(info.st_mode)}")
        return Entry(name, info.st_size, stamp(info), unwanted(name, info.st_size))

    def read(self, entry: Entry, most: int = MAX_FILE_BYTES) -> bytes:
        """Read a plain file; what became a pipe since the listing is refused without waiting on it."""
        path = os.path.join(self._root, entry.name)
        flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOCTTY", 0)
        descriptor = os.open(path, flags)
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise OSError("no longer a plain file")
        with os.fdopen(descriptor, "rb", buffering=0) as stream:
            return read_capped(stream, most)

    def close(self) -> None:
        """Nothing is held open."""

    def fingerprint(self) -> str:
        """Digest of the folder's path and of every name, size and time below it."""
        digest = hashlib.sha256(os.fsencode(self._root))
        for entry in self.entries:
            digest.update(b"\0%s\0%d\0%s" % (os.fsencode(entry.name), entry.size, entry.stamp.encode()))
        return digest.hexdigest()
