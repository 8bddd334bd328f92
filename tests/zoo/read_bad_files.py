"""Converts every file of a folder in this one process and tells what happened: test_bad_files.py runs it."""

import contextlib
import io
import json
import os
import resource
import sys
import time
import warnings
from pathlib import Path

WATCHED = (
    "os.",
    "subprocess.",
    "socket.",
    "shutil.",
    "ctypes.",
    "pty.",
    "exec",
    "compile",
    "import",
    "marshal.",
    "pickle.",
)
HARMLESS = ("os.listdir", "os.scandir", "os.putenv")
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT


def main(folder: Path, warm: Path) -> None:
    """Prints a JSON line a file: exit code, lines said, seconds, peak memory in kB, and what was done."""
    from graftgan.cli.main import main as graftgan
    from graftgan.recipes import convert

    done: list[str] = []
    watching = False
    run = convert.run

    def watched(options: convert.ConvertOptions) -> object:
        """The job itself; the parsing of the command line, which compiles dataclasses, lies outside."""
        nonlocal watching
        watching = Path(options.file or "").parent == folder
        try:
            return run(options)
        finally:
            watching = False

    convert.run = watched

    def hook(event: str, arguments: tuple) -> None:
        if not watching:
            return
        if event == "open" and isinstance(arguments[2], int) and arguments[2] & WRITES:
            done.append(f"open {arguments[0]}")
        elif event.startswith(WATCHED) and not event.startswith(HARMLESS):
            done.append(f"{event} {str(arguments)[:80]}")

    sys.addaudithook(hook)
    out = folder.parent / "out"
    for path in [*sorted(warm.iterdir()), *sorted(folder.iterdir())]:
        said, done[:] = io.StringIO(), []
        began = time.perf_counter()
        with contextlib.redirect_stderr(said), contextlib.redirect_stdout(said), warnings.catch_warnings():
            warnings.simplefilter("error")
            try:
                code = graftgan(["convert", str(path), str(out / path.name)])
            except BaseException as error:  # a traceback is what must never be
                code = f"{type(error).__name__}: {error}"
        row = dict(
            name=path.name,
            code=code,
            said=said.getvalue(),
            seconds=time.perf_counter() - began,
            peak_kb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
            done=done[:5],
        )
        print(json.dumps(row), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
