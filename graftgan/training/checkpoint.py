"""Full-state checkpoints: written atomically, hashed, the newest few kept, broken ones passed over by name.

A checkpoint is a folder `step-00000400/` with `state.safetensors` and `state.json` (counters and the hash). It is
written under another name, flushed to the disk and renamed: a kill at any moment leaves the older ones whole.
"""

import hashlib
import json
import os
import shutil
import warnings
from pathlib import Path
from typing import Any

import safetensors.torch
from safetensors import SafetensorError
from torch import Tensor

from graftgan.errors import UserError
from graftgan.files import UNFINISHED, flush_folder, write_durably

WEIGHTS, NUMBERS = "state.safetensors", "state.json"


def save(folder: Path, step: int, tensors: dict[str, Tensor], numbers: dict[str, Any], keep: int = 3) -> Path:
    """Writes a checkpoint and deletes all but the newest `keep`.

    Args:
        folder: the run's `checkpoints/`; made if missing.
        step: names the checkpoint.
        tensors: contiguous CPU tensors by name.
        numbers: JSON values: counters, options that resume must meet.
        keep: how many to keep, at least 1; the older ones go only after the new one is whole.

    Returns:
        The checkpoint's folder.

    Raises:
        UserError: the disk is full or the folder cannot be written; the older checkpoints stay.
    """
    final = folder / f"step-{step:08d}"
    temporary = folder / f"{UNFINISHED}{os.getpid()}-{final.name}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(temporary, ignore_errors=True)
        temporary.mkdir()
        weights = safetensors.torch.save(tensors)
        write_durably(temporary / WEIGHTS, weights)
        record = {**numbers, "sha256": hashlib.sha256(weights).hexdigest()}
        write_durably(temporary / NUMBERS, json.dumps(record, indent=1).encode())
        flush_folder(temporary)
        if final.exists():
            shutil.rmtree(final)
        os.replace(temporary, final)
        flush_folder(folder)
    except OSError as error:
        shutil.rmtree(temporary, ignore_errors=True)
        raise UserError(f"could not write the checkpoint {final}: {error.strerror or error}") from error
    for old in steps(folder)[:-keep]:
        shutil.rmtree(old, ignore_errors=True)
    return final


def steps(folder: Path) -> list[Path]:
    """Returns the finished checkpoints of a folder, oldest first."""
    return sorted(path for path in folder.glob("step-*") if path.is_dir())


def read(checkpoint: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Reads one checkpoint and checks its hash.

    Args:
        checkpoint: a folder as `save` wrote it.

    Returns:
        tensors and numbers.

    Raises:
        UserError: something is missing, cut short or changed; names the file.
    """
    try:
        numbers = json.loads((checkpoint / NUMBERS).read_bytes())
        weights = (checkpoint / WEIGHTS).read_bytes()
    except (OSError, ValueError) as error:
        raise UserError(f"the checkpoint {checkpoint} cannot be read: {error}") from error
    if not isinstance(numbers, dict) or hashlib.sha256(weights).hexdigest() != numbers.get("sha256"):
        raise UserError(f"the checkpoint {checkpoint} is damaged: {WEIGHTS} does not have the hash in {NUMBERS}")
    try:
        return safetensors.torch.load(weights), numbers
    except SafetensorError as error:
        raise UserError(f"the checkpoint {checkpoint} is damaged: {error}") from error


def newest(folder: Path) -> tuple[Path, dict[str, Tensor], dict[str, Any]] | None:
    """Returns the newest checkpoint that is whole; a damaged one is passed over with a warning that names it.

    Args:
        folder: the run's `checkpoints/`.

    Returns:
        folder, tensors and numbers, or None where no checkpoint was ever finished.

    Raises:
        UserError: there are checkpoints, and every one is damaged.
    """
    found = steps(folder)
    for checkpoint in reversed(found):
        try:
            return (checkpoint, *read(checkpoint))
        except UserError as error:
            warnings.warn(f"{error}; going back to the one before", stacklevel=2)
    if found:
        raise UserError(f"every checkpoint in {folder} is damaged ({', '.join(p.name for p in found)})")
    return None
