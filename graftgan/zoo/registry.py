"""The sources that the user added: one model folder each below graftgan's data folder, put there whole or not at all.

The folder's listing is the register: there is no file that could contradict it, and of two processes that add one
name at once the first wins.
"""

import errno
import json
import os
import re
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from graftgan.errors import UserError
from graftgan.files import flush_folder, write_durably
from graftgan.zoo.embedded import EMBEDDED
from graftgan.zoo.entry import file_digest
from graftgan.zoo.model_folder import CARD, CONFIG, DISCRIMINATOR, GENERATOR, load_model, read_config
from graftgan.zoo.packages import PACKAGES

SAMPLES = "samples.png"
NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
MAX_NAME = 60
RESERVED = {"none", "auto", "add", "remove", "update"}
UNFINISHED = ".unfinished-"


def data_home() -> Path:
    """The folder for what must not be lost: `$GRAFTGAN_HOME`, else `$XDG_DATA_HOME/graftgan`, else below `~`."""
    if own := os.environ.get("GRAFTGAN_HOME"):
        return Path(own)
    shared = os.environ.get("XDG_DATA_HOME")
    return (Path(shared) if shared else Path.home() / ".local" / "share") / "graftgan"


def is_name(word: str) -> bool:
    """Returns whether a word can be the name of a source: lowercase letters, digits and single dashes between them.

    Example:
        >>> is_name("my-dogs-64"), is_name("../dogs"), is_name("Dogs"), is_name("dogs-")
        (True, False, False, False)
    """
    return len(word) <= MAX_NAME and bool(NAME.fullmatch(word))


def added_names() -> list[str]:
    """Returns the names of the added sources, sorted; damaged ones too."""
    try:
        return sorted(path.name for path in (data_home() / "sources").iterdir() if is_name(path.name))
    except OSError:
        return []


def added_folder(name: str) -> Path | None:
    """Returns the model folder of an added source, or None where there is none of that name."""
    folder = data_home() / "sources" / name
    return folder if is_name(name) and folder.is_dir() else None


def check_new(name: str) -> None:
    """Raises UserError unless a name can be given to a new source."""
    if not is_name(name) or name in RESERVED:
        raise UserError(f"--name {name}: lowercase letters, digits and dashes, at most {MAX_NAME}, like my-dogs-64")
    if name in EMBEDDED or name in PACKAGES:
        raise UserError(f"--name {name}: is a source of graftgan's own; take another name")
    if added_folder(name) is not None:
        raise UserError(f"--name {name}: was added before; `graftgan sources remove {name}` makes room")


def put(name: str, model: Path, about: Mapping[str, Any], card: str, samples: bytes) -> Path:
    """Copies a model folder to the added sources, at once or not at all; its weights stay as they are, to the byte.

    Args:
        name: new, see `is_name`.
        model: a model folder; checked as a whole before anything is written.
        about: what its config shall say of it.
        card: the text of README.md.
        samples: a PNG.

    Returns:
        The new folder.

    Raises:
        UserError: the name cannot be had, the model is damaged, or the data folder cannot be written.
    """
    check_new(name)
    checked = load_model(model)
    config = read_config(model) | {"about": {**about, "generator_sha256": checked.digest}}
    wanted = {GENERATOR: checked.digest}
    if checked.discriminator is not None:
        wanted[DISCRIMINATOR] = checked.discriminator_digest
    home = data_home() / "sources"
    target = home / name
    try:
        home.mkdir(parents=True, exist_ok=True)
        building = Path(tempfile.mkdtemp(prefix=UNFINISHED, dir=home))
        try:
            for file, digest in wanted.items():
                write_durably(building / file, (model / file).read_bytes())
                if file_digest(building / file) != digest:
                    raise UserError(f"{model / file} changes while it is read")
            write_durably(building / SAMPLES, samples)
            write_durably(building / CARD, card.encode())
            write_durably(building / CONFIG, json.dumps(config, indent=1).encode())
            building.chmod(0o755)
            flush_folder(building)
            give_name(building, target)
            flush_folder(home)
        finally:
            shutil.rmtree(building, ignore_errors=True)
    except OSError as error:
        raise UserError(f"the sources in {home} cannot be written ({error.strerror or error})") from error
    return target


def give_name(building: Path, target: Path) -> None:
    """Renames a folder; the system refuses it where the name is taken, since no source is empty.

    Raises:
        UserError: another process was first.
    """
    try:
        os.rename(building, target)
    except OSError as error:
        if error.errno not in (errno.EEXIST, errno.ENOTEMPTY):
            raise
        raise UserError(f"--name {target.name}: was added by another process just now") from error


def remove(name: str) -> None:
    """Takes away an added source.

    Raises:
        UserError: no source of that name was added, or its folder cannot be written.
    """
    folder = added_folder(name)
    if folder is None:
        own = (
            f"{name} comes with graftgan or with a package"
            if name in {*EMBEDDED, *PACKAGES}
            else f"no source {name} was added"
        )
        raise UserError(f"{own} (added: {', '.join(added_names()) or 'none'})")
    try:
        away = Path(tempfile.mkdtemp(prefix=UNFINISHED, dir=folder.parent))
        os.rename(folder, away / name)  # out of sight at once, even if the rest takes time
        shutil.rmtree(away)
    except OSError as error:
        raise UserError(f"{folder} cannot be removed: {error.strerror or error}") from error
