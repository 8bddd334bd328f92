"""Which checkpoint the user gets, without a hold-out: a few looks at the average during the run, written to the log.

A look is a pure function of the average and the photos: nothing is drawn from the run's randomness, and what was chosen
follows from the log alone. So a run that was killed and resumed chooses what the uninterrupted run chooses. The state
that was best so far is a checkpoint that is not deleted; there is no second copy that could fall behind.
"""

import copy
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from graftgan.errors import UserError
from graftgan.features import ENCODERS, Encoder
from graftgan.metrics import kid, nearest
from graftgan.metrics.collapse import collapse_warning, diversity
from graftgan.metrics.copying import copy_share, copying_warning, different_photos
from graftgan.networks import Discriminator, Generator
from graftgan.recipes.subject import drawn
from graftgan.sampling.sample import sample
from graftgan.state import State
from graftgan.training import checkpoint
from graftgan.training.log import read_log
from graftgan.training.loop import Schedule

CHECKPOINTS = ("watch", "last")
LOOKS = 10
LOOK_SEEDS = range(2_000_000, 2_000_064)
MOST_PHOTOS = 200
SCORE, MISSING = "watch_kid_photos", "watch_missing"
LAST = "The last step of a fixed budget; nothing was chosen."
RULE = (
    "The step whose samples are nearest to the photos (KID of 64 samples against the photos) among those that neither "
    "collapse nor copy; no hold-out was used."
)


