"""A small delta on disk: what an adaptation changed in a generator, without the generator; nothing in it can run.

model/  delta.json  delta.safetensors
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor

from graftgan.errors import UserError
from graftgan.files import write_atomically

FACTS, TENSORS = "delta.json", "delta.safetensors"
FORMAT = 1
MAX_FACTS_BYTES, MAX_BYTES, MAX_TENSORS, MAX_WORD = 1_000_000, 2**30, 10_000, 200
SHA256 = re.compile(r"[0-9a-f]{64}")
OWNER = "generator."
NAME = re.compile(r"generator\.[A-Za-z0-9_.]+")


@dataclass(frozen=True)
class Delta:
    """What an adaptation changed, and of which source.

    Attributes:
        method: name of the method whose structure the tensors belong to.
        settings: all of the method's settings, NAME=VALUE each.
        seed: of the run; the structure is drawn by it.
        source: the source's name; says nothing about where it lies.
        source_digest: sha256 of the source's generator file.
        model_digest: sha256 of the adapted generator's file, to which source and delta add up.
        tensors: of the generator, by the name that a run's state has for them, `generator.` in front; on the CPU.
    """

    method: str
    settings: tuple[str, ...]
    seed: int
    source: str
    source_digest: str
    model_digest: str
    tensors: Mapping[str, Tensor]


def save_delta(folder: Path, delta: Delta) -> int:
    """Writes a delta beside a model; delta.json last.

    Args:
        folder: of the model; made if missing.
        delta: what to write.

    Returns:
        Bytes of delta.safetensors.

    Raises:
        UserError: the folder cannot be written.
    """
    data = safetensors.torch.save(
        {name: tensor.detach().cpu().contiguous() for name, tensor in delta.tensors.items()}, metadata={"format": "pt"}
    )
    facts = {
        "format": FORMAT,
        "library": "graftgan",
        "method": delta.method,
        "method_options": list(delta.settings),
        "seed": delta.seed,
        "source": delta.source,
        "source_sha256": delta.source_digest,
        "model_sha256": delta.model_digest,
        "sha256": hashlib.sha256(data).hexdigest(),
        "bytes": len(data),
        "shapes": {name: list(tensor.shape) for name, tensor in delta.tensors.items()},
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_atomically(folder / TENSORS, data)
        write_atomically(folder / FACTS, json.dumps(facts, indent=1).encode())
    except OSError as error:
        raise UserError(f"the delta in {folder} cannot be written: {error.strerror or error}") from error
    return len(data)


def remove_delta(folder: Path) -> None:
    """Takes away a delta that no longer belongs to the model beside it."""
    for name in (FACTS, TENSORS):
        (folder / name).unlink(missing_ok=True)


def find_delta(path: Path) -> Path:
    """Returns the delta.safetensors that a run's folder, a model folder or the file itself names.

    Raises:
        UserError: there is none, or the path is delta.json, which holds no tensors.
    """
    if path.name == FACTS and path.is_file():
        raise UserError(f"{path} holds only facts: name the folder or {TENSORS}")
    for file in (path, path / TENSORS, path / "model" / TENSORS):
        if file.is_file():
            return file
    raise UserError(f"no delta at {path}: neither a {TENSORS} nor a folder with one (only small methods leave one)")


def load_delta(file: Path) -> Delta:
    """Reads a delta; executes nothing of it.

    Args:
        file: delta.safetensors, with delta.json beside it.

    Returns:
        The delta; that its method exists is for the caller to check.

    Raises:
        UserError: a file is missing, damaged or too large, or the two do not belong together; names the file.
    """
    path = file.with_name(FACTS)
    facts = _read_facts(path)
    shapes = _shapes(facts, path)
    settings = facts.get("method_options")
    if not isinstance(settings, list) or not all(_is_word(word) for word in settings) or len(settings) > 100:
        raise UserError(f"{path}: method_options is not a list of NAME=VALUE")
    for name in ("method", "source"):
        if not _is_word(facts.get(name)):
            raise UserError(f"{path}: {name} is not a name")
    for name in ("source_sha256", "model_sha256", "sha256"):
        if not isinstance(facts.get(name), str) or not SHA256.fullmatch(facts[name]):
            raise UserError(f"{path}: {name} is not a sha256")
    seed = facts.get("seed")
    if type(seed) is not int or not 0 <= seed < 2**63:
        raise UserError(f"{path}: seed is not a whole number from 0")
    return Delta(
        facts["method"],
        tuple(settings),
        seed,
        facts["source"],
        facts["source_sha256"],
        facts["model_sha256"],
        _read_tensors(file, facts, shapes),
    )


def _read_facts(path: Path) -> dict[str, Any]:
    """Returns delta.json, checked for size and form."""
    try:
        if path.stat().st_size > MAX_FACTS_BYTES:
            raise UserError(f"{path} is too large for the facts of a delta")
        facts = json.loads(path.read_bytes())
    except OSError as error:
        raise UserError(f"{path}: {error.strerror or error}") from error
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path} is not JSON: {str(error)[:200]}") from error
    if not isinstance(facts, dict) or facts.get("format") != FORMAT:
        raise UserError(f"{path} is not a graftgan delta of format {FORMAT}")
    return facts


def _shapes(facts: dict[str, Any], path: Path) -> dict[str, tuple[int, ...]]:
    """Returns the declared shape of every tensor."""
    shapes = facts.get("shapes")
    if not isinstance(shapes, dict) or len(shapes) > MAX_TENSORS:
        raise UserError(f"{path}: shapes is not a table of at most {MAX_TENSORS} tensors")
    for name, shape in shapes.items():
        if len(name) > MAX_WORD or not NAME.fullmatch(name):  # it may come to a terminal
            raise UserError(f"{path}: {ascii(name[:40])} is no tensor of the generator")
        whole = isinstance(shape, list) and all(type(size) is int and 0 <= size <= MAX_BYTES for size in shape)
        if not whole or len(shape) > 8:
            raise UserError(f"{path}: {name} has no shape")
    return {name: tuple(shape) for name, shape in shapes.items()}


def _read_tensors(file: Path, facts: dict[str, Any], shapes: dict[str, tuple[int, ...]]) -> dict[str, Tensor]:
    """Returns the tensors of a file that has the declared length, hash, names and shapes."""
    size = facts.get("bytes")
    if type(size) is not int or not 0 < size <= MAX_BYTES:
        raise UserError(f"{file.with_name(FACTS)}: bytes is not a size up to {MAX_BYTES}")
    try:
        if file.stat().st_size != size:
            raise UserError(f"{file} has {file.stat().st_size} bytes, {FACTS} says {size}")
        data = file.read_bytes()
        if hashlib.sha256(data).hexdigest() != facts["sha256"]:
            raise UserError(f"{file} is damaged: it does not have the sha256 in {FACTS}")
        tensors = safetensors.torch.load(data)
    except OSError as error:
        raise UserError(f"{file}: {error.strerror or error}") from error
    except (SafetensorError, ValueError, KeyError) as error:
        raise UserError(f"{file} is not a whole safetensors file: {ascii(str(error)[:200])}") from error
    if {name: tuple(tensor.shape) for name, tensor in tensors.items()} != shapes:
        raise UserError(f"{file} does not hold the tensors that {FACTS} says")
    for name, tensor in tensors.items():
        if tensor.is_floating_point() and not torch.isfinite(tensor.float()).all():
            raise UserError(f"{file}: {name} holds NaN or infinity")
        if name.endswith("running_var") and tensor.is_floating_point() and (tensor.float() < 0).any():
            raise UserError(f"{file}: {name} holds a variance below 0")
    return tensors


def _is_word(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= MAX_WORD and value.isprintable()
