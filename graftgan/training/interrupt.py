"""Ctrl-C and SIGTERM: the step under way is finished, a checkpoint is written, then the run ends."""

import signal
import threading
from types import FrameType


class Interrupt:
    """Remembers that the user, or the system, asked the run to stop.

    Used as a context manager around a run; a second Ctrl-C stops at once. In a thread other than the main one,
    where Python allows no handlers, it never fires.

    Example:
        >>> with Interrupt() as interrupt:
        ...     interrupt.asked
        False
    """

    def __init__(self) -> None:
        self.asked = False
        self._before: dict[int, signal._HANDLER] = {}

    def __enter__(self) -> "Interrupt":
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._before[number] = signal.signal(number, self._note)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _note(self, number: int, _: FrameType | None) -> None:
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True
