"""Where a source model comes from: a name, a model folder, an earlier run, a foreign checkpoint, or the hub."""

import difflib
from pathlib import Path

from graftgan.errors import UserError
from graftgan.zoo.conversion_cache import converted
from graftgan.zoo.embedded import DEFAULT_SOURCE, EMBEDDED, embedded_folder
from graftgan.zoo.hub import fetch, is_hub_id
from graftgan.zoo.model_folder import CONFIG
from graftgan.zoo.packages import PACKAGES, package_folder
from graftgan.zoo.registry import added_folder, added_names
from graftgan.zoo.single_file import is_single, unpacked

__all__ = ["DEFAULT_SOURCE", "EMBEDDED", "find_source", "is_known"]


def find_source(source: str | Path) -> Path:
    """Returns the model folder that a source names.

    Args:
        source: a name (embedded, of an installed package, or added; it comes before a folder of that name), a model
            folder, the folder of a run (its `model/` is taken), a single safetensors file of `graftgan export`, another
            project's checkpoint, which is converted once and kept in the cache, or a hub id (`hf:user/name`).

    Returns:
        The path of a model folder.

    Raises:
        UserError: there is no such source, which is answered with the nearest name; or its file is refused.

    Example:
        >>> find_source("avatars-64").name
        'avatars-64'
    """
    word = str(source)
    if word in EMBEDDED:
        return embedded_folder(word)
    if word in PACKAGES:
        return package_folder(word)
    if is_hub_id(word):
        fetched = fetch(word)
        return from_file(fetched) if fetched.is_file() else fetched
    if (added := added_folder(word)) is not None:
        return added
    path = Path(source)
    for folder in (path, path / "model"):
        if (folder / CONFIG).is_file():
            return folder
    if path.is_file():
        return from_file(path)
    names = [*EMBEDDED, *PACKAGES, *added_names()]
    near = difflib.get_close_matches(word, names, n=1)
    hint = f"did you mean {near[0]}?" if near else f"known by name: {', '.join(names)}"
    raise UserError(f"no source {source}: neither a name nor a folder with a model, nor a file ({hint})")


def from_file(path: Path) -> Path:
    """Returns the model folder made of one file: graftgan's own safetensors, or another project's checkpoint."""
    return unpacked(path) if is_single(path) else converted(path)


def is_known(word: str) -> bool:
    """Returns whether a word is the name of a source, and not a path or a hub id: embedded, of a package, or added."""
    return word in EMBEDDED or word in PACKAGES or added_folder(word) is not None
