"""What a person watches while he waits: a bar with step, kimg, images/s, loss and time left."""

import sys
import time

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn


class ProgressBar:
    """A progress bar on a terminal; where the output is a file or a pipe, one plain line now and then.

    Args:
        what: names the work, "adapt" say.
        total: pieces of work in all.
        quiet: show nothing (another process shows it).
        every: seconds between plain lines.

    Example:
        >>> with ProgressBar("count", 2, quiet=True) as bar:
        ...     bar.update(1, "half way")
    """

    def __init__(self, what: str, total: int, *, quiet: bool = False, every: float = 10.0) -> None:
        self.what, self.total, self.quiet, self.every = what, total, quiet, every
        self._start = self._spoken = time.monotonic()
        self._first: int | None = None
        self._bar: Progress | None = None
        if not quiet and sys.stderr.isatty():
            columns = (
                TextColumn("{task.description}"),
                BarColumn(bar_width=24),
                TextColumn("{task.fields[note]}"),
                TimeElapsedColumn(),
                TextColumn("left"),
                TimeRemainingColumn(),
            )
            self._bar = Progress(*columns, console=Console(stderr=True))
            self._task = self._bar.add_task(what, total=total, note="")

    def __enter__(self) -> "ProgressBar":
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def update(self, done: int, note: str = "") -> None:
        """Shows that `done` of the total is done.

        Args:
            done: pieces of work finished.
            note: what to say beside the bar.
        """
        if self.quiet:
            return
        if self._bar is not None:
            self._bar.update(self._task, completed=done, total=self.total, note=note)
            return
        now = time.monotonic()
        if self._first is None:
            self._first, self._start = done, now
        if now - self._spoken < self.every and done < self.total:
            return
        self._spoken = now
        pace = (now - self._start) / max(1, done - self._first)
        left = time.strftime("%H:%M:%S", time.gmtime(pace * (self.total - done)))
        print(f"{self.what} {done}/{self.total}  {note}  left {left}", file=sys.stderr, flush=True)
