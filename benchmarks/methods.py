"""What a step of every method costs on a CPU, as a multiple of plain fine-tuning's step on the same source.

Times are seconds of CPU of one thread, not of the clock. All methods take turns, step by step, in one process, plain
fine-tuning twice a turn, so that what a neighbour does to caches falls on all of them. A round has as many steps as lie
from one R1 to the next: each term of a step has its true share. Two sources, each measured on its own: the embedded
one, and a small StyleGAN2 of 32 px drawn by seed.

    python benchmarks/methods.py [--methods lowrank cdc] [--sources avatars-64] --out docs/methods-cost.json

Prints a table as it goes; a method that is named replaces its own numbers in the file and leaves those of the others,
so that a list of methods can be measured in pieces. Afterwards: python tools/make_methods_table.py
"""

import argparse
import itertools
import json
import platform
import statistics
import sys
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import torch
from torch import Tensor

from graftgan.devices import launch
from graftgan.errors import UserError
from graftgan.methods import METHODS, Method
from graftgan.methods.base import Preparation
from graftgan.methods.step import take_step
from graftgan.randomness import generator_at
from graftgan.recipes.adapt import AdaptOptions
from graftgan.recipes.pair import draw_pair, make_state, starting_pair
from graftgan.recipes.small_delta import taken
from graftgan.state import State
from graftgan.surgery.merge import merged
from graftgan.training import ema
from graftgan.training.run_folder import RunFolder
from graftgan.zoo.delta import save_delta
from graftgan.zoo.model_folder import Model, save_model

BASELINE, EMBEDDED, DRAWN = "finetune", "avatars-64", "stylegan2-32"
PHOTOS = 10
FABRIC = launch("cpu", "32")


class Run:
    """A pair prepared by one method at its defaults, and the ten pictures of noise that it is shown."""

    def __init__(self, name: str, source: str, batch: int) -> None:
        self.name, self.source = name, source
        self.options = AdaptOptions(source=source, method=name, batch=batch, devices="cpu")
        self.method: Method = METHODS[name]()
        self.model = starting_pair(self.options, None, 0)
        generator = self.model.generator
        shape = (PHOTOS, generator.channels, generator.resolution, generator.resolution)
        photos = torch.rand(shape, generator=generator_at(0, 0, purpose="real")) * 2 - 1
        self.photos = photos.contiguous(memory_format=torch.channels_last)
        self.rules = self.method.game(self.options.rules(generator.resolution))
        preparation = Preparation(
            self.real_at, self.rules, FABRIC, 0, None, lambda *told: None, lambda most: self.photos[:most].clone()
        )
        began = time.process_time()
        self.state: State = make_state(self.model, self.options, self.method, FABRIC.device, preparation)
        self.prepared_s = time.process_time() - began

    def real_at(self, index: int) -> tuple[Tensor, None]:
        """A batch, each picture as often as the others up to one."""
        rows = (torch.arange(self.options.batch) + index * self.options.batch) % PHOTOS
        return self.photos[rows].contiguous(memory_format=torch.channels_last), None

    def timed_step(self) -> float:
        """CPU seconds of one whole step, as the loop takes it."""
        state, options = self.state, self.options
        real, labels = self.real_at(state.step)
        began = time.process_time()
        rng = generator_at(0, state.step)
        take_step(state, self.method, real, labels, self.rules, FABRIC, rng)
        self.method.after_step(state)
        state.step += 1
        state.images += options.batch
        keep = ema.decay(options.batch, state.images, options.ema_kimg, options.ema_rampup)
        ema.update(state.average, state.generator, keep)
        return time.process_time() - began

    def held_bytes(self) -> int:
        """Bytes of all that the run keeps from step to step: weights, buffers, shelves, moments of the optimisers."""
        modules = {id(tensor): tensor for _, m in self.state.modules() for tensor in (*m.parameters(), *m.buffers())}
        moments = [
            value
            for _, optimiser, _ in self.state.optimisers()
            for slots in optimiser.state.values()
            for value in slots.values()
            if isinstance(value, Tensor)
        ]
        return sum(tensor.nbytes for tensor in (*modules.values(), *moments))

    def delta_bytes(self, folder: Path) -> int | None:
        """Bytes of the small delta after the steps that were taken; None for a method that leaves none."""
        if not self.method.small:
            return None
        average = self.state.average
        model = Model(self.model.network, merged(average).eval(), None, {})
        finished: Any = SimpleNamespace(
            state=self.state, fabric=FABRIC, folder=RunFolder(folder, hold=False), source=self.model
        )
        delta = taken(finished, self.options, self.method, average, model)
        return None if delta is None else save_delta(folder, delta)


