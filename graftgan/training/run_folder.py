"""The folder of a run: numbered, named, locked against a second run, with the options that repeat it."""

import fcntl
import json
import re
from pathlib import Path
from typing import Any, TextIO

from graftgan.errors import UserError
from graftgan.files import write_atomically

RECORD = "run.json"


class RunFolder:
    """A run's folder, held by one process at a time.

    Args:
        path: of the folder, which exists.
        hold: take the lock; False for processes that help the one that has it, or only read.

    Raises:
        UserError: another process holds it, or it cannot be written.
    """

    def __init__(self, path: Path, hold: bool = True) -> None:
        self.path = path
        self._lock: TextIO | None = None
        if hold:
            self._take()

    def _take(self) -> None:
        try:
            self._lock = open(self.path / ".lock", "w")  # noqa: SIM115  (held as long as the run)
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            self.close()
            raise UserError(f"{self.path} is in use by another run") from error
        except OSError as error:
            self.close()
            raise UserError(f"{self.path} cannot be written: {error.strerror or error}") from error

    @classmethod
    def create(cls, outdir: Path, name: str) -> "RunFolder":
        """Makes `outdir/0003-name`, one number above the highest there.

        Args:
            outdir: made if missing.
            name: what the run is about; other characters than letters and digits become dashes.

        Raises:
            UserError: `outdir` cannot be written.
        """
        slug = re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-").lower()[:60]
        try:
            outdir.mkdir(parents=True, exist_ok=True)
            while True:
                numbers = [int(m[1]) for p in outdir.iterdir() if (m := re.match(r"(\d+)-", p.name))]
                path = outdir / f"{max(numbers, default=0) + 1:04d}-{slug}"
                try:
                    path.mkdir()
                    return cls(path)
                except FileExistsError:
                    continue
        except OSError as error:
            raise UserError(f"--outdir {outdir}: {error.strerror or error}") from error

    @classmethod
    def open(cls, path: Path, hold: bool = True) -> "RunFolder":
        """Opens the folder of an earlier run.

        Raises:
            UserError: it is not one.
        """
        if not (path / RECORD).is_file():
            raise UserError(f"--resume {path}: not the folder of a run (no {RECORD} in it)")
        return cls(path, hold)

    def write_record(self, record: dict[str, Any]) -> None:
        """Writes `run.json`."""
        write_atomically(self.path / RECORD, json.dumps(record, indent=1).encode())

    def read_record(self) -> dict[str, Any]:
        """Returns what `run.json` holds.

        Raises:
            UserError: it is damaged.
        """
        try:
            record = json.loads((self.path / RECORD).read_bytes())
        except (OSError, ValueError, RecursionError) as error:
            raise UserError(f"{self.path / RECORD} cannot be read: {error}") from error
        if not isinstance(record, dict) or not isinstance(record.get("options"), dict):
            raise UserError(f"{self.path / RECORD} holds no options")
        return record

    def close(self) -> None:
        """Lets go of the folder."""
        if self._lock is not None:
            self._lock.close()
