"""What learning to be adapted is worth: a meta-learnt source beside what a user would do instead, on unseen classes.

python benchmarks/meta.py TASKS --meta RUN --ordinary RUN --out FOLDER

Every way gets the same pictures of every test class and is judged by the class's other pictures:

- `meta`: the source's own inner loop (`graftgan adapt --method auto`, `graftgan.vary`);
- `finetune`: `--method finetune` with adapt's defaults, but for the watch, from an ordinarily trained source;
- `tuned`: the same with the learning rate that was best, for ten and for a hundred steps of five photos, on the tuning
  classes; more steps take the rate of a hundred;
- `loop`: the ordinary source, played by the very loop of the meta-learnt one: what meta-learning itself added;
- `scratch`: the same network and budget from random weights;
- `nearest`: pictures of the learnt class that lies nearest to the photos (copies of real pictures, no generator).

The classes are those that `--held-out-classes H --seed S` of both runs left out: the first `--classes` of them are
judged, the others only choose the learning rate. KID is of 64 samples against the class's remaining pictures, in the
features of `strokes` (or another --encoder), which never saw these classes. It is unbiased at any number of pictures,
but noisy with fifteen: the spread that is shown is over classes. Diversity is the mean distance of two samples as a
part of that of two remaining pictures; it has no bias from the number either. Near a photo: the share of samples that
lie nearer to a photo than any remaining picture does; for copies of the photos it is 1.

Rows are kept in rows.csv as they come; the same command goes on where it stopped.
"""

import argparse
import csv
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from graftgan.data import Batches, load_pictures
from graftgan.data.tasks import Tasks, as_tasks
from graftgan.devices import launch
from graftgan.features import ENCODERS, Encoder
from graftgan.methods.base import Preparation
from graftgan.methods.step import take_step
from graftgan.metrics import kid
from graftgan.networks import Generator
from graftgan.randomness import generator_at
from graftgan.recipes.adapt import AdaptOptions
from graftgan.recipes.learnt_loop import LearntLoop, learnt_loop
from graftgan.recipes.options import method_from
from graftgan.recipes.pair import draw_pair, make_state, starting_pair
from graftgan.recipes.train import TrainOptions
from graftgan.recipes.vary import played
from graftgan.sampling.sample import sample
from graftgan.training import ema
from graftgan.zoo.model_folder import Model, load_model
from graftgan.zoo.sources import find_source

SAMPLES, SHOWN = 64, 8
RATES = (0.0004, 0.001, 0.002, 0.004, 0.008, 0.016)
FIELDS = ("way", "class", "shots", "steps", "kid", "diversity", "near_photo", "seconds")
Snapshots = dict[int, tuple[np.ndarray, float]]
"""Steps -> samples (N, H, W, C) and seconds, the drawing of the samples included."""


@dataclass(frozen=True)
class Judge:
    """What all samples are told by."""

    encoder: Encoder

    def features(self, pixels: np.ndarray) -> np.ndarray:
        """Returns float64 features (N, dim) of uint8 pictures."""
        return self.encoder.encode(pixels, batch=64).astype(np.float64)

    def told(self, samples: np.ndarray, photos: np.ndarray, rest: np.ndarray) -> dict[str, float]:
        """Returns the three measures of one way on one class."""
        fake, near, far = (self.features(pixels) for pixels in (samples, photos, rest))
        closest = distances(far, near).min(axis=0)
        return {
            "kid": kid(far, fake).value,
            "diversity": spread(fake) / spread(far),
            "near_photo": float((distances(fake, near) < closest).any(axis=1).mean()),
        }


