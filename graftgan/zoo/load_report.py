"""What was taken of a file and what was not: said after every conversion, good or partial."""

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor

MOST_NAMED = 4


@dataclass(frozen=True)
class PartReport:
    """How one network of a file fits ours.

    Attributes:
        role: `generator` or `discriminator`.
        origin: what the file calls it.
        taken: names of the tensors that were taken.
        missing: names that ours has and the file's has not.
        mismatched: name -> the file's shape and ours.
        left: names that the file's has and ours has not.
        derived: names that were computed from the rest.
    """

    role: str
    origin: str
    taken: tuple[str, ...]
    missing: tuple[str, ...] = ()
    mismatched: tuple[tuple[str, tuple[int, ...], tuple[int, ...]], ...] = ()
    left: tuple[str, ...] = ()
    derived: tuple[str, ...] = ()

    def whole(self) -> bool:
        """Returns whether every tensor of both sides found its place."""
        return not (self.missing or self.mismatched or self.left)

    def faults(self) -> list[str]:
        """Returns a phrase for each tensor that did not fit."""
        shapes = [f"{name} is {theirs} in the file and {ours} in the network" for name, theirs, ours in self.mismatched]
        return (
            shapes
            + [f"{name} is not in the file" for name in self.missing]
            + [f"{name} is not in the network" for name in self.left]
        )

    def lines(self) -> list[str]:
        """Returns what to tell: a line of numbers, and one for each tensor that did not fit."""
        wanted = len(self.taken) + len(self.missing) + len(self.mismatched) + len(self.derived)
        head = f"{self.role} (from {self.origin}): {len(self.taken)} of {wanted} tensors taken, {len(self.left)} left"
        computed = [f"  {name} is not in the file and was computed from 10,000 latents" for name in self.derived]
        drawn = len(self.missing) + len(self.mismatched)
        note = [f"  {drawn} of its tensors are drawn by seed 0: look at pictures before you train"] if drawn else []
        return [head] + [f"  {fault}" for fault in self.faults()] + note + computed

    def summary(self) -> str:
        """Returns the faults in one line, the first few by name."""
        faults = self.faults()
        more = f", and {len(faults) - MOST_NAMED} more" if len(faults) > MOST_NAMED else ""
        return f"{len(faults)} tensors of its {self.role} do not fit: {', '.join(faults[:MOST_NAMED])}{more}"


def compare(
    role: str, origin: str, found: Mapping[str, Tensor], wanted: Mapping[str, Tensor], derived: tuple[str, ...] = ()
) -> PartReport:
    """Holds a file's tensors against a network's.

    Args:
        role: of the network.
        origin: what the file calls it.
        found: the file's, under our names.
        wanted: the network's state dict; only shapes count.
        derived: names that need not be in the file.

    Returns:
        The report.

    Example:
        >>> import torch
        >>> a, b = torch.zeros(2), torch.zeros(3)
        >>> print(*compare("generator", "G", {"x": a}, {"x": b}).lines(), sep=chr(10))
        generator (from G): 0 of 1 tensors taken, 0 left
          x is (2,) in the file and (3,) in the network
          1 of its tensors are drawn by seed 0: look at pictures before you train
    """
    shared = [name for name in wanted if name in found]
    return PartReport(
        role,
        origin,
        taken=tuple(name for name in shared if found[name].shape == wanted[name].shape),
        missing=tuple(name for name in wanted if name not in found and name not in derived),
        mismatched=tuple(
            (name, tuple(found[name].shape), tuple(wanted[name].shape))
            for name in shared
            if found[name].shape != wanted[name].shape
        ),
        left=tuple(name for name in found if name not in wanted),
        derived=tuple(name for name in derived if name not in found),
    )
