"""The families of transfer methods on points in the plane: a source GAN, ten target points, one panel a method.

python examples/toy_2d.py [--out toy_2d.png] [--seed 0] [--steps 200] [--methods finetune cdc]

Networks and pictures are toys (`toy_2d_networks.py`); methods, step, losses and average are graftgan's own, unchanged.
"""

from __future__ import annotations

import argparse
import copy
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from toy_2d_networks import PointDiscriminator, PointGenerator
from toy_2d_picture import Panel, Scene, draw, save

from graftgan.augment import AUGMENTS
from graftgan.devices import launch
from graftgan.losses import LOSSES
from graftgan.methods import METHODS, Method
from graftgan.methods.base import Preparation
from graftgan.methods.rules import Rules
from graftgan.methods.step import take_step
from graftgan.networks.base import Discriminator, Generator
from graftgan.randomness import generator_at
from graftgan.state import State
from graftgan.training import ema

FAMILIES = {
    "finetune": "parameters: all train",
    "freezed": "parameters: part of D frozen",
    "freezeg": "parameters: part of G frozen",
    "scaleshift": "few numbers: norms",
    "fsgan": "few numbers: singular values",
    "modulate": "few numbers: chosen filters",
    "rick": "few numbers: filters removed",
    "lowrank": "few numbers: rank one",
    "weditgan": "latents: one offset",
    "minegan": "latents: a miner, then all",
    "bsa": "features: D as a ruler, no game",
    "extractor": "features: D frozen, new heads",
    "scratch": "from scratch",
    "l2sp": "keeps diversity: spring on weights",
    "ewc": "keeps diversity: weighted spring",
    "cdc": "keeps diversity: distances",
    "dcl": "keeps diversity: contrast",
    "joint": "keeps diversity: source replayed",
}
"""What is drawn, in order, and the family of each. `rssa` and `projected` need more than one pixel."""
OPTIONS: dict[str, dict[str, Any]] = {"cdc": {"patch_block": 1}}
"""Options without which a method refuses pictures of one pixel; all others are at their defaults."""
RULES = Rules(LOSSES["non-saturating"], r1=0.02, r1_every=4)
RATE, BETAS, BATCH = 0.002, (0.0, 0.99), 64
SOURCE_STEPS, STEPS, JUDGED = 1500, 200, 2000
SEEN = (1, 2, 3, 4, 5)
"""Modes of the target that the few points come from, two each; mode 0, at the ring's end, has none."""


TITLE = "A ring of eight, ten points of its relative, and what each method makes of them"
ABOVE = (
    "Grey: the source's eight modes. Gold: the target's six. A method sees the ten crosses only; one mode has none.",
    "Dots: 700 samples, coloured by where the source puts the same latent: where the colours keep their order, every"
    " picture keeps its counterpart.",
)
BELOW = (
    "Modes: with a quarter of their fair share or more. Stray: beyond three deviations of every gold mode. Distance:"
    " energy distance to held-out points of the target.",
    "Kept: correlation of the distances between samples with those between the source's samples at the same latents."
    " The ten crosses themselves, copied: {copies}.",
)


@dataclass(frozen=True)
class Mixture:
    """Round gaussians of equal weight in the plane.

    Attributes:
        centres: (modes, 2).
        deviation: of each.
    """

    centres: Tensor
    deviation: float = 0.05

    def points(self, count: int, rng: torch.Generator) -> Tensor:
        """Returns points (count, 2)."""
        return self.around(torch.randint(len(self.centres), (count,), generator=rng), rng)

    def around(self, modes: Tensor, rng: torch.Generator) -> Tensor:
        """Returns a point of each of the given modes (count,)."""
        return self.centres[modes] + self.deviation * torch.randn(len(modes), 2, generator=rng)


def ring_and_relative() -> tuple[Mixture, Mixture]:
    """Returns the source, a ring of eight, and the target: the ring squeezed, turned and moved, two modes missing."""
    angles = torch.arange(8) * math.pi / 4
    ring = 0.62 * torch.stack([angles.cos(), angles.sin()], 1) + torch.tensor([-0.2, -0.1])
    turn = math.radians(35)
    turned = torch.tensor([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])
    squeezed = torch.stack([0.62 * angles.cos(), 0.36 * angles.sin()], 1)
    target = (squeezed @ turned.T + torch.tensor([0.25, 0.15]))[torch.tensor([0, 1, 2, 3, 4, 7])]
    return Mixture(ring), Mixture(target)


