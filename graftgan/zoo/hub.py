"""Sources on the model hub: `hf:user/name`, `hf:user/name@REVISION`, `hf:user/name/FILE.pkl`; pinned at first use."""

import re
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from graftgan.errors import UserError
from graftgan.zoo import hub_library
from graftgan.zoo.entry import file_digest
from graftgan.zoo.model_folder import CARD, CONFIG, DISCRIMINATOR, GENERATOR
from graftgan.zoo.pins import COMMIT, Pin, keep_pin, read_pin
from graftgan.zoo.registry import SAMPLES

PREFIX = "hf:"
WANTED = [CONFIG, GENERATOR, DISCRIMINATOR, CARD, SAMPLES]
PINNED = (CONFIG, GENERATOR, DISCRIMINATOR)
MAX_BYTES = 4 * 10**9
MAX_WORD = 200
PART = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True)
class HubId:
    """What a hub id names.

    Attributes:
        word: as the user writes it.
        repo: `user/name`.
        revision: branch, tag or commit; None is the newest.
        file: one checkpoint in it; empty for a model folder.
    """

    word: str
    repo: str
    revision: str | None = None
    file: str = ""


def is_hub_id(word: str) -> bool:
    """Returns whether a source is meant to be on the hub."""
    return word.startswith(PREFIX)


def parse_id(word: str) -> HubId:
    """Returns what a hub id names.

    Raises:
        UserError: it is none.

    Example:
        >>> parse_id("hf:me/cats@v1").revision, parse_id("hf:me/cats/old/net.pkl").file
        ('v1', 'old/net.pkl')
    """
    body, at, revision = word.removeprefix(PREFIX).partition("@")
    parts = body.split("/")
    named = [*parts, *(revision.split("/") if at else [])]
    bad = [part for part in named if not PART.fullmatch(part) or ".." in part]
    if bad or len(parts) < 2 or len(word) > MAX_WORD or any("--" in part for part in parts[:2]):
        raise UserError(f"--source {word}: write hf:user/name, hf:user/name@REVISION or hf:user/name/FILE.pkl")
    return HubId(word, "/".join(parts[:2]), revision or None, "/".join(parts[2:]))


def fetch(word: str) -> Path:
    """Returns the model folder, or the checkpoint, that a hub id names, in the cache of `huggingface_hub`.

    At first use the newest commit is taken (or that of the revision) and noted with the hashes of the files; later the
    noted commit is used, from the cache where it is whole, and other content is refused.

    Raises:
        UserError: there is no such model, it cannot be had, is too large, or is not what was noted.
    """
    wanted = parse_id(word)
    pin = read_pin(word)
    if pin is not None:
        say_pinned(word, pin.revision)
        path = cached(wanted, pin.revision, tuple(pin.files)) or downloaded(wanted, pin.revision)[1]
    else:
        try:
            revision, path = downloaded(wanted, wanted.revision)
        except hub_library.Unreachable:
            found = cached(wanted, wanted.revision)
            if found is None:
                raise
            revision, path = commit_of(wanted, found), found
        pin = keep_pin(Pin(word, revision, digests(wanted, path)))
    check(wanted, path, pin)
    return path


def update(word: str) -> tuple[str, str]:
    """Takes the newest commit of a hub id from now on.

    Returns:
        The commit before (empty where there was none) and now.

    Raises:
        UserError: as `fetch`.
    """
    wanted = parse_id(word)
    try:
        pin = read_pin(word)
    except UserError:  # a damaged note is what an update mends
        pin = None
    revision, path = downloaded(wanted, wanted.revision)
    keep_pin(Pin(word, revision, digests(wanted, path)), replace=True)
    return "" if pin is None else pin.revision, revision


def cached(wanted: HubId, revision: str | None, names: tuple[str, ...] = ()) -> Path | None:
    """Returns what the library's cache holds of a hub id, without the network; None where it is not whole.

    Args:
        wanted: the id.
        revision: commit, branch or tag; None is the newest that the cache knows.
        names: files that must be there.
    """
    if wanted.file:
        return hub_library.file(wanted.word, wanted.repo, revision, wanted.file, local=True)
    path = hub_library.folder(wanted.word, wanted.repo, revision, WANTED, local=True)
    if path is None or not all((path / name).is_file() for name in names or (CONFIG, GENERATOR)):
        return None
    return path


def downloaded(wanted: HubId, revision: str | None) -> tuple[str, Path]:
    """Returns the commit of a revision, and its files in the library's cache.

    Raises:
        UserError: there is nothing that graftgan reads, or too much; nothing was downloaded then.
    """
    commit, sizes = hub_library.listing(wanted.word, wanted.repo, revision)
    if not COMMIT.fullmatch(commit):
        raise UserError(f"{wanted.word}: the hub names no commit")
    names = [wanted.file] if wanted.file else [name for name in WANTED if name in sizes]
    if wanted.file not in ("", *sizes):
        raise UserError(f"{wanted.word}: the hub has no such file in it")
    if not wanted.file and not {CONFIG, GENERATOR} <= set(names):
        hint = "a checkpoint in it is named hf:user/name/FILE"
        raise UserError(f"{wanted.word}: holds no graftgan model ({CONFIG} with {GENERATOR}); {hint}")
    size = sum(MAX_BYTES + 1 if sizes[name] is None else sizes[name] or 0 for name in names)
    if size > MAX_BYTES:
        raise UserError(f"{wanted.word}: is larger than {MAX_BYTES / 1e9:g} GB, or does not say how large it is")
    if wanted.file:
        path = hub_library.file(wanted.word, wanted.repo, commit, wanted.file, local=False)
    else:
        path = hub_library.folder(wanted.word, wanted.repo, commit, WANTED, local=False)
    assert path is not None
    return commit, path


def commit_of(wanted: HubId, path: Path) -> str:
    """Returns the commit whose folder of the library's cache a path lies in."""
    depth = len(wanted.file.split("/")) if wanted.file else 0
    commit = [path, *path.parents][depth].name
    if not COMMIT.fullmatch(commit):
        raise UserError(f"{wanted.word}: the hub's cache does not say which commit it holds")
    return commit


def digests(wanted: HubId, path: Path) -> dict[str, str]:
    """Returns name -> sha256 of the files that are held to."""
    if wanted.file:
        return {wanted.file: file_digest(path)}
    return {name: file_digest(path / name) for name in PINNED if (path / name).is_file()}


def check(wanted: HubId, path: Path, pin: Pin) -> None:
    """Raises UserError where files are not those that were noted at first use."""
    found = digests(wanted, path)
    for name in sorted({*found, *pin.files}):
        if found.get(name) != pin.files.get(name):
            now, then = found.get(name, "none")[:12], pin.files.get(name, "none")[:12]
            accept = f"`graftgan sources update {wanted.word}` accepts it"
            raise UserError(
                f"{wanted.word}: {name} is not the file of its first use (sha256 {now}, was {then}); {accept}"
            )


@cache
def say_pinned(word: str, revision: str) -> None:
    """Says once a process which commit is used, and how to have the newest."""
    newest = f"graftgan sources update {word}"
    print(f"{word}: commit {revision[:12]}, noted at first use (the newest: {newest})", file=sys.stderr)
