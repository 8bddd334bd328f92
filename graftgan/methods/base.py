"""The method contract: the questions that every way of adapting a pretrained pair answers.

A method is a frozen dataclass of its own hyper-parameters. It never edits a network's file, and it keeps no state of
its own: modules it needs go on the state's shelves, so that they move, save and resume with the run. Every answer has
a neutral default; a method overrides what it needs and never calls `super()`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import ClassVar

import torch
from lightning_fabric import Fabric
from torch import Tensor

from graftgan.methods.rules import Rules
from graftgan.state import State


@dataclass(frozen=True)
class Preparation:
    """What a method may use while it prepares a run.

    Attributes:
        batch_at: step -> (real pictures (N, C, H, W) in [-1, 1] on the device, one-hot labels or None).
        rules: the adversarial game of this run.
        fabric: device, autocast and collectives.
        seed: of the run; `prepare` must give the same structure for the same seed.
        saved: tensors of the checkpoint whose values follow, by `State` name: build the same structure, skip costly
            measuring, and read here what the structure depends on. None where the run begins.
        progress: told (done, of, what) as long work goes on; raises StoppedEarly once the user asked to stop.
        photos: how many at most -> real pictures (N, C, H, W) in [-1, 1] on the device: all of them, or so many, drawn
            once and for all.
    """

    batch_at: Callable[[int], tuple[Tensor, Tensor | None]]
    rules: Rules
    fabric: Fabric
    seed: int
    saved: Mapping[str, Tensor] | None
    progress: Callable[[int, int, str], None]
    photos: Callable[[int], Tensor]


@dataclass(frozen=True)
class Turn:
    """One player's turn in a step: what a method's extra terms may look at.

    Attributes:
        z: latents (N, z_dim) behind `fakes`.
        labels: one-hot (N, c_dim), or None.
        fakes: G's pictures (N, C, H, W), not augmented; with a graph in G's turn, without in D's.
        fake_logits: what D says of the augmented fakes.
        real: real pictures (N, C, H, W), not augmented.
        real_logits: what D says of them augmented; None in G's turn unless the loss compares with reals.
        rng: this step's random generator.
        maps: G's feature maps behind `fakes` (N, channels, r, r) at the resolutions that `Method.taps` asked for; with
            a graph; empty in D's turn.
        noise: a copy of `rng` as it stood before those fakes were made: another generator drawn with it has the same
            noise; None where no map was asked for.
    """

    z: Tensor
    labels: Tensor | None
    fakes: Tensor
    fake_logits: Tensor
    real: Tensor
    real_logits: Tensor | None
    rng: torch.Generator
    maps: Mapping[int, Tensor] = field(default_factory=dict)
    noise: torch.Generator | None = None


@dataclass(frozen=True)
class Finding:
    """What a method found out about one layer, for the report.

    Attributes:
        layer: dotted name in its network: "main.3".
        value: a share in [0, 1].
        what: of what, in words: "filters kept as important".
    """

    layer: str
    value: float
    what: str


@dataclass(frozen=True)
class Method:
    """A way of adapting a pretrained generator and discriminator to a few pictures.

    Attributes:
        keeps_source: True if `prepare` leaves G's output exactly as it was (the contract test checks it).
        needs_adversary: True if it means nothing without a discriminator's opinion; a VAE cannot use it then.
        small: True if G changes in so few numbers that they are worth saving alone (`model/delta.safetensors`).
        sees: the encoder whose features it trains against, which flatter it when they measure it; None: none.
        needs_source: True if it means nothing for a pair that was drawn at random.
        leaves_discriminator: True if the pair's own D never trains, nor has a say.
    """

    keeps_source: ClassVar[bool] = True
    needs_adversary: ClassVar[bool] = False
    small: ClassVar[bool] = False
    sees: ClassVar[str | None] = None
    needs_source: ClassVar[bool] = True
    leaves_discriminator: ClassVar[bool] = False

    def draws_on(self) -> str:
        """What does it draw from D as the source left it, besides a start? It is refused where D was drawn by the run.

        Returns words that follow its name: "freezes blocks of the source's discriminator". Neutral answer: nothing.
        """
        return ""

    def game(self, rules: Rules) -> Rules:
        """Which loss and penalties suit it? Neutral answer: those that the user chose."""
        return rules

    def rates(self) -> tuple[float, float]:
        """How fast do G and D learn? Factors on the networks' own learning rates. Neutral answer: (1, 1)."""
        return 1.0, 1.0

    def prepare(self, state: State, preparation: Preparation) -> None:
        """What may change? Freezes parameters, adds modules. Neutral answer: everything trains."""

    def latents(self, state: State, count: int, rng: torch.Generator) -> Tensor:
        """Where do latents come from? Returns (count, z_dim). Neutral answer: standard normal."""
        return normal_latents(state, count, rng)

    def score(self, state: State, images: Tensor, labels: Tensor | None, rng: torch.Generator) -> Tensor:
        """How does D look at a picture? Returns logits. Neutral answer: the whole of D."""
        return state.discriminator(images, labels)

    def taps(self, state: State) -> tuple[int, ...]:
        """Which of G's feature maps does it look at? Returns resolutions of `blocks()`. Neutral answer: none."""
        return ()

    def generator_terms(self, state: State, turn: Turn) -> dict[str, Tensor]:
        """What else must G obey? Returns scalar losses by name, already weighted. Neutral answer: nothing."""
        return {}

    def discriminator_terms(self, state: State, turn: Turn) -> dict[str, Tensor]:
        """What else must D obey? Returns scalar losses by name, already weighted. Neutral answer: nothing."""
        return {}

    def step(
        self, state: State, real: Tensor, labels: Tensor | None, rules: Rules, fabric: Fabric, rng: torch.Generator
    ) -> dict[str, Tensor] | None:
        """What is one step? Returns every term by name, detached, after it has moved the weights.

        For methods without an adversary, and for those that set something before `adversarial_step`, which they then
        answer. `state.step` counts the steps before this one. Neutral answer: None, the step of the pair's own game
        (`methods/step.py`).
        """
        return None

    def after_step(self, state: State) -> None:
        """What changes as time passes? Neutral answer: nothing.

        Both players have moved, and `parameter.grad` holds each one's last gradient; `state.average` has not followed
        yet, and `state.step` still is the number of the step that was just taken, from 0.
        """

    def findings(self, state: State) -> list[Finding]:
        """What did it find out about G's layers? Shown in the report. Neutral answer: nothing."""
        return []


def normal_latents(state: State, count: int, rng: torch.Generator) -> Tensor:
    """Returns standard normal latents (count, z_dim) on the generator's device."""
    device = next(state.generator.parameters()).device
    return torch.randn(count, state.generator.z_dim, generator=rng).to(device)