@dataclass(frozen=True)
class Score:
    """How near samples came to the target; every method is measured alike.

    Attributes:
        modes: of the target's modes that got at least a quarter of their fair share of samples, within 3 deviations.
        of: how many modes there are.
        stray: share of samples farther than 3 deviations from every mode; 0.011 for the target itself.
        distance: energy distance (Szekely, Rizzo 2013) to points held out, 2 E|x-y| - E|x-x'| - E|y-y'|, every pair
            once; 0 on average for the target itself.
        kept: correlation of the distances between samples with those between the source's samples at the same latents;
            1 where the source's shape is kept, 0 where latents mean something new; None where there are no latents.
    """

    modes: int
    of: int
    stray: float
    distance: float
    kept: float | None


def judge(samples: Tensor, target: Mixture, held_out: Tensor, before: Tensor | None = None) -> Score:
    """Returns how near samples came to the target, and how much they kept of the source.

    Args:
        samples: (N, 2).
        target: the mixture that is wanted.
        held_out: points (M, 2) of it that nobody trained on.
        before: the source's samples (N, 2) at the same latents, if these samples have latents.
    """
    near = torch.cdist(samples, target.centres) < 3 * target.deviation
    fair = len(samples) / len(target.centres)
    within = torch.pdist(samples)
    distance = 2 * torch.cdist(samples, held_out).mean() - within.mean() - torch.pdist(held_out).mean()
    kept = None
    if before is not None:
        kept = torch.corrcoef(torch.stack([within, torch.pdist(before)]))[0, 1].nan_to_num(0.0).item()
    stray = 1 - near.any(1).float().mean().item()
    return Score(int((near.sum(0) >= fair / 4).sum()), near.shape[1], stray, distance.item(), kept)


def train(method: Method, pair: tuple[Generator, Discriminator], points: Tensor, steps: int, seed: int) -> State:
    """Trains a pair by a method, as a run of graftgan does: prepare, then steps, each followed by the average.

    Args:
        method: any of METHODS; `Method()` for plain training.
        pair: copied.
        points: (N, 2) the real ones, drawn with replacement.
        steps: optimiser steps.
        seed: of the run.

    Returns:
        The state at the end; `average` is the generator that a user would get.
    """
    generator, discriminator = (copy.deepcopy(network).train().requires_grad_(True) for network in pair)
    assert isinstance(generator, Generator) and isinstance(discriminator, Discriminator)
    pictures = points[:, :, None, None]

    def batch_at(step: int) -> tuple[Tensor, None]:
        return pictures[
            torch.randint(len(pictures), (BATCH,), generator=generator_at(seed, step, purpose="batch"))
        ], None

    state = State(generator, discriminator, generator, AUGMENTS["none"]())
    fabric, rules = launch("cpu"), method.game(RULES)
    method.prepare(
        state, Preparation(batch_at, rules, fabric, seed, None, lambda *done: None, lambda most: pictures[:most])
    )
    state.average = copy.deepcopy(state.generator).eval().requires_grad_(False)
    rate_g, rate_d = method.rates()
    if state.trainable_g():
        state.optimiser_g = torch.optim.Adam(state.trainable_g().values(), RATE * rate_g, BETAS)
    if state.trainable_d():
        state.optimiser_d = torch.optim.Adam(state.trainable_d().values(), RATE * rate_d, BETAS)
    for step in range(steps):
        real, labels = batch_at(step)
        take_step(state, method, real, labels, rules, fabric, generator_at(seed, step))
        state.images += BATCH
        ema.update(state.average, state.generator, ema.decay(BATCH, state.images, half_life_kimg=0.5, rampup=0.05))
        method.after_step(state)
        state.step += 1
    return state


@torch.no_grad()
def sampled(generator: Generator, seed: int) -> Tensor:
    """Returns the points (JUDGED, 2) of the first latents, the same for every generator."""
    z = torch.randn(JUDGED, generator.z_dim, generator=generator_at(seed, 0, purpose="samples"))
    points: Tensor = generator(z)
    return points.flatten(1)