class Watch:
    """Looks at a run's average with nothing but the photos to compare it with.

    Args:
        photos: uint8 (N, H, W, C) trained on; 200 of them, drawn, are used.
        encoder: a name in `ENCODERS`; the features that samples and photos are compared by.
        schedule: of the run; says when to look.
        device: of the encoder.

    Example:
        >>> photo, schedule = np.zeros((1, 8, 8, 3), np.uint8), Schedule(8, 1.0, 20, 1.0, 0.05)
        >>> Watch(photo, "inception", schedule, torch.device("cpu")).is_look(schedule.steps)
        True
    """

    def __init__(self, photos: np.ndarray, encoder: str, schedule: Schedule, device: torch.device) -> None:
        self.schedule = schedule
        self._why = ""
        self._photos: np.ndarray | None = None
        try:
            if len(photos) < 2:
                raise UserError("one photo has no variety to compare with")
            self._encoder: Encoder = ENCODERS[encoder](device)
            features = self._see(drawn(photos, MOST_PHOTOS))
            copy_share(features, features)  # refuses photos that are all the same
            self._photos = features
        except UserError as error:
            self._why = str(error)

    def is_look(self, step: int) -> bool:
        """Whether the watch looks after `step` steps: at about ten of the ticks, the first and the last among them.

        The first, because a domain near the source's may be at its best there. The tick at which a run was stopped is
        none of them: the uninterrupted run would not have seen it.
        """
        left = self.schedule.steps - step
        tick = self.schedule.interval
        gap = tick * -(-min(self.schedule.ticks, self.schedule.steps) // LOOKS)
        return left == 0 or step == tick or (step > 0 and step % gap == 0 and 2 * left >= gap)

    def look(self, average: Generator) -> dict[str, Any]:
        """Returns what the log keeps of a look.

        Args:
            average: the run's; 64 of its pictures are drawn, the same seeds at every look.

        Returns:
            `watch_kid_photos` (KID against the photos, which decides), `watch_diversity` (share of different
            pictures), `watch_nearest` (mean distance to the nearest photo, over that of a photo to the others),
            `watch_copies` (share of copies), `watch_warnings` where there are any; or `watch_missing`, and why.
        """
        photos = self._photos
        if photos is None:
            return {MISSING: self._why}
        samples = self._see(sample(average, LOOK_SEEDS))
        told = [collapse_warning(samples, photos), copying_warning(samples, photos)]
        heard = {"watch_warnings": found} if (found := [line for line in told if line]) else {}
        return {
            SCORE: kid(photos, samples).value,
            "watch_diversity": diversity(samples, photos).value,
            "watch_nearest": float(nearest(samples, photos).distance.mean() / typical_gap(different_photos(photos))),
            "watch_copies": copy_share(samples, photos).value,
            **heard,
        }

    def _see(self, pictures: np.ndarray) -> np.ndarray:
        return self._encoder.encode(pictures)


def typical_gap(photos: np.ndarray) -> float:
    """Returns the mean distance of a photo to its nearest other photo, of features (M, dim) that all differ."""
    gaps = [nearest(photos[at : at + 1], np.delete(photos, at, axis=0)).distance[0] for at in range(len(photos))]
    return float(np.mean(gaps))


def ranked(ticks: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Returns the ticks that were looked at, the best first.

    Those without warnings come before those with, then the lower score; of equal ones the later.
    """
    seen = [tick for tick in ticks if isinstance(tick.get(SCORE), int | float)]
    return sorted(seen, key=lambda tick: (bool(tick.get("watch_warnings")), tick[SCORE], -tick["step"]))


def best_step(folder: Path) -> int | None:
    """Returns the step that the log of a run favours so far; None where nothing was looked at."""
    best = ranked(read_log(folder))
    return best[0]["step"] if best else None


@dataclass(frozen=True)
class Watched:
    """What the watch saw, and what it chose.

    Attributes:
        curve: one dict a look, oldest first: `step`, `kimg`, `score`, `diversity`, `nearest`, `copies`, `warnings`.
        step: of the model that the user gets.
        kimg: of the same.
        rule: one sentence: how it was chosen.
        warnings: one plain line each: collapse, copying.
    """

    curve: list[dict[str, Any]]
    step: int
    kimg: float
    rule: str
    warnings: list[str]

    def to_json(self) -> dict[str, Any]:
        """Returns what `metrics.json` and `run.json` hold of it."""
        return {"rule": self.rule, "step": self.step, "kimg": self.kimg, "looks": len(self.curve), "holdout": False}


def what_was_seen(folder: Path, step: int | None = None) -> Watched:
    """Reads from a run's log what the watch saw and what it chose.

    Args:
        folder: of a finished run.
        step: of the model that the user got, where that is known; else the one that the log favours.

    Returns:
        Curve, choice, rule and warnings; for a run that was not watched, the last step.

    Raises:
        UserError: the folder has no log.
    """
    ticks = read_log(folder)
    if not ticks:
        raise UserError(f"{folder} has no log")
    names = {"score": SCORE, **{name: f"watch_{name}" for name in ("diversity", "nearest", "copies")}}
    best = ranked(ticks)
    curve = [
        {
            **{name: tick[name] for name in ("step", "kimg")},
            **{name: tick[key] for name, key in names.items()},
            "warnings": tick.get("watch_warnings", []),
        }
        for tick in sorted(best, key=lambda tick: tick["step"])
    ]
    if not best:
        why = next((tick[MISSING] for tick in ticks if MISSING in tick), None)
        rule = LAST if why is None else f"{LAST} There was no watch: {why}."
        return Watched([], ticks[-1]["step"], ticks[-1]["kimg"], rule, [])
    chosen = next((look for look in curve if look["step"] == step), None)
    if chosen is None:
        chosen = next(look for look in curve if look["step"] == best[0]["step"])
    return Watched(curve, chosen["step"], chosen["kimg"], RULE, heard(curve, chosen))


def heard(curve: Sequence[dict[str, Any]], chosen: dict[str, Any]) -> list[str]:
    """Returns the warnings of a run in plain lines: of its end, and of the model itself where every look had one."""
    end = curve[-1]
    if chosen is end or chosen["warnings"]:
        return [f"{line}, at {chosen['kimg']:g} kimg" for line in chosen["warnings"]]
    return [
        f"{line}, at {end['kimg']:g} kimg; the model is that of {chosen['kimg']:g} kimg" for line in end["warnings"]
    ]


@dataclass(frozen=True)
class Chosen:
    """Networks of one step of a run, such as those that the user gets.

    Attributes:
        average: the generator's average at that step.
        discriminator: at that step.
        kimg: thousands of pictures seen by then.
        step: of the run.
    """

    average: Generator
    discriminator: Discriminator
    kimg: float
    step: int


def networks_at(path: Path, state: State) -> Chosen:
    """Reads the networks of a checkpoint.

    Args:
        path: the checkpoint's folder.
        state: of the same run, as its method prepared it; stays as it is.

    Returns:
        Networks of the state's form: of a method that rewrites weights, not yet merged.

    Raises:
        UserError: the checkpoint is gone or damaged, or holds other networks.
    """
    tensors, numbers = checkpoint.read(path)
    average, discriminator = copy.deepcopy(state.average), copy.deepcopy(state.discriminator)
    for prefix, network in (("average.", average), ("discriminator.", discriminator)):
        own = {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}
        try:
            network.load_state_dict(own)
        except RuntimeError as error:
            raise UserError(f"the checkpoint {path} holds other networks: {error}") from error
    return Chosen(average, discriminator, numbers["images"] / 1000, numbers["step"])


def choose(folder: Path, state: State, watched: bool) -> Chosen:
    """Returns the networks of the step that the log favours, read back from its checkpoint.

    Args:
        folder: of the run.
        state: at the last step; stays as it is.
        watched: whether the log decides; else the last step is taken.

    Returns:
        The chosen networks. If a checkpoint is gone or damaged, the next best one, with a warning.
    """
    last = Chosen(state.average, state.discriminator, state.images / 1000, state.step)
    for tick in ranked(read_log(folder)) if watched else []:
        if tick["step"] == state.step:
            return last
        try:
            return networks_at(folder / "checkpoints" / f"step-{tick['step']:08d}", state)
        except UserError as error:
            warnings.warn(f"the step that was chosen cannot be had ({error}); the next best is taken", stacklevel=2)
    return last
