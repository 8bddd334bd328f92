"""Follows the opcodes of a pickle, protocols 0 to 5, and returns an inert tree.

Only what an ordinary pickler writes is followed. Refused are opcodes that no checkpoint needs and attacks live on
(INST, OBJ, NEWOBJ_EX, the extension registry, POP and DUP, out-of-band buffers), every name that the caller does not
expect, and every declared length beyond the end of the bytes.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from graftgan.inert.budget import Budget
from graftgan.inert.machine import Machine
from graftgan.inert.opcodes import OPCODES
from graftgan.inert.records import Global, Persistent, check_depth
from graftgan.inert.refusal import Refusal


@dataclass(frozen=True)
class Walked:
    """What a pickle holds.

    Attributes:
        root: its one object.
        end: where the pickle ends, in bytes from the start of the data.
        persistents: every reference to something outside the pickle, in order.
    """

    root: Any
    end: int
    persistents: list[Persistent]


def walk(data: memoryview, budget: Budget, allowed: Callable[[Global], bool], start: int = 0, end: int = -1) -> Walked:
    """Reads one pickle.

    Args:
        data: the bytes of a file.
        budget: of the file; spent.
        allowed: whether a name may be mentioned at all; exact pairs of module and name are the safe answer.
        start: where the pickle begins.
        end: where the bytes that it may use end; -1: with the data.

    Returns:
        Its tree. A record that the pickle mentions twice is the same object twice.

    Raises:
        Refusal: the bytes are not such a pickle, mention another name, or ask for more than the budget.

    >>> walk(memoryview(b"(lp0\\nI1\\na."), Budget(10), lambda name: False).root
    [1]
    """
    machine = Machine(data, start, len(data) if end < 0 else end, budget, allowed)
    while not machine.done:
        budget.opcode()
        at = machine.at
        opcode = machine.take(1)[0]
        if (act := OPCODES.get(opcode)) is None:
            raise Refusal(f"it is not a checkpoint: byte {at} is {opcode:#04x}, no opcode that a checkpoint has")
        act(machine)
    root = machine.stack.pop()
    check_depth(root, budget.limits.depth)
    return Walked(root, machine.at, machine.persistents)
