"""What reading one untrusted file may cost: counted down as it is read, refused when it is spent."""

import time
from dataclasses import dataclass
from pathlib import Path

from graftgan.inert.refusal import Refusal


@dataclass(frozen=True)
class Limits:
    """Most that one file may ask for.

    Attributes:
        file_bytes: of the file itself.
        opcodes: over all pickles in it, also those inside tensors (a 1024-px StyleGAN2 pickle has about 1e5).
        depth: of containers within containers.
        stack: objects and marks that wait at once.
        text_bytes: of names and source text, which Python may store four times as wide.
        seconds: of work, between the first opcode and the last.
    """

    file_bytes: int = 4 * 2**30
    opcodes: int = 500_000
    depth: int = 1_000
    stack: int = 100_000
    text_bytes: int = 16 * 2**20
    seconds: float = 8.0


class Budget:
    """What is left of the limits for one file.

    Args:
        size: of the file in bytes; its tensors may not be larger in all.
        limits: where it begins.

    >>> budget = Budget(100, Limits(opcodes=1))
    >>> budget.opcode()
    >>> budget.opcode()
    Traceback (most recent call last):
    graftgan.inert.refusal.Refusal: its pickles are too long (over 1 opcodes)
    """

    def __init__(self, size: int, limits: Limits | None = None) -> None:
        self.limits = Limits() if limits is None else limits
        self._opcodes, self._text, self._tensors = 0, 0, size
        # Of this thread's own work: on a busy machine a good file must not be refused.
        self._end = time.thread_time() + self.limits.seconds

    def opcode(self) -> None:
        """Counts one opcode; looks at the clock now and then."""
        self._opcodes += 1
        if self._opcodes > self.limits.opcodes:
            raise Refusal(f"its pickles are too long (over {self.limits.opcodes} opcodes)")
        if self._opcodes % 1024 == 0:
            self.clock()

    def clock(self) -> None:
        """Raises Refusal when the time is up."""
        if time.thread_time() > self._end:
            raise Refusal(f"reading it takes too long (over {self.limits.seconds:g} s)")

    def text(self, length: int) -> None:
        """Counts bytes of text."""
        self._text += length
        if self._text > self.limits.text_bytes:
            raise Refusal(f"it holds too much text (over {self.limits.text_bytes} bytes)")

    def tensor(self, length: int) -> None:
        """Counts bytes of tensors."""
        self._tensors -= length
        if self._tensors < 0:
            raise Refusal("its tensors are larger than the file")


def read_whole(path: Path, limits: Limits | None = None) -> memoryview:
    """Returns the bytes of a file: a regular one, not empty, within the limits; nothing else is opened.

    Args:
        path: of the file.
        limits: the largest size.

    Raises:
        Refusal: it is a folder, pipe or device, empty, too large, or changes while it is read.
        OSError: it cannot be read.
    """
    limits = Limits() if limits is None else limits
    if not path.is_file():
        path.stat()
        raise Refusal("it is not a regular file")
    with open(path, "rb") as file:
        size = path.stat().st_size
        if not 0 < size <= limits.file_bytes:
            raise Refusal(f"its size is {size} bytes (1 to {limits.file_bytes} are read)")
        # Writable, since torch warns of every tensor over memory that is not.
        data = bytearray(size)
        if file.readinto(data) != size or file.read(1):
            raise Refusal("it changes while it is read")
    return memoryview(data)
