"""A model on disk: config.json and safetensors in a folder, as the model hub keeps them; nothing in it can run.

model/  config.json  generator.safetensors  discriminator.safetensors  README.md (the card)
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor, nn

from graftgan.errors import UserError
from graftgan.files import write_atomically
from graftgan.inert.budget import Limits, read_whole
from graftgan.inert.refusal import Refusal, naming
from graftgan.networks import ARCHITECTURES, Discriminator, Generator
from graftgan.networks.fronted import build_generator

CONFIG, GENERATOR, DISCRIMINATOR, CARD = (
    "config.json",
    "generator.safetensors",
    "discriminator.safetensors",
    "README.md",
)
FORMAT = 1
MAX_CONFIG_BYTES = 1_000_000
MAX_HEADER_BYTES = 16_000_000
MAX_SIZE, MAX_LAYERS = 2**20, 64
Network = TypeVar("Network", Generator, Discriminator)


@dataclass(frozen=True)
class Model:
    """A generator, its discriminator and what is known about them.

    Attributes:
        network: a name in `ARCHITECTURES`.
        generator: in evaluation mode.
        discriminator: in evaluation mode; None where the folder has none.
        about: free JSON facts (data, licence, method, seed, classes), kept with the weights.
        digest: sha256 of the generator's file; "" for a model that was never on disk.
        discriminator_digest: of the discriminator's, likewise.
    """

    network: str
    generator: Generator
    discriminator: Discriminator | None
    about: dict[str, Any]
    digest: str = ""
    discriminator_digest: str = ""


def save_model(folder: Path, model: Model, card: str, dtype: torch.dtype = torch.float32) -> None:
    """Writes a model folder; every file atomically, config.json last.

    Args:
        folder: made if missing.
        model: what to write.
        card: the text of README.md.
        dtype: of the weights on disk; float16 halves them (they are float32 again once loaded).

    Raises:
        UserError: the folder cannot be written.
    """
    config = {
        "format": FORMAT,
        "library": "graftgan",
        "network": model.network,
        "generator": model.generator.config(),
        "discriminator": None if model.discriminator is None else model.discriminator.config(),
        "about": model.about,
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_atomically(folder / GENERATOR, serialise(model.generator, dtype))
        if model.discriminator is not None:
            write_atomically(folder / DISCRIMINATOR, serialise(model.discriminator, dtype))
        write_atomically(folder / CARD, card.encode())
        write_atomically(folder / CONFIG, json.dumps(config, indent=1).encode())
    except OSError as error:
        raise UserError(f"the model folder {folder} cannot be written: {error.strerror or error}") from error


def serialise(module: nn.Module, dtype: torch.dtype) -> bytes:
    """Returns the module's state dict as safetensors bytes, floats in `dtype`."""
    tensors = {
        name: tensor.detach().cpu().to(dtype if tensor.is_floating_point() else tensor.dtype).contiguous()
        for name, tensor in module.state_dict().items()
    }
    return safetensors.torch.save(tensors, metadata={"format": "pt"})


def load_model(folder: Path) -> Model:
    """Reads a model folder; executes nothing of it.

    Args:
        folder: as `save_model` wrote it.

    Returns:
        The model in float32 on the CPU, in evaluation mode.

    Raises:
        UserError: a file is missing, damaged, or does not hold exactly the declared network; names it.

    Example:
        >>> from graftgan.zoo.sources import find_source
        >>> load_model(find_source("avatars-64")).generator.resolution
        64
    """
    config = read_config(folder)
    network = config.get("network")
    if not isinstance(network, str) or network not in ARCHITECTURES:
        raise UserError(f"{folder / CONFIG}: unknown network {network!r} (known: {', '.join(ARCHITECTURES)})")
    architecture = ARCHITECTURES[network]
    generator, digest = assemble(architecture.generator, config.get("generator"), folder / GENERATOR)
    discriminator, discriminator_digest = None, ""
    if config.get("discriminator") is not None:
        discriminator, discriminator_digest = assemble(
            architecture.discriminator, config["discriminator"], folder / DISCRIMINATOR
        )
        for fact in ("resolution", "channels", "c_dim", *(() if discriminator.adversary else ("z_dim",))):
            if getattr(generator, fact) != getattr(discriminator, fact):
                raise UserError(f"{folder / CONFIG}: generator and discriminator differ in {fact}")
    about = config.get("about")
    known = about if isinstance(about, dict) else {}
    return Model(network, generator, discriminator, known, digest, discriminator_digest)


