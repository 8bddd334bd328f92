"""Where a source model comes from: a name in the package, a model folder, or an earlier run."""

import difflib
from importlib.resources import files
from pathlib import Path

from graftgan.errors import UserError
from graftgan.zoo.model_folder import CONFIG

EMBEDDED: dict[str, str] = {
    "avatars-64": "faces of hand-drawn avatars, four styles, 64 px (CC0 and CC BY 4.0 designs)",
}
DEFAULT_SOURCE = "avatars-64"


def find_source(source: str | Path) -> Path:
    """Returns the model folder that a source names.

    Args:
        source: a name in `EMBEDDED`, a model folder, or the folder of a run (its `model/` is taken).

    Returns:
        The path of a model folder.

    Raises:
        UserError: there is no such source; answers with the nearest name.

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
    near = difflib.get_close_matches(str(source), EMBEDDED, n=1)
    hint = f"did you mean {near[0]}?" if near else f"known by name: {', '.join(EMBEDDED)}"
    raise UserError(f"no source {source}: neither a name nor a folder with a model ({hint})")