@dataclass(frozen=True)
class Outcome:
    """What one seed gave.

    Attributes:
        source: the mixture that the source was trained on.
        target: the mixture that is wanted.
        few: (10, 2) what the methods saw of it.
        samples: name -> points (JUDGED, 2): the source's, each method's, the few repeated ("copies"), and further
            points of the target itself ("target").
        scores: of each.
        seconds: that each training took.
    """

    source: Mixture
    target: Mixture
    few: Tensor
    samples: dict[str, Tensor]
    scores: dict[str, Score]
    seconds: dict[str, float]


def run(
    seed: int,
    methods: Sequence[str],
    source_steps: int = SOURCE_STEPS,
    steps: int = STEPS,
    told: Callable[[str], None] = print,
) -> Outcome:
    """Trains a source, and adapts it by each method.

    Args:
        seed: of everything that is drawn.
        methods: names in METHODS.
        source_steps: of the source's own training.
        steps: of each adaptation.
        told: gets a line a training, as each ends.
    """
    source, target = ring_and_relative()
    real = source.points(10_000, generator_at(seed, 0, purpose="source"))
    few = target.around(torch.tensor(SEEN).repeat(2), generator_at(seed, 0, purpose="few"))
    held_out, again = (target.points(JUDGED, generator_at(seed, at, purpose="target")) for at in range(2))
    pair: tuple[Generator, Discriminator] = PointGenerator(), PointDiscriminator()
    pair[0].init_weights(generator_at(seed, 0, purpose="weights"))
    pair[1].init_weights(generator_at(seed, 1, purpose="weights"))
    samples = {"target": again, "copies": few.repeat(JUDGED // len(few), 1)}
    scores = {name: judge(points, target, held_out) for name, points in samples.items()}
    seconds = {}
    for name in ("source", *methods):
        began = time.perf_counter()
        if name == "source":
            state = train(Method(), pair, real, source_steps, seed)
            pair = state.average, state.discriminator
        else:
            state = train(METHODS[name](**OPTIONS.get(name, {})), pair, few, steps, seed)
        seconds[name] = time.perf_counter() - began
        samples[name] = sampled(state.average, seed)
        scores[name] = judge(samples[name], target, held_out, samples["source"])
        told(f"{name:11} {words(scores[name])}   {seconds[name]:5.1f} s")
    return Outcome(source, target, few, samples, scores, seconds)


def panels(outcome: Outcome, methods: Sequence[str]) -> list[Panel]:
    """Returns the panels: the source's, the target's, the methods'; a hue says where the source put the latent."""
    started = outcome.samples["source"] - outcome.source.centres.mean(0)
    hues = (torch.atan2(started[:, 1], started[:, 0]) / (2 * math.pi) % 1).numpy()
    families = {"source": "where it begins", "target": "what is wanted, never seen", **FAMILIES}
    return [
        Panel(
            name,
            families[name],
            words(outcome.scores[name]),
            outcome.samples[name].numpy(),
            None if name == "target" else hues,
        )
        for name in ("source", "target", *methods)
    ]


def words(score: Score) -> str:
    """Returns a score as the line under a panel."""
    kept = "" if score.kept is None else f"  kept {score.kept:.2f}"
    return f"modes {score.modes}/{score.of}  stray {score.stray:.0%}  distance {abs(score.distance):.3f}{kept}"


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs, prints a line a training, draws the sheet."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--out", type=Path, default=Path("toy_2d.png"), help="the picture")
    parser.add_argument("--seed", type=int, default=0, help="of everything that is drawn")
    parser.add_argument("--source-steps", type=int, default=SOURCE_STEPS, help="of the source's own training")
    parser.add_argument("--steps", type=int, default=STEPS, help="of each adaptation")
    parser.add_argument(
        "--methods", nargs="+", choices=FAMILIES, default=list(FAMILIES), metavar="METHOD", help="which"
    )
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)  # two would only wait for each other over matrices so small
    outcome = run(options.seed, options.methods, options.source_steps, options.steps)
    scene = Scene(
        outcome.source.centres.numpy(), outcome.target.centres.numpy(), outcome.target.deviation, outcome.few.numpy()
    )
    below = [line.format(copies=words(outcome.scores["copies"])) for line in BELOW]
    save(draw(panels(outcome, options.methods), scene, TITLE, ABOVE, below), options.out)
    taken = sum(outcome.seconds.values())
    print(f"{options.out}: seed {options.seed}, {options.steps} steps a method, {taken:.0f} s of training")


if __name__ == "__main__":
    main()
