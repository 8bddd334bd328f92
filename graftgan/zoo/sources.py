"""Where a source model comes from: a name in the package, a model folder, an earlier run, or a foreign checkpoint."""

import difflib
import hashlib
from importlib.resources import files
from pathlib import Path

from graftgan.data.cache import cache_home
from graftgan.errors import UserError
from graftgan.inert.budget import read_whole
from graftgan.inert.refusal import naming
from graftgan.zoo.convert import convert_file
from graftgan.zoo.model_folder import CONFIG, save_model

EMBEDDED: dict[str, str] = {
    "avatars-64": "faces of hand-drawn avatars, four styles, 64 px (CC0 and CC BY 4.0 designs)",
}
DEFAULT_SOURCE = "avatars-64"
CONVERTER = 1
"""Raised whenever a conversion changes: models of older ones are then made again."""


def find_source(source: str | Path) -> Path:
    """Returns the model folder that a source names.

    Args:
        source: a name in `EMBEDDED`, a model folder, the folder of a run (its `model/` is taken), or another project's
            checkpoint, which is converted once and kept in the cache.

    Returns:
        The path of a model folder.

    Raises:
        UserError: there is no such source, which is answered with the nearest name; or its file is refused.

    Example:
        >>> find_source("avatars-64").name
        'avatars-64'
    """
    if str(source) in EMBEDDED:
        return Path(str(files("graftgan") / "assets" / str(source)))
    path = Path(source)
    for folder in (path, path / "model"):
        if (folder / CONFIG).is_file():
            return folder
    if path.is_file():
        return converted(path)
    near = difflib.get_close_matches(str(source), EMBEDDED, n=1)
    hint = f"did you mean {near[0]}?" if near else f"known by name: {', '.join(EMBEDDED)}"
    raise UserError(f"no source {source}: neither a name nor a folder with a model, nor a file ({hint})")


def converted(path: Path) -> Path:
    """Returns the model folder made from another project's checkpoint, kept in the cache by the file's hash.

    Raises:
        UserError: the file is refused, or would have to be taken in part.
    """
    with naming(path):
        digest = hashlib.sha256(read_whole(path)).hexdigest()
    folder = cache_home() / "sources" / f"v{CONVERTER}-{digest[:32]}"
    if not (folder / CONFIG).is_file():
        model = convert_file(path)
        save_model(folder, model, f"# {path.name}\n\n" + "\n".join(f"- {line}" for line in model.about["load_report"]))
    return folder
