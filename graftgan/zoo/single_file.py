"""A model as one safetensors file: the generator's tensors, and config.json in the header; nothing in it can run."""

import hashlib
import json
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from graftgan.data.cache import cache_home
from graftgan.errors import UserError
from graftgan.files import write_atomically
from graftgan.inert.budget import Limits, read_whole
from graftgan.inert.refusal import naming
from graftgan.networks import ARCHITECTURES
from graftgan.zoo.model_folder import (
    CARD,
    CONFIG,
    FORMAT,
    GENERATOR,
    MAX_CONFIG_BYTES,
    build,
    check_tensors,
    most_bytes,
    read_config,
    tensors_in,
)

SUFFIX = ".safetensors"
HEADER = "graftgan"


def single_file(folder: Path, half: bool = False) -> bytes:
    """Returns a model folder's generator as one file; tensors as they are on disk, so that the file makes it again.

    Args:
        folder: a model folder that `load_model` reads.
        half: floats in float16, which halves a float32 file.

    Raises:
        UserError: the folder cannot be read, or a weight is too large for float16.
    """
    config = read_config(folder)
    with naming(folder / GENERATOR):
        data = bytes(read_whole(folder / GENERATOR))
        tensors = tensors_in(data, folder / GENERATOR)
    if half:
        tensors = {name: t.half() if t.is_floating_point() else t for name, t in tensors.items()}
        for name, tensor in tensors.items():
            if tensor.is_floating_point() and not torch.isfinite(tensor).all():
                raise UserError(f"--half: {name} holds values beyond float16's 65504")
    told = {**config, "discriminator": None, "model_sha256": hashlib.sha256(data).hexdigest()}
    return safetensors.torch.save(tensors, metadata={"format": "pt", HEADER: json.dumps(told)})


def is_single(path: Path) -> bool:
    """Returns whether a file is one of ours, by its name and its header."""
    return path.suffix == SUFFIX and path.is_file() and HEADER in _metadata(path)


def unpacked(path: Path) -> Path:
    """Returns the model folder of a single file, kept in the cache by its contents; executes nothing of it.

    Args:
        path: as `single_file` made it.

    Raises:
        UserError: the file is damaged, or does not hold exactly the network that it declares; names it. Or the cache
            cannot be written.
    """
    config, tensors = _read(path)
    data = _as_folder_has_it(tensors)
    told = json.dumps({**config, "discriminator": None}, indent=1).encode()
    folder = cache_home() / "sources" / f"single-{hashlib.sha256(told + data).hexdigest()[:32]}"
    if not (folder / CONFIG).is_file():
        try:
            folder.mkdir(parents=True, exist_ok=True)
            write_atomically(folder / GENERATOR, data)
            write_atomically(folder / CARD, f"# {path.stem}\n".encode())
            write_atomically(folder / CONFIG, told)
        except OSError as error:
            raise UserError(f"the cache {folder} cannot be written: {error.strerror or error}") from error
    return folder


def _metadata(path: Path) -> dict[str, str]:
    try:
        with safe_open(path, framework="pt") as file:  # type: ignore[no-untyped-call]
            return file.metadata() or {}
    except OSError as error:
        raise UserError(f"{path}: {error.strerror or error}") from error
    except (SafetensorError, ValueError) as error:
        raise UserError(f"{path} is not a whole safetensors file: {error}") from error


def _read(path: Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """Returns what the header declares and the tensors, which are those of the declared network."""
    text = _metadata(path).get(HEADER)
    if text is None:
        raise UserError(f"{path} holds weights, but not of which network: only `graftgan export` writes such a file")
    try:
        config = json.loads(text) if len(text) <= MAX_CONFIG_BYTES else None
    except (ValueError, RecursionError):
        config = None
    if not isinstance(config, dict) or config.get("format") != FORMAT:
        raise UserError(f"{path}: its header is not that of a graftgan model of format {FORMAT}")
    network = config.get("network")
    if not isinstance(network, str) or network not in ARCHITECTURES:
        raise UserError(f"{path}: unknown network {str(network)[:40]!r} (known: {', '.join(ARCHITECTURES)})")
    plan = build(ARCHITECTURES[network].generator, config.get("generator"), path, "meta")
    with naming(path):
        tensors = tensors_in(bytes(read_whole(path, Limits(file_bytes=most_bytes(plan)))), path)
        check_tensors(plan.state_dict(), tensors, path)
    return config, tensors


def _as_folder_has_it(tensors: dict[str, Tensor]) -> bytes:
    return safetensors.torch.save(tensors, metadata={"format": "pt"})
