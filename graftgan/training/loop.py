"""The training loop: batches, step, average, log, snapshot; knows no GAN."""

import math
import resource
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from graftgan.errors import NumericalError, StoppedEarly
from graftgan.state import State
from graftgan.training import ema
from graftgan.training.progress import ProgressBar

Step = Callable[[int], dict[str, Tensor]]
Tick = Callable[[dict[str, Any]], None]


@dataclass(frozen=True)
class Schedule:
    """How long a run is, and when it looks up.

    Attributes:
        batch: pictures a step, over all processes.
        kimg: thousands of pictures in all; rounded up to whole steps.
        ticks: how often in the run it logs, draws samples and writes a checkpoint, evenly spread.
        half_life_kimg: of the average.
        rampup: the average's half-life is at most this fraction of what was seen.
    """

    batch: int
    kimg: float
    ticks: int
    half_life_kimg: float
    rampup: float

    @property
    def steps(self) -> int:
        """Steps in all."""
        return max(1, math.ceil(self.kimg * 1000 / self.batch - 1e-9))  # rounding must not add a step

    @property
    def interval(self) -> int:
        """Steps from one tick to the next."""
        return max(1, round(self.steps / self.ticks))

    def is_tick(self, step: int) -> bool:
        """Whether the run looks up after `step` steps; always after the last."""
        return step == self.steps or step % self.interval == 0


def fit(
    state: State, step: Step, schedule: Schedule, on_tick: Tick, asked: Callable[[], bool], *, show: bool, what: str
) -> None:
    """Runs steps until the schedule's budget is used up.

    Args:
        state: counted, averaged; where a resumed run goes on from.
        step: runs one step, answers named losses; must depend on nothing but the state and the step's number.
        schedule: budget, ticks and average.
        on_tick: told the tick's means; writes log, samples and checkpoint. Also called when the run is stopped.
        asked: whether to stop; called once after every step, and alike in every process.
        show: whether this process shows the bar.
        what: names the work on the bar.

    Raises:
        StoppedEarly: the user, or the system, asked; the tick, with its checkpoint, was made.
        NumericalError: a step met NaN or infinity; nothing was written since the last tick.
    """
    sums: dict[str, list[Tensor]] = defaultdict(list)
    began, counted = time.monotonic(), state.step
    with ProgressBar(what, schedule.steps, quiet=not show) as bar:
        while state.step < schedule.steps:
            try:
                losses = step(state.step)
            except NumericalError as error:
                raise NumericalError(f"step {state.step + 1}: {error}") from error
            state.step += 1
            state.images += schedule.batch
            keep = ema.decay(schedule.batch, state.images, schedule.half_life_kimg, schedule.rampup)
            ema.update(state.average, state.generator, keep)
            for name, value in losses.items():
                sums[name].append(value)

            elapsed = time.monotonic() - began
            pace = (state.step - counted) * schedule.batch / elapsed
            bar.update(state.step, describe(state, schedule, pace, losses))
            stop = asked()
            if schedule.is_tick(state.step) or stop:
                means = {name: torch.stack(values).float().mean().item() for name, values in sums.items()}
                on_tick({"kimg": state.images / 1000, "images_per_s": pace, "memory_mb": memory_mb(), **means})
                sums.clear()
                began, counted = time.monotonic(), state.step
            if stop and state.step < schedule.steps:
                raise StoppedEarly(f"stopped after step {state.step} of {schedule.steps}")


def describe(state: State, schedule: Schedule, pace: float, losses: dict[str, Tensor]) -> str:
    """Returns what stands beside the bar: step, kimg, images/s, the two losses."""
    players = "  ".join(f"{name} {losses[name].item():.2f}" for name in ("loss_d", "loss_g") if name in losses)
    return f"step {state.step}/{schedule.steps}  {state.images / 1000:.1f} kimg  {pace:.0f} images/s  {players}"


def memory_mb() -> float:
    """Returns the largest resident memory of this process so far, in MB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1e6 if sys.platform == "darwin" else 1e3)
