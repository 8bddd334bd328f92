"""The inner loop that a source has learnt to be adapted by: read from its facts, and put into the options of a run."""

import dataclasses
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, TypeVar

from graftgan.errors import UserError
from graftgan.methods.inner_loop import InnerLoop
from graftgan.recipes.options import TrainingOptions
from graftgan.zoo.model_folder import Model, load_model
from graftgan.zoo.sources import find_source

Options = TypeVar("Options", bound=TrainingOptions)

LEARNT = "learnt"
MOST_STEPS, MOST_SHOTS = 10_000, 256
FILLED = ("batch", "kimg", "augment", "ema_kimg", "ema_rampup", "checkpoint", "ticks")
"""Options that the loop fills in, so that the command of a run names them even where they are the defaults."""
OWN = ("loss", "lr_g", "lr_d", "r1", "gradient_penalty")
"""Settings of the loop that are options of every run, too: named there, they are the loop's."""
LONGER = 10
"""A run plays so many times the steps that an episode had, unless the user says how many."""
LATENTS, RAMPUP = 32, 0.3
"""What a run that is longer than an episode does besides: more latents a step, and an average whose half-life is this
part of the steps so far. Both were chosen on characters that the figures of docs/results/meta do not use."""


@dataclass(frozen=True)
class LearntLoop:
    """How a meta-learnt source wants to be adapted.

    Attributes:
        rules: of a step.
        steps: that its episodes had.
        shots: pictures that its episodes learnt from.
    """

    rules: InnerLoop
    steps: int
    shots: int

    def latents(self, photos: int, steps: int) -> int:
        """Returns how many fakes a step of `vary` draws: within an episode's steps as many as there are photos."""
        return photos if steps <= self.steps else max(photos, LATENTS)

    def rampup(self, steps: int) -> float:
        """Returns the half-life of G's average as a part of the steps so far; 0: the last step itself."""
        return 0.0 if steps <= self.steps else RAMPUP


def learnt_loop(model: Model, name: str) -> LearntLoop | None:
    """Returns the inner loop that a model's facts describe; None where it has learnt none.

    Args:
        model: of a model folder; what its facts say is not trusted.
        name: of the source, for the message.

    Raises:
        UserError: the facts speak of an inner loop that cannot be, or of one that this pair cannot play.
    """
    told = model.about.get("inner_loop")
    if told is None:
        return None
    known = {field.name: type(field.default) for field in dataclasses.fields(InnerLoop)}
    wanted: dict[str, type] = {**known, "steps": int, "shots": int}
    if model.discriminator is None or not model.discriminator.adversary or model.generator.c_dim:
        raise UserError(f"{name}: an inner loop is played by a generator and its discriminator, without classes")
    if not isinstance(told, dict) or told.keys() != wanted.keys():
        raise UserError(f"{name}: its facts describe an inner loop of another version")
    values: dict[str, Any] = {
        key: _of_kind(told[key], kind, f"{name}: inner_loop.{key}") for key, kind in wanted.items()
    }
    steps, shots = values.pop("steps"), values.pop("shots")
    if not (0 < steps <= MOST_STEPS and 0 < shots <= MOST_SHOTS):
        raise UserError(f"{name}: an inner loop of {steps} steps on {shots} pictures")
    try:
        return LearntLoop(InnerLoop(**values), steps, shots)
    except UserError as error:
        raise UserError(f"{name}: its inner loop: {error}") from None


def _of_kind(value: Any, kind: type, what: str) -> Any:
    if kind is float and type(value) is int and abs(value) < 1e6:
        value = float(value)
    if type(value) is not kind or (isinstance(value, str) and not value.replace("-", "").isalnum()):
        raise UserError(f"{what}: {str(value)[:40]!r} is of another kind")
    return value


def with_learnt_loop(options: Options, given: Collection[str]) -> tuple[Options, str]:
    """Returns options that play the source's own inner loop, if it has learnt one, and a line that says so.

    Whatever the user named stays as he named it; the rates, loss and penalties of a run are then the loop's. It sees
    the photos as they are. A run plays ten times the steps that an episode had, with more latents a step and an
    average, which was measured to be better than the episode itself. With as few steps as an episode had (--kimg and
    --batch say so) there is no average.

    Args:
        options: whose method is `auto` or `learnt`.
        given: names of the options that the user named.

    Raises:
        UserError: the source is refused.
    """
    model = None if options.source == "none" else load_model(find_source(options.source))
    loop = None if model is None else learnt_loop(model, options.source)
    if loop is None:
        line = f"{options.source} has learnt no inner loop, as models of `graftgan meta` have: {LEARNT} plays its own"
        return options, line if options.method == LEARNT else ""
    own = {name: getattr(options, name) for name in OWN if name in given and getattr(options, name) is not None}
    rules = {**dataclasses.asdict(loop.rules), **own}
    named = {setting.partition("=")[0] for setting in options.method_options}
    settings = {key: value for key, value in rules.items() if key not in named}
    batch = options.batch if "batch" in given else max(loop.shots, LATENTS)
    steps = dataclasses.replace(options.schedule(), batch=batch).steps if "kimg" in given else LONGER * loop.steps
    kimg, rampup = steps * batch / 1000, loop.rampup(steps)
    filled: tuple[Any, ...] = (batch, kimg, "none", kimg if rampup else 0.0, rampup, "last", 4)
    wanted = dict(zip(FILLED, filled, strict=True))
    changed = {key: value for key, value in wanted.items() if key not in given and hasattr(options, key)}
    method_options = (*options.method_options, *(f"{key}={value}" for key, value in settings.items()))
    line = f"the source has learnt its own inner loop ({loop.rules.optimiser}): {steps} steps of it"
    return dataclasses.replace(options, method=LEARNT, method_options=method_options, **changed), line
