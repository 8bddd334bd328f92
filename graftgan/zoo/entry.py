"""An entry of the zoo: what is known of one source, and "not stated" where nothing is."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from torch import nn

from graftgan.errors import UserError
from graftgan.inert.refusal import shown
from graftgan.networks import ARCHITECTURES
from graftgan.zoo.model_folder import CARD, CONFIG, DISCRIMINATOR, GENERATOR, build, read_config

Kind = Literal["embedded", "package", "added", "hub", "local"]
NOT_STATED = "not stated"
METRICS_SHOWN = ("KID", "FID")
MAX_WORDS = 600
MAX_HEADER_BYTES = 10_000
BLOCK_BYTES = 2**20


@dataclass(frozen=True)
class Source:
    """What is known of one source model.

    Attributes:
        name: what stands behind `--source`.
        kind: embedded in the package, in an installed package, added by the user, on the hub, or a local folder.
        what: it draws, in words.
        network: a name in `ARCHITECTURES`.
        resolution: of its pictures, pixels; None where it is not known.
        size: of its weights, bytes; None where they are not here.
        generator_parameters: how many the generator has.
        discriminator_parameters: how many the discriminator has; None without one.
        licence: of the weights.
        data: that it was trained on.
        credits: who must be named.
        metrics: (name, value with its protocol).
        origin: where it comes from: a package with its version, a run, a hub id with its commit.
        digest: sha256 of the generator's weights, or of the pinned file where they were not read yet.
        folder: of the model; None where it is not on this machine, or not in our format yet.
        problem: why it cannot be used here, and what to do; empty where it can.
    """

    name: str
    kind: Kind
    what: str = NOT_STATED
    network: str = NOT_STATED
    resolution: int | None = None
    size: int | None = None
    generator_parameters: int | None = None
    discriminator_parameters: int | None = None
    licence: str = NOT_STATED
    data: str = NOT_STATED
    credits: str = NOT_STATED
    metrics: tuple[tuple[str, str], ...] = ()
    origin: str = NOT_STATED
    digest: str = ""
    folder: Path | None = None
    problem: str = ""

    @property
    def usable(self) -> bool:
        """Whether `--source` takes it as things are."""
        return not self.problem

    @property
    def has_discriminator(self) -> bool:
        """Whether it brings a discriminator."""
        return self.discriminator_parameters is not None


def described(folder: Path, name: str, kind: Kind, origin: str = "") -> Source:
    """Returns what a model folder says of itself; a damaged one is an entry, too, that says what is wrong.

    Args:
        folder: of the model; its texts are shown as they are, but printable and not too long.
        name: what stands behind `--source`.
        kind: where it comes from.
        origin: where from in words; default: what its config says.
    """
    try:
        config = read_config(folder)
        about = config.get("about")
        facts: dict[str, Any] = about if isinstance(about, dict) else {}
        network = config.get("network")
        if not isinstance(network, str) or network not in ARCHITECTURES:
            raise UserError(f"{folder / CONFIG}: unknown network {shown(network)}")
        generator = build(ARCHITECTURES[network].generator, config.get("generator"), folder / CONFIG, "meta")
        count, second = parameters(generator), None
        if config.get("discriminator") is not None:
            critic = build(ARCHITECTURES[network].discriminator, config["discriminator"], folder / CONFIG, "meta")
            second = parameters(critic)
        files = [folder / GENERATOR, *([] if second is None else [folder / DISCRIMINATOR])]
        size, digest = sum(file.stat().st_size for file in files), file_digest(files[0])
    except UserError as error:
        return Source(name, kind, folder=folder, origin=words(origin), problem=f"damaged: {words(str(error))}")
    except OSError as error:
        why = f"{error.filename}: {error.strerror or error}"
        return Source(name, kind, folder=folder, origin=words(origin), problem=f"damaged: {words(why)}")
    expected = facts.get("generator_sha256")
    changed = expected is not None and expected != digest
    return Source(
        name=name,
        kind=kind,
        what=words(facts.get("what")),
        network=network,
        resolution=generator.resolution,
        size=size,
        generator_parameters=count,
        discriminator_parameters=second,
        licence=licence_of(facts, folder),
        data=data_of(facts),
        credits=words(facts.get("credits")),
        metrics=tuple((key, words(facts[key])) for key in METRICS_SHOWN if facts.get(key) not in (None, "")),
        origin=words(origin or facts.get("origin")),
        digest=digest,
        folder=folder,
        problem=f"damaged: {folder / GENERATOR} is not the file that its config names (sha256)" if changed else "",
    )


def parameters(network: nn.Module) -> int:
    """Returns how many parameters a network has."""
    return sum(parameter.numel() for parameter in network.parameters())


def words(value: Any) -> str:
    """Returns a fact out of a file as a line of text: printable, and not too long.

    Example:
        >>> words("a\\n  b\\x1b[31m"), words(None), words(["x"]), words(3)
        ('a b[31m', 'not stated', 'not stated', '3')
    """
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return NOT_STATED
    line = "".join(sign for sign in " ".join(str(value)[: 2 * MAX_WORDS].split()) if sign.isprintable())
    return f"{line[:MAX_WORDS]}..." if len(line) > MAX_WORDS else line or NOT_STATED


def data_of(facts: dict[str, Any]) -> str:
    """Returns what a model was trained on, as far as it says."""
    if "data" in facts or not isinstance(facts.get("pictures"), int):
        return words(facts.get("data"))
    return f"{facts['pictures']:,} pictures, of what is {NOT_STATED}"


def licence_of(facts: dict[str, Any], folder: Path) -> str:
    """Returns the licence that config.json states, else the one in the header of the card."""
    stated = words(facts.get("licence"))
    if stated != NOT_STATED:
        return stated
    try:
        with open(folder / CARD, "rb") as card:
            lines = card.read(MAX_HEADER_BYTES).decode(errors="replace").splitlines()
    except OSError:
        return NOT_STATED
    if not lines or lines[0] != "---" or "---" not in lines[1:]:
        return NOT_STATED
    header = lines[1 : lines.index("---", 1)]
    found = next((line.partition(":")[2].strip(" '\"") for line in header if line.startswith("license:")), "")
    return words(found) if found != "other" else NOT_STATED


def file_digest(path: Path) -> str:
    """Returns the sha256 of a file, read block by block.

    Raises:
        UserError: it is a folder, pipe or device.
        OSError: it cannot be read.
    """
    if not path.is_file():
        path.stat()
        raise UserError(f"{path}: it is not a regular file")  # a pipe or device would be read without end
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()
