"""Full-state checkpoints: written atomically, hashed, the newest few kept, broken ones passed over by name.

A checkpoint is a folder `step-00000400/` with `state.safetensors` and `state.json` (counters, and a hash over both).
It is written under another name, flushed to the disk and renamed: a kill at any moment leaves the older ones whole.
"""

import errno
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


def save(
    folder: Path,
    step: int,
    tensors: dict[str, Tensor],
    numbers: dict[str, Any],
    keep: int = 3,
    spare: int | None = None,
) -> Path:
    """Writes a checkpoint and deletes all but the newest `keep`.

    Args:
        folder: the run's `checkpoints/`; made if missing.
        step: names the checkpoint.
        tensors: contiguous CPU tensors by name.
        numbers: JSON values: counters, options that resume must meet.
        keep: how many to keep, at least 1; the older ones go only after the new one is whole.
        spare: the step of one that is kept however old it is: the best so far.

    Returns:
        The checkpoint's folder.

    Raises:
        UserError: the disk is full or the folder cannot be written; the older checkpoints stay.
    """
    final = folder / f"step-{step:08d}"
    temporary = folder / f"{UNFINISHED}{os.getpid()}-{final.name}"
    aside = folder / f"{UNFINISHED}old-{final.name}"
    weights = safetensors.torch.save(tensors)
    record = {**numbers, "sha256": digest(weights, numbers)}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        remove_unfinished(folder)
        temporary.mkdir()
        write_durably(temporary / WEIGHTS, weights)
        write_durably(temporary / NUMBERS, json.dumps(record, indent=1).encode())
        flush_folder(temporary)
        if final.exists():
            os.replace(final, aside)
        os.replace(temporary, final)
        flush_folder(folder)
    except OSError as error:
        raise UserError(f"could not write the checkpoint {final}: {why(error, len(weights), folder)}") from error
    finally:
        if aside.exists() and not final.exists():
            os.replace(aside, final)
        remove_unfinished(folder)
    numbered = steps(folder)
    at = numbered.index(final)
    # what is newer than the run itself was found damaged when the run went on from before it
    older = [path for path in numbered[: max(0, at + 1 - keep)] if spare is None or path.name != f"step-{spare:08d}"]
    for old in older + numbered[at + 1 :]:
        shutil.rmtree(old, ignore_errors=True)
    return final


def why(error: OSError, needed: int, folder: Path) -> str:
    """Returns the reason of a failed save; for a full disk, with what is needed and what is left."""
    reason = error.strerror or str(error)
    if error.errno != errno.ENOSPC:
        return reason
    free = shutil.disk_usage(next(path for path in (folder, *folder.parents) if path.exists())).free
    return f"{reason} ({needed / 1e6:.1f} MB needed, {free / 1e6:.1f} MB free)"


def remove_unfinished(folder: Path) -> None:
    """Clears away what a save that failed or was killed left behind; only one process at a time saves to a folder."""
    for path in folder.glob(f"{UNFINISHED}*"):
        shutil.rmtree(path, ignore_errors=True)


def digest(weights: bytes, numbers: dict[str, Any]) -> str:
    """Returns the sha256 over the tensors' bytes and the numbers."""
    found = hashlib.sha256(weights)
    found.update(json.dumps(numbers, sort_keys=True).encode())
    return found.hexdigest()


def steps(folder: Path) -> list[Path]:
    """Returns the finished checkpoints of a folder, oldest first."""
    found = [(path.name.removeprefix("step-"), path) for path in folder.glob("step-*") if path.is_dir()]
    return [path for _, path in sorted((int(number), path) for number, path in found if number.isdecimal())]


def read(checkpoint: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Reads one checkpoint and checks its hash.

    Args:
        checkpoint: a folder as `save` wrote it.

    Returns:
        tensors and numbers, as they were given to `save`.

    Raises:
        UserError: something is missing, cut short or changed; names the file.
    """
    try:
        numbers = json.loads((checkpoint / NUMBERS).read_bytes())
        weights = (checkpoint / WEIGHTS).read_bytes()
    except (OSError, ValueError, RecursionError) as error:
        raise UserError(f"the checkpoint {checkpoint} cannot be read: {error}") from error
    claimed = numbers.pop("sha256", None) if isinstance(numbers, dict) else None
    if claimed is None or digest(weights, numbers) != claimed:
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
    passed_over: list[str] = []
    for checkpoint in reversed(found):
        try:
            tensors, numbers = read(checkpoint)
        except UserError as error:
            passed_over.append(str(error))
            continue
        for complaint in passed_over:
            warnings.warn(f"{complaint}; going on from {checkpoint.name}", stacklevel=2)
        return checkpoint, tensors, numbers
    if found:
        raise UserError(f"every checkpoint in {folder} is damaged ({', '.join(path.name for path in found)})")
    return None
