"""Other people's checkpoints, each converted once: the model folder is kept in the cache by the file's hash."""

import dataclasses
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from graftgan.data.cache import cache_home
from graftgan.inert.budget import read_whole
from graftgan.inert.refusal import naming
from graftgan.zoo.convert import convert_file
from graftgan.zoo.model_folder import CONFIG, save_model

CONVERTER = 1
"""Raised whenever a conversion changes: models of older ones are then made again."""


def converted(path: Path) -> Path:
    """Returns the model folder made from another project's checkpoint, kept in the cache by the file's hash.

    Raises:
        UserError: the file is refused, or would have to be taken in part.
    """
    with naming(path):
        digest = hashlib.sha256(read_whole(path)).hexdigest()
    return made_once(kept_at(digest), path, path.name)


def kept_at(digest: str, prefix: str = "") -> Path:
    """Returns where the model of a file with this sha256 is kept, whether it is there or not."""
    return cache_home() / "sources" / f"{prefix}v{CONVERTER}-{digest[:32]}"


def made_once(folder: Path, path: Path, title: str, about: Mapping[str, Any] | None = None, header: str = "") -> Path:
    """Returns `folder` with the model of a checkpoint in it, converted unless it is there already.

    Args:
        folder: in the cache.
        path: of the checkpoint.
        title: of the card.
        about: what is known of the model besides, kept with it.
        header: lines above the title of the card.

    Raises:
        UserError: the file is refused, or would have to be taken in part.
    """
    if not (folder / CONFIG).is_file():
        model = convert_file(path)
        known = dict(about or {})
        lines = [*(f"- {key}: {value}" for key, value in known.items()), ""] if known else []
        lines += [f"- {line}" for line in model.about["load_report"]]
        card = f"{header}# {title}\n\n" + "\n".join(lines)
        save_model(folder, dataclasses.replace(model, about=known | model.about), card)
    return folder
