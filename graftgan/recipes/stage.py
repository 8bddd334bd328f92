"""Where a comparison is held: trains and measures what has no verdict yet, one run after the other."""

import dataclasses
import json
import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lightning_fabric import Fabric

from graftgan.devices import from_first
from graftgan.errors import NumericalError, StoppedEarly, UserError
from graftgan.files import write_atomically
from graftgan.networks import Generator
from graftgan.recipes.adapt import AdaptOptions
from graftgan.recipes.contest import Cell, Contest, in_our_words
from graftgan.recipes.judge import Judge, Verdict
from graftgan.recipes.learnt_loop import FILLED, LEARNT, with_learnt_loop
from graftgan.recipes.oracle import against_oracle
from graftgan.recipes.record import resumed
from graftgan.recipes.subject import Subject, of_generator
from graftgan.recipes.train import write_model
from graftgan.recipes.training_run import Finished, train_run
from graftgan.recipes.watch import best_step
from graftgan.sampling.photo_copies import photo_copies
from graftgan.training import checkpoint
from graftgan.training.log import read_log
from graftgan.training.run_folder import RECORD
from graftgan.zoo.model_folder import Model, load_model

COPIES_SEED = 0
PACE = 125  # images/s of `adapt` with its defaults, as its --kimg says
CONTROLS = ("source", "copies", "floor")