def measure(names: list[str], source: str, batch: int, rounds: int, folder: Path) -> dict[str, dict[str, Any]]:
    """Returns the numbers of every method on one source; one that refuses the source has its reason instead."""
    found: dict[str, dict[str, Any]] = {}
    runs, bases = [], [Run(BASELINE, source, batch) for _ in range(2)]
    for name in names:
        try:
            run = Run(name, source, batch)
            run.timed_step()
        except UserError as error:
            found[name] = {"refused": str(error)}
            continue
        print(f"{Path(source).name}: {name} prepared in {run.prepared_s:.1f} s", file=sys.stderr, flush=True)
        runs.append(run)
    for base in bases:
        base.timed_step()
    steps = bases[0].rules.r1_every
    ratios: dict[str, list[float]] = {run.name: [] for run in runs}
    for number in range(rounds):
        seconds: dict[int, float] = dict.fromkeys(map(id, (*runs, *bases)), 0.0)
        order = [bases[0], *runs[: len(runs) // 2], bases[1], *runs[len(runs) // 2 :]]
        for step in range(steps):
            turn = step % len(order)
            for run in (*order[turn:], *order[:turn]):
                seconds[id(run)] += run.timed_step()
        plain = sum(seconds[id(base)] for base in bases) / len(bases)
        for run in runs:
            ratios[run.name].append(seconds[id(run)] / plain)
        print(
            f"{Path(source).name}: round {number + 1} of {rounds}, a plain step takes {plain / steps:.3f} s",
            file=sys.stderr,
        )
    for run in runs:
        delta = run.delta_bytes(folder / f"delta-{run.name}-{Path(source).name}")
        found[run.name] = {
            "factor": round(statistics.median(ratios[run.name]), 3),
            "low": round(min(ratios[run.name]), 3),
            "high": round(max(ratios[run.name]), 3),
            "prepare_s": round(run.prepared_s, 1),
            "prepare_steps": round(run.prepared_s / (plain / steps), 1),
            "extra_mb": round((run.held_bytes() - bases[0].held_bytes()) / 1e6, 2),
            "delta_kb": None if delta is None else round(delta / 1000, 1),
        }
    return {name: found[name] for name in names}


def row(name: str, source: str, cost: dict[str, Any]) -> str:
    """A row of the printed table."""
    if "refused" in cost:
        return f"| {name} | {source} | refused: {cost['refused']} | | | |"
    delta = "" if cost["delta_kb"] is None else f"{cost['delta_kb']}"
    return (
        f"| {name} | {source} | {cost['factor']:.2f} ({cost['low']:.2f} to {cost['high']:.2f}) | {cost['prepare_s']} "
        f"| {cost['extra_mb']:+.1f} | {delta} |"
    )


def drawn_source(folder: Path) -> str:
    """A narrow StyleGAN2 of 32 px, drawn by seed, as a model folder."""
    options = AdaptOptions(source="none", network="stylegan2", cbase=512, cmax=32, devices="cpu")
    save_model(folder, draw_pair(options, 32, 0), "")
    return str(folder)


def merge_into(path: Path, sources: dict[str, dict[str, dict[str, Any]]], protocol: dict[str, Any]) -> None:
    """Writes what was found, beside what the file holds of other methods and sources, in the order of METHODS."""
    before = json.loads(path.read_text())["methods"] if path.exists() else {}
    after: dict[str, dict[str, Any]] = {}
    for name, source in itertools.product(METHODS, (EMBEDDED, DRAWN)):
        cost = sources.get(source, {}).get(name) or before.get(name, {}).get(source)
        if cost is not None:
            after.setdefault(name, {})[source] = cost
    path.write_text(json.dumps({"protocol": protocol, "methods": after}, indent=1) + "\n")


def main() -> None:
    """Reads the options, measures, prints, writes."""
    parser = argparse.ArgumentParser(description=cast(str, __doc__).splitlines()[0])
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=list(METHODS), metavar="NAME")
    parser.add_argument("--sources", nargs="+", choices=[EMBEDDED, DRAWN], default=[EMBEDDED, DRAWN])
    parser.add_argument("--batch", type=int, default=16, help="pictures a step")
    parser.add_argument("--rounds", type=int, default=3, help="ratios to take the median of")
    parser.add_argument("--out", type=Path, help="JSON to write; numbers of other methods in it stay")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    protocol = {
        "torch": torch.__version__,
        "machine": platform.machine(),
        "threads": 1,
        "batch": asked.batch,
        "rounds": asked.rounds,
    }
    print(", ".join(f"{name} {value}" for name, value in protocol.items()) + "\n")
    head = "| method | source | step / fine-tuning's (low to high) | preparation s | held beyond it MB | delta kB |"
    print(f"{head}\n|---|---|---|---|---|---|", flush=True)
    found: dict[str, dict[str, dict[str, Any]]] = {}
    with tempfile.TemporaryDirectory() as temporary:
        for source in asked.sources:
            where = source if source == EMBEDDED else drawn_source(Path(temporary) / DRAWN)
            found[source] = measure(asked.methods, where, asked.batch, asked.rounds, Path(temporary))
            for name, cost in found[source].items():
                print(row(name, source, cost), flush=True)
            if asked.out:
                merge_into(asked.out, found, protocol)


if __name__ == "__main__":
    main()
