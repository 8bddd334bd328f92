"""How long a user waits for text after typing `graftgan --help`, and how much of that is Python's own start.

The command writes to a terminal of its own (a pseudo-terminal), as it would on the user's screen; the clock runs from
before the process is made to the first byte that arrives. `python -c pass`, to its end, is the floor.

    python benchmarks/startup.py [--runs 10]

Asked: at most 0.5 s.
"""

import argparse
import os
import pty
import statistics
import subprocess
import sys
import time
from pathlib import Path

FLOOR = [sys.executable, "-c", "pass"]
HELP = [str(Path(sys.executable).with_name("graftgan")), "--help"]


def seconds_to_text(command: list[str]) -> float:
    """Seconds from before the process is made to its first byte on a terminal; to its end if it writes nothing."""
    screen, terminal = pty.openpty()
    try:
        start = time.perf_counter()
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=terminal, stderr=subprocess.DEVNULL) as process:
            os.close(terminal)
            try:
                os.read(screen, 1)
            except OSError:  # Linux's way to say that the other end was closed unwritten
                pass
            seconds = time.perf_counter() - start
            drain(screen)
    finally:
        os.close(screen)
    if process.returncode != 0:
        raise SystemExit(f"{' '.join(command)} ended with code {process.returncode}")
    return seconds


def drain(screen: int) -> None:
    """Reads what is left, so that the process can end."""
    try:
        while os.read(screen, 65536):
            pass
    except OSError:
        pass


def main() -> None:
    """Measures both in turn, prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=10, help="of each command")
    runs = parser.parse_args().runs
    if not Path(HELP[0]).exists():
        parser.error(f"{HELP[0]} is not there: install graftgan in this environment")
    found: dict[str, list[float]] = {"graftgan --help": [], "python -c pass": []}
    for _ in range(runs):
        for seconds, command in zip(found.values(), (HELP, FLOOR), strict=True):
            seconds.append(seconds_to_text(command))
    print(f"load average {os.getloadavg()[0]:.2f}, {runs} runs of each, in turn\n")
    print("| command | asked s | median s | lowest to highest s | the first run s |\n|---|---|---|---|---|")
    for (name, seconds), asked in zip(found.items(), ("0.5", "-"), strict=True):
        spread = f"{min(seconds):.3f} to {max(seconds):.3f}"
        print(f"| `{name}` | {asked} | {statistics.median(seconds):.3f} | {spread} | {seconds[0]:.3f} |")


if __name__ == "__main__":
    main()
