"""A zip of pictures, listed and read member by member: names are not trusted, nothing is unpacked to disk."""

import hashlib
import os
import re
import stat
import threading
import zipfile
from functools import cached_property
from pathlib import Path

from graftgan.data.entry import MAX_FILE_BYTES, Entry, brief, kind, read_capped, stamp, unwanted
from graftgan.data.rows import printable_name
from graftgan.errors import UserError

_DRIVE = re.compile(r"^[A-Za-z]:")


class ZipSource:
    """A zip, read member by member in memory; nothing is unpacked to disk."""

    def __init__(self, path: Path) -> None:
        """Note the path; the zip's directory, long for large sets, is read when first asked for."""
        self.path = path
        self._zip: zipfile.ZipFile | None = None
        self._members: list[zipfile.ZipInfo] = []
        self._one_reader = threading.Lock()  # zipfile counts its readers without one

    @cached_property
    def entries(self) -> list[Entry]:
        """Every member, sorted by name.

        Raises:
            UserError: not a zip, or its directory is damaged.
        """
        try:
            self._zip = zipfile.ZipFile(self.path)
        except Exception as error:  # zipfile answers broken files with a dozen kinds of exception
            shown = printable_name(str(self.path))
            raise UserError(f"{shown} is neither a folder nor a readable zip ({brief(error)})") from error
        self._members = self._zip.infolist()
        entries = [_member(info, at) for at, info in enumerate(self._members) if not _only_a_folder(info)]
        return sorted(entries, key=lambda entry: (entry.name.split("/"), entry.index))

    def read(self, entry: Entry, most: int = MAX_FILE_BYTES) -> bytes:
        """Read one member, inflating no further than the cap."""
        assert self._zip is not None, "entries come from an open zip"
        member = self._members[entry.index]
        # bzip2 and LZMA inflate all of what they are fed in one go, so they are fed little at a time
        step = 2**20 if member.compress_type in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) else 2**12
        with self._one_reader, self._zip.open(member) as stream:
            return read_capped(stream, most, step)

    def close(self) -> None:
        """Close the zip."""
        if self._zip is not None:
            self._zip.close()

    def fingerprint(self) -> str:
        """Digest of the zip's path, size and time."""
        info = os.stat(self.path)
        text = f"{info.st_size}\0{stamp(info)}\0".encode() + os.fsencode(os.path.realpath(self.path))
        return hashlib.sha256(text).hexdigest()


def _only_a_folder(info: zipfile.ZipInfo) -> bool:
    return info.is_dir() and info.file_size == 0 and not _unsafe(info.orig_filename)


def _member(info: zipfile.ZipInfo, index: int) -> Entry:
    name = info.orig_filename
    mode = info.external_attr >> 16
    refused = _unsafe(name)
    if not refused and stat.S_IFMT(mode) and not stat.S_ISREG(mode):
        refused = f"not a picture: {kind(mode)}"
    if not refused and info.flag_bits & 0x1:
        refused = "encrypted"
    return Entry(name, info.file_size, "", refused or unwanted(name, info.file_size), index)


def _unsafe(name: str) -> str:
    """Why a name from a zip is not trusted: it could lead somewhere else if anybody ever unpacked it."""
    rooted = name.startswith("/") or _DRIVE.match(name) is not None
    unsafe = rooted or "\0" in name or "\\" in name or ".." in name.split("/")
    return "unsafe name in the zip" if unsafe else ""
