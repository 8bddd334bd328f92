"""The run's log: one JSON line a tick, and the same numbers as TensorBoard events."""

import json
import os
from pathlib import Path
from typing import Any

from torch.utils.tensorboard import SummaryWriter

from graftgan.files import write_atomically


class Log:
    """Appends ticks to `log.jsonl` and to TensorBoard events in the run's folder.

    Args:
        folder: the run's.
        resume_step: ticks after this step are dropped first, as they will be written again; None starts afresh.
    """

    def __init__(self, folder: Path, resume_step: int | None = None) -> None:
        self.path = folder / "log.jsonl"
        lines = [line for line in read_log(folder) if resume_step is not None and line["step"] <= resume_step]
        write_atomically(self.path, "".join(json.dumps(line) + "\n" for line in lines).encode())
        purge = None if resume_step is None else resume_step + 1
        self._events = SummaryWriter(str(folder / "events"), purge_step=purge)

    def write(self, step: int, numbers: dict[str, Any]) -> None:
        """Writes one tick.

        Args:
            step: of the run.
            numbers: JSON values; those that are numbers become TensorBoard scalars too.
        """
        with open(self.path, "a") as file:
            file.write(json.dumps({"step": step, **numbers}) + "\n")
            file.flush()
            os.fsync(file.fileno())
        for name, value in numbers.items():
            if isinstance(value, int | float):
                self._events.add_scalar(name, value, step)
        self._events.flush()

    def close(self) -> None:
        """Closes the event file."""
        self._events.close()


def read_log(folder: Path) -> list[dict[str, Any]]:
    """Returns the ticks of a run, oldest first; a last line cut short by a kill is left out.

    Args:
        folder: the run's.

    Returns:
        One dict a tick.
    """
    path = folder / "log.jsonl"
    ticks = []
    for line in path.read_text(errors="replace").splitlines() if path.exists() else []:
        try:
            tick = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(tick, dict) and isinstance(tick.get("step"), int):
            ticks.append(tick)
    return ticks
