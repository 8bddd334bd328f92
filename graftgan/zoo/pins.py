"""Which commit of a hub id is used, and the hashes of its files: noted at first use, held to ever after."""

import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from graftgan.errors import UserError
from graftgan.files import write_atomically, write_durably
from graftgan.zoo.registry import data_home

COMMIT, SHA256 = re.compile(r"[0-9a-f]{40}"), re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Pin:
    """What a hub id stands for on this machine.

    Attributes:
        word: the id, as the user writes it: `hf:user/name`.
        revision: the commit, 40 hex digits.
        files: name -> sha256.
    """

    word: str
    revision: str
    files: dict[str, str]


def path_of(word: str) -> Path:
    """Returns the file of an id's pin."""
    return data_home() / "hub" / f"{quote(word, safe='')}.json"


def read_pin(word: str) -> Pin | None:
    """Returns the pin of an id, or None where it was never used.

    Raises:
        UserError: the file is damaged; names it.
    """
    path = path_of(word)
    try:
        found = json.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValueError, RecursionError) as error:
        raise UserError(f"{path} cannot be read: {error}") from error
    if not is_pin(found) or found["id"] != word:
        raise UserError(f"{path} is damaged: `graftgan sources update {word}` writes it anew")
    return Pin(word, found["revision"], found["files"])


def is_pin(found: object) -> bool:
    """Returns whether JSON is what `keep_pin` writes."""
    if not isinstance(found, dict) or not isinstance(found.get("id"), str):
        return False
    files, revision = found.get("files"), found.get("revision")
    if not isinstance(files, dict) or not files or not isinstance(revision, str):
        return False
    digests = all(isinstance(digest, str) and SHA256.fullmatch(digest) for digest in files.values())
    return digests and bool(COMMIT.fullmatch(revision))


def keep_pin(pin: Pin, replace: bool = False) -> Pin:
    """Writes a pin and returns the one that now holds.

    Args:
        pin: to note.
        replace: whether an earlier one gives way; else the earlier one holds, also that of a process just ahead.

    Raises:
        UserError: the data folder cannot be written.
    """
    path = path_of(pin.word)
    data = json.dumps({"id": pin.word, "revision": pin.revision, "files": pin.files}, indent=1).encode()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if replace:
            write_atomically(path, data)
            return pin
        ready = path.with_name(f".{os.getpid()}-{path.name}")
        try:
            write_durably(ready, data)
            os.link(ready, path)  # refused where there is one already
        except FileExistsError:
            return read_pin(pin.word) or pin
        finally:
            ready.unlink(missing_ok=True)
    except OSError as error:
        raise UserError(f"{path} cannot be written: {error.strerror or error}") from error
    return pin


def pinned_words() -> list[str]:
    """Returns the hub ids used on this machine, sorted."""
    found = []
    for path in (data_home() / "hub").glob("hf%3A*.json"):
        try:
            record = json.loads(path.read_bytes())
        except (OSError, ValueError, RecursionError):
            continue
        if is_pin(record) and path == path_of(record["id"]):
            found.append(record["id"])
    return sorted(found)
