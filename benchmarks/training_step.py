"""How fast our StyleGAN2 training step is on a CPU, against the same step in plain eager NCHW float32.

Every form runs the same whole step (D's turn with lazy R1, G's turn, Adam, average of G) on the same numbers; that
they agree is checked before anything is timed. The forms take turns step by step, so that a neighbour's load falls on
all of them. Prints two tables: images a second with ratios, and the distance to the machine's matrix product.

    python benchmarks/training_step.py [--batch 16 32] [--threads 1 2] [--rounds 5] [--augment none]

Asked: ours / plain at least 1.15 on two threads. Rows are printed as they are found; progress goes to stderr.
"""

import argparse
import os
import platform
import statistics
import sys
import time
from dataclasses import dataclass
from typing import Any

import torch
from step_forms import FORMS, OURS, Form
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from graftgan.devices import launch
from graftgan.methods.base import Preparation, normal_latents
from graftgan.methods.finetune import FineTune
from graftgan.methods.step import adversarial_step
from graftgan.randomness import generator_at
from graftgan.recipes.options import TrainingOptions
from graftgan.recipes.pair import draw_pair, make_state
from graftgan.state import State
from graftgan.training import ema

SIDE = 64
COMPARED = ("loss_d", "r1", "loss_g")
# Gradients are compared in float64 alone: in float32 every form's are 4e-4 from the truth, where a leaky ReLU turns.
TOLERANCES = {torch.float32: 1e-4, torch.float64: 1e-9}
MATRIX = 2048
FABRIC = launch("cpu", "32")


@dataclass(frozen=True)
class AnyPrecision(FineTune):
    """Plain fine-tuning, whose latents have the generator's own precision."""

    def latents(self, state: State, count: int, rng: torch.Generator) -> Tensor:
        """Returns standard normal latents (count, z_dim), the same numbers in every precision."""
        return normal_latents(state, count, rng).to(next(state.generator.parameters()).dtype)


METHOD = AnyPrecision()


class Run:
    """A state with networks drawn by seed, and the real pictures it is shown, in one form."""

    def __init__(self, form: Form, options: TrainingOptions) -> None:
        self.form, self.options, self.rules = form, options, options.rules(SIDE)
        real = torch.rand(options.batch, 3, SIDE, SIDE, generator=generator_at(0, 0, purpose="real")) * 2 - 1
        self.real = real.contiguous(memory_format=form.layout)
        preparation = Preparation(
            lambda index: (self.real, None),
            self.rules,
            FABRIC,
            0,
            None,
            lambda *told: None,
            lambda most: self.real[:most],
        )
        model = draw_pair(options, SIDE, 0)
        self.state: State = make_state(model, options, METHOD, FABRIC.device, preparation)
        for _, module in self.state.modules():
            module.to(memory_format=form.layout)  # type: ignore[call-overload]

    def step(self) -> dict[str, Tensor]:
        """One whole training step, as the loop takes it."""
        state, options = self.state, self.options
        with self.form.in_force():
            rng = generator_at(0, state.step)
            losses = adversarial_step(state, METHOD, self.real, None, self.rules, FABRIC, rng)
        state.step += 1
        state.images += options.batch
        keep = ema.decay(options.batch, state.images, options.ema_kimg, options.ema_rampup)
        ema.update(state.average, state.generator, keep)
        return losses

    def timed_step(self) -> float:
        """Seconds of one step."""
        start = time.perf_counter()
        self.step()
        return time.perf_counter() - start


def findings(form: Form, options: TrainingOptions, precision: torch.dtype) -> dict[str, Tensor]:
    """Pictures, losses and gradients of one step with R1, at weights where every bias and noise strength counts."""
    run = Run(form, options)
    rng = generator_at(0, 0, purpose="shake")
    for network in (run.state.generator, run.state.discriminator):
        for parameter in network.parameters():
            parameter.data.add_(torch.randn(parameter.shape, generator=rng) * 0.1)
    for _, module in run.state.modules():
        module.to(precision)
    run.real = run.real.to(precision)
    for _, optimiser, _ in run.state.optimisers():
        optimiser.param_groups[0]["lr"] = 0.0  # a first step of Adam makes a unit of any rounding error
    with form.in_force(), torch.no_grad():
        images = run.state.generator(METHOD.latents(run.state, options.batch, rng), noise="const")
    if images.is_contiguous() != (form.layout == torch.contiguous_format):
        raise SystemExit(f"{form.name}: the pictures are not in the form's memory layout")
    losses = run.step()
    found = {"images": images, **{name: value for name, value in losses.items() if name in COMPARED}}
    if precision == torch.float64:
        for _, _, parameters in run.state.optimisers():
            found |= {f"gradient of {name}": p.grad for name, p in parameters.items() if p.grad is not None}
    return found


