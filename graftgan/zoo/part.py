"""What a foreign file was found to hold, in our names, before any network is built."""

from dataclasses import dataclass, field
from typing import Any

from torch import Tensor


@dataclass(frozen=True)
class Part:
    """One network of a file.

    Attributes:
        origin: what the file calls it.
        config: the arguments of our network's constructor, from shapes and from what the file states.
        tensors: its state under our names.
        derived: names that the file lacks and that are computed once the rest is loaded.
    """

    origin: str
    config: dict[str, Any]
    tensors: dict[str, Tensor]
    derived: tuple[str, ...] = ()


@dataclass(frozen=True)
class Foreign:
    """A file's networks and all that is left of it.

    Attributes:
        form: what kind of file it is, for the report.
        network: a name in `ARCHITECTURES`.
        generator: the one that is taken.
        discriminator: None where the file has none.
        left: part of the file -> tensors in it that are not taken.
        doubts: what only the user's explicit word lets pass; one sentence each.
    """

    form: str
    network: str
    generator: Part
    discriminator: Part | None
    left: dict[str, int] = field(default_factory=dict)
    doubts: tuple[str, ...] = ()
