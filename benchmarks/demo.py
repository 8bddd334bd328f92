"""How long `graftgan demo` takes, how much memory, and whether what it makes is any good.

Runs the command itself in a process of its own, once a seed, into a temporary folder, and reads the run's
metrics.json. The demo's own bar and lines go to stderr; the table alone goes to stdout.

    python benchmarks/demo.py [--seeds 0 1 2] [--devices cpu] [--outdir KEPT]

Asked: at most 180 s, at most 2 GB, adapted KID at most half of the source's, at most 2 copies of 64.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SECONDS, GIGABYTES, KID_RATIO, COPIES = 180.0, 2.0, 0.5, 2 / 64
COMMAND = [str(Path(sys.executable).with_name("graftgan")), "demo"]


@dataclass(frozen=True)
class Cost:
    """What a command took.

    Attributes:
        seconds: on the wall, from before the process is made to its end.
        gigabytes: largest resident memory (1e9 bytes) of any one of its processes, mapped files included.
    """

    seconds: float
    gigabytes: float


def run(command: list[str]) -> Cost:
    """Runs a command to its end; ends this program if it fails."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=sys.stderr)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise SystemExit(f"{' '.join(command)} ended with code {process.returncode}")
    unit = 1 if sys.platform == "darwin" else 1024
    return Cost(seconds, usage.ru_maxrss * unit / 1e9)


def mark(met: bool) -> str:
    """What stands beside a figure."""
    return "met" if met else "MISSED"


def row(seed: int, cost: Cost, metrics: dict[str, Any]) -> str:
    """The table's row of one seed: each figure with what was asked of it."""
    if "kid" not in metrics or "copies" not in metrics:
        raise SystemExit("metrics.json lacks kid or copies: " + " ".join(metrics["missing"]))
    kid, copies = metrics["kid"], metrics["copies"]
    adapted, source = kid["adapted"]["value"], kid["source"]["value"]
    copied = copies["adapted"]["value"]
    floor = f"{copies['floor']['value']:.3f}" if "floor" in copies else "-"
    error = kid["adapted"]["error"]
    return (
        f"| {seed} | {cost.seconds:.0f}, {mark(cost.seconds <= SECONDS)} "
        f"| {cost.gigabytes:.2f}, {mark(cost.gigabytes <= GIGABYTES)} "
        f"| {adapted:.4f}{'' if error is None else f' ± {error:.4f}'} | {source:.4f} | {kid['floor']['value']:.4f} "
        f"| {adapted / source:.2f}, {mark(adapted <= KID_RATIO * source)} "
        f"| {copied:.3f}, {mark(copied <= COPIES)} | {floor} |"
    )


def protocol(metrics: dict[str, Any]) -> str:
    """How the two numbers were found, in the words of metrics.json."""
    return "\n".join(
        f"{name}: " + ", ".join(f"{key} {value}" for key, value in metrics[name]["adapted"]["protocol"].items())
        for name in ("kid", "copies")
    )


def main() -> None:
    """Runs the demo once a seed, prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0], help="the demo's own seed is 0")
    parser.add_argument("--devices", default="cpu", help="as of `graftgan demo`")
    parser.add_argument("--outdir", type=Path, help="keep the runs here")
    options = parser.parse_args()
    if not Path(COMMAND[0]).exists():
        parser.error(f"{COMMAND[0]} is not there: install graftgan in this environment")
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    print(f"{cores} cores, load average {os.getloadavg()[0]:.2f} at the start\n")
    print("| seed | seconds | peak GB | KID adapted | KID source | KID floor | adapted / source | copies | by chance |")
    print("|---|---|---|---|---|---|---|---|---|")
    print(f"| asked | <= {SECONDS:.0f} | <= {GIGABYTES:.0f} | | | | <= {KID_RATIO} | <= {COPIES:.3f} | |", flush=True)
    with tempfile.TemporaryDirectory() as temporary:
        for seed in options.seeds:
            home = (options.outdir or Path(temporary)) / f"seed-{seed}"
            before = set(home.glob("*/metrics.json"))
            cost = run([*COMMAND, "--outdir", str(home), "--devices", options.devices, "--seed", str(seed)])
            (written,) = set(home.glob("*/metrics.json")) - before
            metrics = json.loads(written.read_text())
            print(row(seed, cost, metrics), flush=True)
    print(f"\n(copies: share of the samples; by chance: of the hold-out, by the same rule)\n{protocol(metrics)}")


if __name__ == "__main__":
    main()