def distances(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Returns Euclidean distances (N, M) of rows."""
    return np.asarray(np.sqrt(((a[:, None] - b[None]) ** 2).sum(-1)))


def spread(rows: np.ndarray) -> float:
    """Returns the mean distance of two different rows."""
    return float(distances(rows, rows).sum() / (len(rows) * (len(rows) - 1)))


def by_meta(model: Model, loop: LearntLoop, photos: np.ndarray, stops: Sequence[int]) -> Snapshots:
    """Plays the learnt inner loop as `graftgan.vary` does, anew for every number of steps."""
    found = {}
    for steps in stops:
        began = time.monotonic()
        generator, _ = played(model, loop, photos, steps, 0, lambda step: None)
        found[steps] = drawn(generator, time.monotonic() - began)
    return found


def by_finetune(model: Model, rate: float | None, photos: np.ndarray, stops: Sequence[int]) -> Snapshots:
    """Fine-tunes a pair as `graftgan adapt --method finetune` does, average and augmentation included."""
    began = time.monotonic()
    batch = 16
    options = AdaptOptions(method="finetune", batch=batch, kimg=max(stops) * batch / 1000, lr_g=rate, lr_d=rate)
    rules, schedule, fabric = options.rules(model.generator.resolution), options.schedule(), launch("cpu")
    source = Batches(photos, np.zeros(len(photos), np.int64), batch, seed=0)

    def real_at(step: int) -> tuple[Tensor, None]:
        images, _ = source.at(step)
        return (images.mean(dim=1, keepdim=True) if model.generator.channels == 1 else images), None

    method = method_from("finetune", ())
    nothing: Callable[[int, int, str], None] = lambda done, of, note: None  # noqa: E731
    preparation = Preparation(real_at, rules, fabric, 0, None, nothing, lambda most: real_at(0)[0])
    state = make_state(model, options, method, torch.device("cpu"), preparation)
    found, spent = {}, time.monotonic() - began
    for step in range(max(stops)):
        began = time.monotonic()
        take_step(state, method, real_at(step)[0], None, rules, fabric, generator_at(0, step))
        state.step, state.images = step + 1, state.images + batch
        ema.update(
            state.average, state.generator, ema.decay(batch, state.images, schedule.half_life_kimg, schedule.rampup)
        )
        spent += time.monotonic() - began
        if step + 1 in stops:
            found[step + 1] = drawn(state.average, spent)
    return found


def drawn(generator: torch.nn.Module, spent: float) -> tuple[np.ndarray, float]:
    """Returns samples as colour pictures, and the seconds until they are there."""
    assert isinstance(generator, Generator)
    began = time.monotonic()
    pixels = sample(generator.eval(), range(SAMPLES), batch=SAMPLES)
    return np.broadcast_to(pixels, (*pixels.shape[:3], 3)), spent + time.monotonic() - began


def by_nearest(judge: Judge, tasks: Tasks, centres: np.ndarray, photos: np.ndarray) -> np.ndarray:
    """Returns pictures of the learnt class whose mean lies nearest to the photos' mean."""
    mean = judge.features(photos).mean(axis=0)
    nearest = int(tasks.train[((centres - mean) ** 2).sum(axis=1).argmin()])
    return np.array(tasks.pictures.pixels[tasks.of(nearest)])


def scratch_pair(like: Model, seed: int) -> Model:
    """Returns the same network with random weights."""
    g = like.generator.config()
    options = TrainOptions(
        network=like.network, cbase=g["channel_base"], cmax=g["channel_max"], z_dim=g["z_dim"], seed=seed,
        layer_norm=bool(g.get("layer_norm")), grey=g["channels"] == 1,
    )  # fmt: skip
    return draw_pair(options, g["resolution"], 0)


def fresh(source: str) -> Model:
    """Returns a source's pair, owned by the caller."""
    return starting_pair(AdaptOptions(source=source), None, 0)


def best_rates(
    judge: Judge, ordinary: str, tasks: Tasks, classes: Sequence[int], stops: Sequence[int]
) -> dict[str, Any]:
    """Returns, for every number of steps, the learning rate whose mean KID over the tuning classes is lowest."""
    table: dict[str, dict[str, float]] = {}
    for rate in RATES:
        kids: dict[int, list[float]] = {stop: [] for stop in stops}
        for task in classes:
            pixels = np.array(tasks.pictures.pixels[tasks.of(task)])
            for stop, (samples, _) in by_finetune(fresh(ordinary), rate, pixels[:5], stops).items():
                kids[stop].append(judge.told(samples, pixels[:5], pixels[5:])["kid"])
        table[str(rate)] = {str(stop): float(np.mean(values)) for stop, values in kids.items()}
        print(f"rate {rate}: {table[str(rate)]}", flush=True)
    best = {str(stop): min(RATES, key=lambda rate: table[str(rate)][str(stop)]) for stop in stops}
    return {"kid": table, "best": best, "classes": len(classes)}


def check_setting(path: Path, options: argparse.Namespace, models: dict[str, Model]) -> None:
    """Refuses to mix rows of other models, classes or encoders with those of the folder."""
    setting = {name: [model.digest, model.discriminator_digest] for name, model in models.items()}
    setting |= {key: getattr(options, key) for key in ("held_out_classes", "classes", "seed", "encoder", "threads")}
    if path.exists() and json.loads(path.read_text()) != setting:
        raise SystemExit(f"{path.parent} holds rows of other models or settings: name another --out")
    path.write_text(json.dumps(setting, indent=1) + "\n")


class Rows:
    """The measured rows, on disk as they come."""

    def __init__(self, path: Path) -> None:
        """Read what is there already."""
        self.path = path
        self.rows: list[dict[str, str]] = []
        if path.exists():
            with path.open(newline="") as file:
                self.rows = list(csv.DictReader(file))
        else:
            path.write_text(",".join(FIELDS) + "\n")

    def has(self, way: str, name: str, shots: int, stops: Sequence[int]) -> bool:
        """Whether all of these are measured."""
        done = {(row["way"], row["class"], int(row["shots"]), int(row["steps"])) for row in self.rows}
        return all((way, name, shots, stop) in done for stop in stops)

    def add(self, way: str, name: str, shots: int, steps: int, told: dict[str, float], seconds: float) -> None:
        """Keep one."""
        if self.has(way, name, shots, [steps]):
            return
        values = [way, name, shots, steps, *(f"{told[key]:.4f}" for key in FIELDS[4:7]), f"{seconds:.2f}"]
        row = dict(zip(FIELDS, map(str, values), strict=True))
        self.rows.append(row)
        with self.path.open("a", newline="") as file:
            csv.DictWriter(file, FIELDS).writerow(row)


def main() -> None:
    """Measures what is missing, way by way, class by class."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tasks", type=Path)
    parser.add_argument("--meta", required=True)
    parser.add_argument("--ordinary", required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--held-out-classes", type=int, default=40)
    parser.add_argument("--classes", type=int, default=24)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--shots", type=int, nargs="+", default=[5])
    parser.add_argument("--steps", type=int, nargs="+", default=[10, 100])
    parser.add_argument("--ways", nargs="+", default=["nearest", "meta", "loop", "finetune", "tuned", "scratch"])
    parser.add_argument("--encoder", default="strokes")
    parser.add_argument("--first", type=int, help="only so many of the judged classes")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    options.out.mkdir(parents=True, exist_ok=True)
    meta, judge = load_model(find_source(options.meta)), Judge(ENCODERS[options.encoder]())
    loop = learnt_loop(meta, options.meta)
    if loop is None:
        parser.error(f"--meta {options.meta} has learnt no inner loop")
    if options.classes >= options.held_out_classes:
        parser.error("--classes: some of the held-out classes must be left to choose the learning rate")
    if options.encoder == "strokes" and (options.seed != 0 or options.held_out_classes > 40):
        parser.error("--encoder strokes left out the 40 classes of seed 0, and no others")
    pictures = load_pictures(options.tasks, meta.generator.resolution)
    tasks = as_tasks(pictures, options.held_out_classes, 1, options.seed)
    judged = {pictures.classes[int(task)] for task in tasks.held_out}
    ordinary = load_model(find_source(options.ordinary))
    for name, model in ((options.meta, meta), (options.ordinary, ordinary)):
        if not judged <= set(model.about.get("held_out_classes", [])):
            parser.error(f"{name} did not hold out every class that is judged or tuned on (its facts say so)")
    check_setting(options.out / "setting.json", options, {"meta": meta, "ordinary": ordinary})
    test = [int(task) for task in as_tasks(pictures, options.classes, 1, options.seed).held_out]
    tuning = [int(task) for task in tasks.held_out if int(task) not in test]
    centres = np.stack([judge.features(pictures.pixels[tasks.of(int(task))]).mean(axis=0) for task in tasks.train])
    rows, shown = Rows(options.out / "rows.csv"), options.out / "samples"
    shown.mkdir(exist_ok=True)
    rates = options.out / "rates.json"
    if "tuned" in options.ways and not rates.exists():
        found = best_rates(judge, options.ordinary, tasks, tuning[:8], [10, 100])
        rates.write_text(json.dumps(found, indent=1) + "\n")

    def keep(way: str, task: int, shots: int, found: Snapshots) -> None:
        pixels = np.array(pictures.pixels[tasks.of(task)])
        for steps, (samples, seconds) in found.items():
            told = judge.told(samples, pixels[:shots], pixels[shots:])
            rows.add(way, pictures.classes[task], shots, steps, told, seconds)
            np.save(shown / f"{way}-{task}-{shots}-{steps}.npy", samples[:SHOWN])

    for shots in options.shots:
        for way in options.ways:
            for task in test[: options.first]:
                photos = np.array(pictures.pixels[tasks.of(task)[:shots]])
                stops = [0] if way == "nearest" else options.steps
                if rows.has(way, pictures.classes[task], shots, stops):
                    continue
                if way == "nearest":
                    found: Snapshots = {0: (by_nearest(judge, tasks, centres, photos), 0.0)}
                elif way == "meta":
                    found = by_meta(meta, loop, photos, stops)
                elif way == "loop":
                    found = by_meta(fresh(options.ordinary), loop, photos, stops)
                elif way == "finetune":
                    found = by_finetune(fresh(options.ordinary), None, photos, stops)
                elif way == "scratch":
                    found = by_finetune(scratch_pair(meta, 0), None, photos, stops)
                else:
                    best = json.loads(rates.read_text())["best"]
                    found = {}
                    for stop in stops:
                        rate = best[str(min(stop, 100))]
                        found |= by_finetune(fresh(options.ordinary), rate, photos, [stop])
                keep(way, task, shots, found)
            print(f"{shots} shots, {way}: done", flush=True)


if __name__ == "__main__":
    main()