def check(options: TrainingOptions) -> str:
    """Says how far the forms differ, relative to the largest value; ends the program if above the tolerance."""
    found = []
    for precision, tolerance in TOLERANCES.items():
        ours, worst = findings(OURS, options, precision), 0.0
        for form in FORMS[1:]:
            for name, value in findings(form, options, precision).items():
                apart = ((value - ours[name]).abs().max() / ours[name].abs().max()).item()
                worst = max(worst, apart)
                if not apart <= tolerance:
                    raise SystemExit(f"{form.name}: {name} is {apart:.0e} from ours in {precision}: above {tolerance}")
        found.append(
            f"{worst:.0e} ({'pictures, losses' if precision == torch.float32 else 'and gradients, in float64'})"
        )
    return ", ".join(found)


class Operations(TorchDispatchMode):
    """Counts the operations of convolutions and products by torch's own formulas, forward, backward, twice backward.

    Its FlopCounterMode follows modules as well, and fails on networks that run without gradients.
    """

    def __init__(self) -> None:
        super().__init__()
        self.all, self.filters = 0, 0

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Runs one operation and adds what it costs."""
        out = function(*args, **(kwargs or {}))
        formula = flop_registry.get(function.overloadpacket)
        if formula is not None:
            count = formula(*args, **(kwargs or {}), out_val=out)
            self.all += count
            if function.overloadpacket is torch.ops.aten.convolution and args[8] > 1:
                self.filters += count
        return out


def gflop_an_image(options: TrainingOptions) -> tuple[float, float, float]:
    """Operations an image: of a step with R1, of one without, and of the low-pass filters of the latter."""
    run, counts = Run(OURS, options), []
    for _ in range(2):
        with Operations() as operations:
            run.step()
        counts.append(operations)
    with_r1, without = counts
    return tuple(n / options.batch / 1e9 for n in (with_r1.all, without.all, without.filters))  # type: ignore[return-value]


def product_gflops() -> float:
    """GFLOP/s of a float32 matrix product, the best of three: the most this machine gives right now."""
    a = torch.rand(MATRIX, MATRIX, generator=generator_at(0, 0, purpose="matrix"))
    seconds = []
    for _ in range(3):
        start = time.perf_counter()
        a @ a
        seconds.append(time.perf_counter() - start)
    return 2 * MATRIX**3 / min(seconds) / 1e9


@dataclass(frozen=True)
class Timing:
    """Seconds of every step by form name and round, which of a round's steps took R1, and the ceiling each round."""

    seconds: dict[str, list[list[float]]]
    lazy: list[list[bool]]
    ceiling: list[float]

    def pace(self, form: Form, batch: int) -> float:
        """Images a second: the median of the rounds."""
        return statistics.median(batch * len(steps) / sum(steps) for steps in self.seconds[form.name])

    def ratio(self, form: Form, with_r1: bool) -> str:
        """How many times as fast ours is: median of the rounds, with the lowest and the highest."""
        ratios = []
        for ours, other, lazy in zip(self.seconds[OURS.name], self.seconds[form.name], self.lazy, strict=True):
            counted = [step for step, took in enumerate(lazy) if with_r1 or not took]
            ratios.append(sum(other[step] for step in counted) / sum(ours[step] for step in counted))
        return f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"


