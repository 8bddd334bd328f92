"""The sources inside the package: every folder of `graftgan/assets` that holds a model."""

from importlib.resources import files
from pathlib import Path

from graftgan.errors import UserError
from graftgan.zoo.model_folder import CONFIG, read_config

ASSETS = Path(str(files("graftgan") / "assets"))
DEFAULT_SOURCE = "avatars-64"


def listed(assets: Path) -> dict[str, str]:
    """Returns name -> what it draws, of the model folders in a folder; the default source first, then by name.

    What it draws is `about["what"]` of config.json; empty where that says nothing or is damaged.
    """
    names = sorted(path.parent.name for path in assets.glob(f"*/{CONFIG}"))
    return {name: what(assets / name) for name in sorted(names, key=lambda name: name != DEFAULT_SOURCE)}


def what(folder: Path) -> str:
    """Returns what a model draws, in the words of its config."""
    try:
        about = read_config(folder).get("about")
    except UserError:
        return ""
    found = about.get("what") if isinstance(about, dict) else None
    return found if isinstance(found, str) else ""


EMBEDDED: dict[str, str] = listed(ASSETS)
"""Name -> what it draws."""


def embedded_folder(name: str) -> Path:
    """Returns the model folder of an embedded source."""
    return ASSETS / name