def read_config(folder: Path) -> dict[str, Any]:
    """Returns config.json of a model folder, checked for size and form."""
    path = folder / CONFIG
    try:
        config = json.loads(bytes(read_whole(path, Limits(file_bytes=MAX_CONFIG_BYTES))))
        json.dumps(config, ensure_ascii=False).encode()  # half a character is JSON, and no text
    except OSError as error:
        raise UserError(f"{folder} is not a model folder: {CONFIG}: {error.strerror or error}") from error
    except Refusal as error:
        raise UserError(f"{path}: {error}") from error
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path} is not JSON: {error}") from error
    if not isinstance(config, dict) or config.get("format") != FORMAT:
        raise UserError(f"{path} is not a graftgan model of format {FORMAT}")
    return config


def assemble(kind: type[Network], config: Any, path: Path) -> tuple[Network, str]:
    """Returns the network that config.json declares with the weights of a file, and the file's sha256.

    The network is first laid out without memory and compared with the file, so that a false config costs nothing.

    Raises:
        UserError: config.json describes no such network, or the file is unreadable or does not hold exactly its
            tensors; names the file.
    """
    plan = build(kind, config, path.with_name(CONFIG), "meta")
    with naming(path):
        data = bytes(read_whole(path, Limits(file_bytes=most_bytes(plan))))
        check_tensors(plan.state_dict(), tensors := tensors_in(data, path), path)
        network = build(kind, config, path.with_name(CONFIG), "cpu")
        network.load_state_dict(
            {name: tensor.float() if tensor.is_floating_point() else tensor for name, tensor in tensors.items()}
        )
    return network.eval(), hashlib.sha256(data).hexdigest()


def most_bytes(plan: nn.Module) -> int:
    """Returns the most bytes that a file of a network's tensors can have: eight a number, and the header."""
    return 8 * sum(tensor.numel() for tensor in plan.state_dict().values()) + MAX_HEADER_BYTES


def tensors_in(data: bytes, path: Path) -> dict[str, Tensor]:
    """Returns the tensors of a safetensors file; raises UserError that names it where it is not a whole one."""
    try:
        return safetensors.torch.load(data)
    except (SafetensorError, ValueError, KeyError) as error:
        raise UserError(f"{path} is not a whole safetensors file: {error}") from error


def build(kind: type[Network], config: Any, path: Path, device: str) -> Network:
    """Returns the network that config.json declares, its weights not drawn; on "meta" it takes no memory.

    Raises:
        UserError: there is no such network; names the file.
    """
    if not isinstance(config, dict):
        raise UserError(f"{path} does not describe a {kind.__name__}")
    for name, value in config.items():
        limit = MAX_LAYERS if name.endswith("layers") else MAX_SIZE
        if not (value is None or isinstance(value, int | float) and abs(value) <= limit):
            raise UserError(f"{path} does not describe a {kind.__name__}: {name} is {str(value)[:40]}")
    try:
        with torch.device(device):
            network: Network = build_generator(kind, config) if issubclass(kind, Generator) else kind(**config)  # type: ignore[assignment]
    except (TypeError, ValueError, ArithmeticError, RuntimeError, UserError) as error:
        raise UserError(f"{path} does not describe a {kind.__name__}: {error}") from error
    if network.channels not in (1, 3):
        raise UserError(f"{path} does not describe a {kind.__name__}: {network.channels} colour channels")
    return network


def check_tensors(wanted: dict[str, Tensor], found: dict[str, Tensor], path: Path) -> None:
    """Raises UserError unless `found` has the names and shapes of `wanted`, and only finite values."""
    missing, extra = sorted(wanted.keys() - found.keys()), sorted(found.keys() - wanted.keys())
    if missing or extra:
        raise UserError(
            f"{path}: {len(missing)} tensors missing {missing[:2]}, {len(extra)} not of this network {extra[:2]}"
        )
    for name, tensor in found.items():
        if tensor.shape != wanted[name].shape:
            raise UserError(f"{path}: {name} is {tuple(tensor.shape)}, the network has {tuple(wanted[name].shape)}")
        if tensor.is_floating_point() != wanted[name].is_floating_point():
            raise UserError(f"{path}: {name} is {tensor.dtype}, the network has {wanted[name].dtype}")
        if tensor.is_floating_point() and not torch.isfinite(tensor.float()).all():
            raise UserError(f"{path}: {name} holds NaN or infinity")
