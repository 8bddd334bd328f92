"""How fast and in how much memory 100,000 pictures of 64 px become a cache, a prepared folder, and batches.

Makes its own pictures (smooth colour fields with noise, PNG) in a temporary folder, then runs each job in a
process of its own and prints a table: `python benchmarks/prepare_throughput.py [--pictures 100000] [--zip]`.
Figures to reach: 120 s and 1 GB for each of the first two jobs, on two cores.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
import zipfile
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

SIDE = 64
JOBS = ("prepare", "cache, first time", "cache, found", "1,000 batches of 32")


def picture(index: int) -> bytes:
    """PNG bytes of a picture that no other index has."""
    rng = np.random.default_rng(index)
    corners = Image.fromarray(rng.integers(0, 256, (4, 4, 3), dtype=np.uint8))
    field = np.asarray(corners.resize((SIDE, SIDE), Image.Resampling.BICUBIC)).astype(np.int16)
    noisy = np.clip(field + rng.integers(-3, 4, field.shape), 0, 255).astype(np.uint8)
    file = BytesIO()
    Image.fromarray(noisy).save(file, "PNG", compress_level=1)
    return file.getvalue()


def make(home: Path, count: int, as_zip: bool) -> Path:
    """Write the pictures as a folder of ten class folders, or as a zip."""
    names = [f"class{at % 10}/{at:06d}.png" for at in range(count)]
    if as_zip:
        with zipfile.ZipFile(home / "pictures.zip", "w") as archive:
            for at, name in enumerate(names):
                archive.writestr(name, picture(at))
        return home / "pictures.zip"
    for number in range(10):
        (home / "pictures" / f"class{number}").mkdir(parents=True)
    for at, name in enumerate(names):
        (home / "pictures" / name).write_bytes(picture(at))
    return home / "pictures"


def run_job(job: str, source: Path, home: Path) -> None:
    """Do one job and print seconds, peak memory in MB, and what of the memory at the end is no mapped file."""
    from graftgan.data import Batches, load_pictures, prepare_folder

    if job == JOBS[3]:
        import torch

        torch.set_num_threads(1)
        pictures = load_pictures(source, SIDE, cache_dir=home / "cache")
    start = time.perf_counter()
    if job == JOBS[0]:
        prepare_folder(source, home / "out", SIDE)
    elif job == JOBS[3]:
        batches = Batches(pictures.pixels, pictures.labels, 32, seed=0, flip=True)
        for step in range(1000):
            batches.at(step)
    else:
        load_pictures(source, SIDE, cache_dir=home / "cache")
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{seconds:.2f} {peak:.0f} {own_memory()}")


def own_memory() -> str:
    """MB that the system could not take back by dropping mapped file pages; `-` where Linux does not tell."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return "-"
    return next((f"{int(line.split()[1]) / 1024:.0f}" for line in lines if line.startswith("RssAnon")), "-")


def main() -> None:
    """Make the pictures, run the jobs, print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pictures", type=int, default=100_000, help="how many")
    parser.add_argument("--zip", action="store_true", help="as a zip instead of a folder")
    parser.add_argument("--job", choices=JOBS, help=argparse.SUPPRESS)
    parser.add_argument("--source", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.job:
        run_job(options.job, options.source, options.source.parent)
        return
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        source = make(Path(folder), options.pictures, options.zip)
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
        kind = "a zip" if options.zip else "a folder"
        made = time.perf_counter() - start
        print(f"{options.pictures:,} pictures of {SIDE} px in {kind}, {cores} cores ({made:.0f} s to make)")
        print("| job | seconds | pictures/s | peak memory MB | own memory at the end MB |\n|---|---|---|---|---|")
        for job in JOBS:
            command = [sys.executable, __file__, "--job", job, "--source", str(source)]
            answer = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
            count = 32_000 if job == JOBS[3] else options.pictures
            print(
                f"| {job} | {answer[0]} | {count / float(answer[0]):,.0f} | {answer[1]} | {answer[2]} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