def measure(options: TrainingOptions, rounds: int, steps: int) -> Timing:
    """Times all forms, taking turns step by step, whoever began last time second."""
    runs = [Run(form, options) for form in FORMS]
    for run in runs:
        for _ in range(2):
            run.step()
    timing = Timing({form.name: [] for form in FORMS}, [], [])
    for number in range(rounds):
        timing.ceiling.append(product_gflops())
        timing.lazy.append([])
        for form in FORMS:
            timing.seconds[form.name].append([])
        for step in range(steps):
            timing.lazy[-1].append(runs[0].state.step % options.r1_every == 0)
            for turn in range(len(runs)):
                run = runs[(step + turn) % len(runs)]
                timing.seconds[run.form.name][-1].append(run.timed_step())
        paces = [f"{options.batch * steps / sum(timing.seconds[form.name][-1]):.1f}" for form in FORMS]
        print(f"round {number + 1} of {rounds}: {' / '.join(paces)} images/s", file=sys.stderr, flush=True)
    return timing


def floor_row(options: TrainingOptions, threads: int, pace: float, ceiling: list[float]) -> str:
    """The row that sets our pace beside what the matrix product would allow."""
    with_r1, without, filters = gflop_an_image(options)
    gflop = (with_r1 + (options.r1_every - 1) * without) / options.r1_every
    best = statistics.median(ceiling)
    return (
        f"| {options.batch} | {threads} | {gflop:.2f} ({without:.2f}, {with_r1:.2f}, {filters / without:.0%}) "
        f"| {pace:.1f} | {pace * gflop:.0f} | {best:.0f} ({min(ceiling):.0f} to {max(ceiling):.0f}) "
        f"| {pace * gflop / best:.0%} | {best / gflop:.0f} |"
    )


def main() -> None:
    """Reads the options, checks, measures, prints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--batch", type=int, nargs="+", default=[16, 32], help="pictures a step")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2], help="of torch")
    parser.add_argument("--rounds", type=int, default=5, help="ratios to take the median of")
    parser.add_argument("--steps", type=int, default=16, help="a round; a multiple of 16 holds R1 in its true share")
    parser.add_argument("--cbase", type=int, default=1024, help="channels at R pixels: min(cbase / R, cmax)")
    parser.add_argument("--cmax", type=int, default=128, help="the most channels")
    parser.add_argument("--augment", default="none", help="none or diffaug")
    asked = parser.parse_args()
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if max(asked.threads) > cores:
        parser.error(f"--threads {max(asked.threads)}: there are {cores} cores here")
    load = f"load average {os.getloadavg()[0]:.2f} at the start" if hasattr(os, "getloadavg") else ""
    print(f"torch {torch.__version__}, {platform.machine()}, {cores} cores, {load}")
    print(f"StyleGAN2 {SIDE} px, cbase {asked.cbase}, cmax {asked.cmax}, augmentation {asked.augment}, float32\n")
    head = "| batch | threads | form | images/s | ours is so many times as fast | without the R1 steps |"
    print(f"{head}\n|---|---|---|---|---|---|", flush=True)
    floors, checked = [], []
    for threads in asked.threads:
        torch.set_num_threads(threads)
        for batch in asked.batch:
            sizes = {"batch": batch, "cbase": asked.cbase, "cmax": asked.cmax, "augment": asked.augment}
            options = TrainingOptions(network="stylegan2", **sizes)
            checked.append(f"batch {batch}, {threads} threads: the forms agree to {check(options)}")
            timing = measure(options, asked.rounds, asked.steps)
            for form in FORMS:
                ratios = "1 | 1" if form is OURS else f"{timing.ratio(form, True)} | {timing.ratio(form, False)}"
                pace = timing.pace(form, batch)
                print(f"| {batch} | {threads} | {form.name} | {pace:.1f} | {ratios} |", flush=True)
            floors.append(floor_row(options, threads, timing.pace(OURS, batch), timing.ceiling))
    print(f"\n(median of {asked.rounds} rounds of {asked.steps} steps; in brackets the lowest and highest round)\n")
    print("| batch | threads | GFLOP/image | images/s | GFLOP/s | product GFLOP/s | share | images/s at the product |")
    print("|---|---|---|---|---|---|---|---|")
    print("\n".join(floors))
    print("\n(GFLOP/image: mean of a training; in brackets: a step without R1, one with it, the filters' share)\n")
    print("\n".join(checked))


if __name__ == "__main__":
    main()
