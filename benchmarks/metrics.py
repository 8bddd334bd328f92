"""How long the metrics of two large sets of features take, and how much memory.

Each group runs in a process of its own, which makes the features (seeded, float32, as an encoder gives them), so that
its peak is its own; the features are in it, making them is not in the seconds. Seconds are on the wall; the processor's
(all threads together) stand beside them, since on a busy machine they are nearer to what the work costs. Values are
shown only to prove that it was done.

    python benchmarks/metrics.py [--pictures 5000] [--dimensions 2048]

Asked, of 5,000 x 5,000 features of 2,048 dimensions on two cores: FID at most 15 s; KID, precision, recall, density and
coverage at most 30 s together, under 2 GB.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import time

import numpy as np

from graftgan.metrics import METRICS

# group -> (metrics, seconds, gigabytes)
ASKED = {
    "FID": (("fid",), 15.0, None),
    "the others": (("kid", "precision", "recall", "density", "coverage"), 30.0, 2.0),
}


def measure(group: str, pictures: int, dimensions: int) -> dict[str, object]:
    """Measures one group here: seconds, processor seconds and value of each, and the peak in gigabytes (1e9 bytes)."""
    rng = np.random.default_rng(0)
    real, fake = (rng.standard_normal((pictures, dimensions), np.float32) for _ in range(2))
    fake += 0.01
    found: dict[str, tuple[float, float, float]] = {}
    for name in ASKED[group][0]:
        start, busy = time.perf_counter(), time.process_time()
        value = METRICS[name].compute(real, fake).value
        found[name] = (time.perf_counter() - start, time.process_time() - busy, value)
    unit = 1 if sys.platform == "darwin" else 1024
    return {"metrics": found, "gigabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e9}


def mark(value: float, asked: float | None) -> str:
    """What stands beside a figure."""
    return "-" if asked is None else f"{asked:g}, {'met' if value <= asked else 'MISSED'}"


def main() -> None:
    """Measures both groups, one after the other, and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pictures", type=int, default=5000, help="on each side")
    parser.add_argument("--dimensions", type=int, default=2048)
    parser.add_argument("--group", choices=list(ASKED), help="measure this one here, and print JSON")
    args = parser.parse_args()
    if args.group:
        print(json.dumps(measure(args.group, args.pictures, args.dimensions)))
        return
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    print(f"{args.pictures:,} x {args.pictures:,} features of {args.dimensions:,} dimensions, {cores} cores, ", end="")
    print(f"OMP_NUM_THREADS {os.environ.get('OMP_NUM_THREADS', 'unset')}, load average {os.getloadavg()[0]:.2f}\n")
    print("| metric | s | asked s | CPU s | peak GB | asked GB | value |\n|---|---|---|---|---|---|---|", flush=True)
    for group, (_, seconds, gigabytes) in ASKED.items():
        sizes = ["--pictures", str(args.pictures), "--dimensions", str(args.dimensions)]
        command = [sys.executable, __file__, "--group", group, *sizes]
        found = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True).stdout)
        for name, (taken, busy, value) in found["metrics"].items():
            print(f"| {name} | {taken:.1f} | | {busy:.1f} | | | {value:.4g} |")
        total, busy = (sum(one[column] for one in found["metrics"].values()) for column in (0, 1))
        peak = found["gigabytes"]
        limits = mark(total, seconds), f"{busy:.1f}", f"{peak:.2f}", mark(peak, gigabytes)
        print(f"| **{group}** | {total:.1f} | {' | '.join(limits)} | |", flush=True)


if __name__ == "__main__":
    main()