@dataclass
class Stage:
    """Where a comparison is held: runs what has no verdict yet, one after the other.

    Attributes:
        contest: the plan.
        source: what every method starts from.
        folder: the comparison's.
        fabric: devices; every run and every measurement uses all of them.
        asked: whether to stop, alike in every process.
    """

    contest: Contest
    source: Model
    folder: Path
    fabric: Fabric
    asked: Callable[[], bool]

    def __post_init__(self) -> None:
        """Begins the clock by which the time left is estimated."""
        self.began, self.made = time.monotonic(), 0
        self.judges: dict[int, Judge] = {}

    def hold(self) -> None:
        """Measures the controls of each draw, then trains and measures its runs.

        Raises:
            StoppedEarly: the user, or the system, asked.
        """
        measured = 0
        cells = list(self.contest.cells())
        for at, cell in enumerate(cells, 1):
            if measured < cell.draw:
                measured = cell.draw
                self.measure_controls(measured)
            if not self.has(cell.name):
                self.run_cell(cell)
                self.made += 1
                left = (time.monotonic() - self.began) / self.made * (len(cells) - at)
                clock = time.strftime("%H:%M:%S", time.gmtime(left))
                card = from_first(self.fabric, lambda name=cell.name: json.loads(self.card(name).read_bytes()))  # type: ignore[misc]
                self.say(f"run {at} of {len(cells)}, {cell.name}: {outcome(card)}  left {clock}")

    def measure_controls(self, draw: int) -> None:
        """Measures the unchanged source, copies of the photos and the noise floor, as seen from one draw."""
        pictures, photos = self.contest.adapt.metric_pictures, self.contest.draws[draw - 1].pixels
        generator = self.source.generator.to(self.fabric.device).eval()
        subjects = {
            "source": of_generator("source", generator, pictures),
            "copies": Subject(
                "copies",
                pictures,
                lambda start, stop: photo_copies(photos, start, stop, COPIES_SEED),
                {"of": "the photos, mirrored, moved and tinted", "seed": COPIES_SEED},
            ),
        }
        for name in CONTROLS:
            if self.has(f"{name}-d{draw}"):
                continue
            self.check(f"before {name} was measured")
            judge = self.judge(draw)
            verdict = judge.floor() if name == "floor" else judge.measure(self.watched(subjects[name]))
            self.write(f"{name}-d{draw}", {"contender": name, "draw": draw, "seed": None}, verdict or Verdict())

    def run_cell(self, cell: Cell) -> None:
        """Trains one run, from the start or from where it was stopped, and measures it.

        A run that ends in NaN or infinity is a result, and written down as one.
        """
        self.check("between two runs")
        about: dict[str, Any] = {"contender": cell.entrant.name, "draw": cell.draw, "seed": cell.seed}
        home = self.folder / "cells" / cell.name
        options = from_first(self.fabric, lambda: self.options_of(cell, home))
        try:
            finished = train_run(options, str(options.photos), "adapt")
        except NumericalError as error:
            self.write(cell.name, about | {"failed": str(error)}, Verdict())
            return
        except UserError as error:
            raise UserError(in_our_words(cell.entrant, str(error))) from None
        path = finished.folder.path
        try:
            from_first(self.fabric, lambda: bool(write_model(finished, options)))
            generator = load_model(path / "model").generator.to(self.fabric.device).eval()
            count = self.contest.adapt.metric_pictures
            verdict = self.judge(cell.draw).measure(self.watched(of_generator(cell.entrant.name, generator, count)))
            if self.contest.options.oracle:
                about["oracle"] = self.oracle(finished, options, generator)
            chosen = finished.folder.read_record().get("checkpoint")
            about |= {"run": str(path.relative_to(self.folder)), "checkpoint": chosen, "seconds": seconds_of(path)}
            self.write(cell.name, about, verdict)
            from_first(self.fabric, lambda: tidy(path))
        finally:
            finished.folder.close()

    def options_of(self, cell: Cell, home: Path) -> AdaptOptions:
        """Returns the options of a run: those of its folder where it was begun, else the plan's."""
        begun = sorted(home.glob(f"*/{RECORD}"))
        if not begun:
            plan = self.contest.options_of(cell, str(home))
            # the comparison's budget, which is everybody's, with the rates and loss that the source has learnt
            return with_learnt_loop(plan, FILLED)[0] if plan.method == LEARNT else plan
        moved = {name: getattr(self.contest.options, name) for name in ("photos", "holdout", "devices")}
        return resumed(AdaptOptions, AdaptOptions(resume=str(begun[-1].parent), **moved), "adapt")

    def oracle(self, finished: Finished, options: AdaptOptions, generator: Generator) -> dict[str, Any] | None:
        """Returns what the choice of the checkpoint cost."""
        judge = self.new_judge(finished.photos.pixels, metrics={"kid"}, lpips=None)
        return against_oracle(finished, options, generator, judge)

    def judge(self, draw: int) -> Judge:
        """Returns who measures the runs of one draw; only the last draw's is kept."""
        if draw not in self.judges:
            lpips = self.contest.adapt.lpips
            photos = self.contest.draws[draw - 1].pixels
            self.judges = {draw: self.new_judge(photos, lpips=None if lpips == "none" else lpips)}
        return self.judges[draw]

    def new_judge(self, photos: Any, **settings: Any) -> Judge:
        """Returns a judge with the comparison's hold-out, encoder and devices."""
        adapt = self.contest.adapt
        return Judge(
            holdout=self.contest.holdout.pixels,
            photos=photos,
            encoder=adapt.encoder,
            lpips_pictures=adapt.lpips_pictures,
            device=self.fabric.device,
            fabric=self.fabric,
            show=self.fabric.global_rank == 0,
            **settings,
        )

    def watched(self, subject: Subject) -> Subject:
        """Returns the subject, but one that stops between two handfuls of pictures once the user asked to."""
        if self.fabric.world_size > 1:
            return subject  # one process alone must not leave the others waiting

        def pictures(start: int, stop: int) -> Any:
            self.check(f"while {subject.name} was measured")
            return subject.pictures(start, stop)

        return dataclasses.replace(subject, pictures=pictures)

    def check(self, moment: str) -> None:
        """Stops if the user, or the system, asked to; the moment is said."""
        if self.asked():
            raise StoppedEarly(f"stopped {moment}")

    def card(self, name: str) -> Path:
        """Returns where the verdict on a control or a run is written."""
        return self.folder / "verdicts" / f"{name}.json"

    def has(self, name: str) -> bool:
        """Returns whether there is a verdict, the same in every process."""
        return from_first(self.fabric, self.card(name).is_file)

    def write(self, name: str, about: dict[str, Any], verdict: Verdict) -> None:
        """Writes a verdict."""
        found = {"measures": verdict.to_json(), "missing": verdict.missing, "warnings": verdict.warnings}

        def first() -> None:
            try:
                self.card(name).parent.mkdir(exist_ok=True)
                write_atomically(self.card(name), json.dumps(about | found, indent=1).encode())
            except OSError as error:
                raise UserError(f"{self.folder} cannot be written: {error.strerror or error}") from error

        from_first(self.fabric, first)

    def say_cost(self) -> None:
        """Says how many runs there are and, where we know the pace, how long they train, before the first."""
        contest, cells = self.contest, list(self.contest.cells())
        left = len(cells) - sum(self.has(cell.name) for cell in cells)
        if not left:
            return
        each = len(contest.draws[0])
        known = self.fabric.device.type == "cpu" and self.source.generator.resolution == 64
        minutes = left * contest.options.kimg * 1000 / PACE / 60
        pace = f"Training takes {minutes:.0f} min at {PACE} images/s (two cores, 64 px). " if known else ""
        self.say(
            f"{left} of {len(cells)} runs to do, {contest.options.kimg:g} kimg each: "
            f"{', '.join(entrant.name for entrant in contest.entrants)}; {len(contest.draws)} draw(s) of {each} "
            f"pictures, {contest.options.seeds} seed(s); {len(contest.holdout)} held out. "
            f"{pace}The time left is said after every run."
        )
        if contest.overlap:
            self.say(f"{len(contest.draws)} draws of {each} share pictures: there are too few for disjoint ones")

    def say(self, line: str) -> None:
        """Tells the user how far it is."""
        if self.fabric.global_rank == 0:
            print(f"compare: {line}", file=sys.stderr, flush=True)


def tidy(run: Path) -> None:
    """Deletes the checkpoints of a measured run but the newest, to go on from, and the one that its model is of."""
    found = checkpoint.steps(run / "checkpoints")
    kept = {found[-1].name, f"step-{best_step(run) or 0:08d}"}
    for path in found:
        if path.name not in kept:
            shutil.rmtree(path, ignore_errors=True)


def outcome(card: dict[str, Any]) -> str:
    """Returns what came of a run in a few words."""
    if card.get("failed"):
        return f"failed: {card['failed']}"
    kid = card["measures"].get("kid")
    words = [] if kid is None else [f"KID {kid['value']:.4g}"]
    return "; ".join(words + card["warnings"]) or "measured"


def seconds_of(path: Path) -> float:
    """Returns how long a run trained in all, whatever its interruptions: the sum over its ticks."""
    total, before = 0.0, 0.0
    for tick in read_log(path):
        if tick.get("images_per_s"):
            total += (tick["kimg"] - before) * 1000 / tick["images_per_s"]
        before = tick["kimg"]
    return total
