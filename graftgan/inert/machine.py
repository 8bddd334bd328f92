"""The machine that a pickle drives: a position in the bytes, a stack, marks and a memo."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from graftgan.inert.budget import Budget
from graftgan.inert.records import Global, Persistent, kind
from graftgan.inert.refusal import Refusal

LONGEST_LINE = 2**16


class Machine:
    """Where a walk is: position, stack, marks and memo.

    Args:
        data: the bytes.
        start: of the pickle in them.
        end: of what it may use.
        budget: spent as it goes.
        allowed: which names may be mentioned.
    """

    def __init__(
        self, data: memoryview, start: int, end: int, budget: Budget, allowed: Callable[[Global], bool]
    ) -> None:
        self.data, self.at, self.start, self.end = data, start, start, end
        self.budget, self.allowed = budget, allowed
        self.stack: list[Any] = []
        self.marks: list[int] = []
        self.memo: dict[int, Any] = {}
        self.persistents: list[Persistent] = []
        self.done = False

    def take(self, length: int) -> memoryview:
        """Returns the next bytes, without copying them."""
        if not 0 <= length <= self.end - self.at:
            raise Refusal(f"it ends too early: byte {self.at} begins {length} bytes, {self.end - self.at} are left")
        self.at += length
        return self.data[self.at - length : self.at]

    def number(self, size: int, signed: bool = False) -> int:
        """Returns the next little-endian whole number."""
        return int.from_bytes(self.take(size), "little", signed=signed)

    def line(self) -> str:
        """Returns the text up to the end of the line."""
        for window in (256, LONGEST_LINE):
            length = bytes(self.data[self.at : min(self.end, self.at + window)]).find(b"\n")
            if length >= 0:
                break
        else:
            raise Refusal(f"it ends too early: byte {self.at} begins a line that has no end")
        found = self.text(length)
        self.at += 1
        return found

    def text(self, length: int, encoding: str = "utf-8") -> str:
        """Returns the next bytes as text."""
        at = self.at
        raw = self.take(length)
        self.budget.text(length)
        try:
            return str(raw, encoding)
        except UnicodeDecodeError:
            raise Refusal(f"byte {at} begins text that is not {encoding}") from None

    def push(self, value: Any) -> None:
        """Puts a value on the stack."""
        if len(self.stack) >= self.budget.limits.stack:
            raise Refusal(f"its pickle keeps too many objects waiting (over {self.budget.limits.stack})")
        self.stack.append(value)

    def pop(self, wanted: type | tuple[type, ...] = object) -> Any:
        """Takes the topmost value above the last mark; it must be of a kind."""
        top = self.top(wanted)
        self.stack.pop()
        return top

    def top(self, wanted: type | tuple[type, ...] = object) -> Any:
        """Returns the topmost value above the last mark; it must be of a kind."""
        if len(self.stack) <= (self.marks[-1] if self.marks else 0):
            raise Refusal(f"byte {self.at - 1} takes from an empty stack")
        if not isinstance(self.stack[-1], wanted):
            names = [one.__name__ for one in (wanted if isinstance(wanted, tuple) else (wanted,))]
            raise Refusal(f"byte {self.at - 1} meets {kind(self.stack[-1])}, not a {' or '.join(names)}")
        return self.stack[-1]

    def since_mark(self) -> list[Any]:
        """Takes everything above the last mark, and the mark."""
        if not self.marks:
            raise Refusal(f"byte {self.at - 1} looks for a mark and there is none")
        mark = self.marks.pop()
        found = self.stack[mark:]
        del self.stack[mark:]
        return found
