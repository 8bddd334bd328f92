"""One training run from options to a finished model folder: what `adapt` and `train` share."""

import io
import shlex
import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from lightning_fabric import Fabric
from PIL import Image
from torch import Tensor

from graftgan.data import PictureSet, suggest_resolution
from graftgan.devices import from_first, in_any, launch
from graftgan.errors import NumericalError, StoppedEarly, UserError
from graftgan.files import write_atomically
from graftgan.losses import LOSSES
from graftgan.methods import METHODS
from graftgan.methods.base import Preparation
from graftgan.methods.rules import Rules
from graftgan.methods.step import take_step
from graftgan.randomness import generator_at
from graftgan.recipes.options import TrainingOptions, method_from
from graftgan.recipes.pair import StartingPair, make_state, starting_pair, treatment_of, unfit
from graftgan.recipes.pictures import read_pictures, real_batches, some_of
from graftgan.recipes.record import open_folder, rooted
from graftgan.recipes.watch import Watch, best_step
from graftgan.sampling.grid import grid
from graftgan.sampling.sample import sample
from graftgan.state import State, not_finite
from graftgan.training import checkpoint
from graftgan.training.interrupt import Interrupt
from graftgan.training.log import Log
from graftgan.training.loop import fit
from graftgan.training.progress import ProgressBar
from graftgan.training.run_folder import RunFolder
from graftgan.zoo.model_folder import Model

GRID_SEEDS = range(32)


@dataclass(frozen=True)
class Finished:
    """What a training run leaves in memory for the recipe that called it.

    Attributes:
        folder: the run's folder, still locked.
        state: at the last step.
        source: what the run started from; its networks are the state's.
        photos: the pictures trained on.
        holdout: pictures that were never trained on; None where there are none.
        seconds: the training took in this process.
        fabric: device and rank.
        treatment: sentences on what became of the source before G first learnt.
    """

    folder: RunFolder
    state: State
    source: StartingPair
    photos: PictureSet
    holdout: PictureSet | None
    seconds: float
    fabric: Fabric
    treatment: tuple[str, ...] = ()


def train_run(options: TrainingOptions, images: str, verb: str, notes: dict[str, Any] | None = None) -> Finished:
    """Trains until the budget is used up, from the start or from the newest checkpoint.

    Args:
        options: of the run; `options.resume` names the folder to go on in.
        images: folder or zip of the pictures.
        verb: "adapt" or "train"; names the run and the bar.
        notes: what else run.json of a new run keeps.

    Returns:
        State and pictures; the folder holds log, samples and checkpoints.

    Raises:
        UserError: an option, picture or file is refused.
        StoppedEarly: Ctrl-C or SIGTERM; a checkpoint was written.
        NumericalError: NaN or infinity; the last checkpoint is whole.
    """
    if options.source == "none" and METHODS[options.method].needs_source:
        raise UserError(f"--method {options.method}: adapts a source, and --source none has none")
    options = rooted(options)
    images = str(Path(images).absolute())
    fabric = launch(options.devices, options.precision)
    model = None
    if options.source != "none":
        model = starting_pair(options, options.resolution, 0)
    resolution = model.generator.resolution if model else options.resolution or suggest_resolution(images)
    photos, holdout = read_pictures(options, images, resolution, fabric.global_rank == 0)
    if model is None:
        if options.classes and not photos.classes:
            raise UserError(f"--classes: {images} has no folders to take classes from")
        model = starting_pair(options, resolution, len(photos.classes) if options.classes else 0)
    check_together(options, model, fabric)
    treatment = treatment_of(options, model)
    told = {"treatment": list(treatment)} if treatment else {}
    folder = open_folder(options, verb, photos, holdout, model, fabric, {**(notes or {}), **told})
    if fabric.global_rank == 0 and treatment:
        print(f"{verb}: {'; '.join(treatment)}", file=sys.stderr, flush=True)
    try:
        with Interrupt() as interrupt:
            finished = _train(
                options, verb, model, photos, holdout, folder, fabric, lambda: in_any(fabric, interrupt.asked)
            )
            return replace(finished, treatment=treatment)
    except BaseException as error:
        folder.close()
        begun = options.resume is not None or (folder.path / "checkpoints").exists()
        if isinstance(error, UserError) and not begun and fabric.global_rank == 0:
            shutil.rmtree(folder.path, ignore_errors=True)  # refused before the first step: nothing to keep
        raise


def _train(
    options: TrainingOptions,
    verb: str,
    model: StartingPair,
    photos: PictureSet,
    holdout: PictureSet | None,
    folder: RunFolder,
    fabric: Fabric,
    asked: Callable[[], bool],
) -> Finished:
    """Builds the state, goes on from a checkpoint if there is one, and runs the loop."""
    method = method_from(options.method, options.method_options)
    asked_for = options.rules(photos.resolution)
    rules, schedule = method.game(asked_for), options.schedule()
    if fabric.global_rank == 0 and (line := other_game(options.method, model, asked_for, rules)):
        print(f"{verb}: {line}", file=sys.stderr, flush=True)
    real_at = real_batches(options, photos, model, fabric)
    checkpoints = folder.path / "checkpoints"
    saved = newest_checkpoint(checkpoints, fabric) if options.resume else None
    chief = fabric.global_rank == 0

    with ProgressBar("prepare", 1, quiet=not chief) as bar:

        def told(done: int, of: int, note: str) -> None:
            bar.total = of
            bar.update(done, note)
            if asked():
                raise StoppedEarly(
                    f"stopped while preparing; {folder.path} has no checkpoint yet, --resume begins again"
                )

        preparation = Preparation(
            real_at,
            rules,
            fabric,
            options.seed,
            saved[1] if saved else None,
            told,
            lambda most: some_of(photos, most, model, fabric),
        )
        state = make_state(model, options, method, fabric.device, preparation)

    if saved is not None:
        path, tensors, numbers = saved
        try:
            state.load_tensors(tensors)
        except (KeyError, ValueError) as error:
            raise UserError(f"{path} does not fit this run: {error.args[0]}") from error
        state.step, state.images = numbers["step"], numbers["images"]
    log = Log(folder.path, state.step if saved else None) if chief else None
    encoder = options.watch_by() if chief else None
    watch = None if encoder is None else Watch(photos.pixels, encoder, schedule, fabric.device)

    def step(index: int) -> dict[str, Tensor]:
        real, labels = real_at(index)
        rng = generator_at(options.seed, index, rank=fabric.global_rank)
        losses = take_step(state, method, real, labels, rules, fabric, rng)
        method.after_step(state)
        return losses

    def on_tick(numbers: dict[str, Any]) -> None:
        from_first(fabric, lambda: write_tick(state, folder.path, numbers, log, fabric.world_size, options.keep, watch))

    began = time.monotonic()
    try:
        if saved is None:
            on_tick({"kimg": 0.0})
        fit(state, step, schedule, on_tick, asked, show=chief, what=verb)
    except StoppedEarly as stop:
        raise StoppedEarly(f"{stop}; go on with: graftgan {verb} --resume {shlex.quote(str(folder.path))}") from None
    finally:
        if log is not None:
            log.close()
    return Finished(folder, state, model, photos, holdout, time.monotonic() - began, fabric)


def other_game(method: str, model: Model, asked: Rules, played: Rules) -> str:
    """Returns one line on what of the game that the options describe is not played; empty where all is.

    Example:
        >>> from graftgan.losses import LOSSES
        >>> from graftgan.zoo.sources import find_source
        >>> from graftgan.zoo.model_folder import load_model
        >>> rules = Rules(LOSSES["hinge"], r1=1.0)
        >>> other_game("projected", load_model(find_source("avatars-64")), rules, Rules(LOSSES["hinge"]))
        '--method projected plays by rules of its own: r1 0 (asked: 1)'
    """
    assert model.discriminator is not None
    if not model.discriminator.adversary:
        return f"a {model.network} is trained by its own bound: loss, penalties and augmentation have no part in it"
    told = []
    for part in fields(Rules):
        one, other = getattr(asked, part.name), getattr(played, part.name)
        if one != other:
            words = [next((name for name, loss in LOSSES.items() if loss is value), None) for value in (other, one)]
            told.append(
                "{} {} (asked: {})".format(
                    part.name, *(w or f"{v:g}" for w, v in zip(words, (other, one), strict=True))
                )
            )
    return f"--method {method} plays by rules of its own: {', '.join(told)}" if told else ""


def check_together(options: TrainingOptions, model: Model, fabric: Fabric) -> None:
    """Refuses options that do not go together, before anything is written.

    Raises:
        UserError: names the option.
    """
    each, rest = divmod(options.batch, fabric.world_size)
    if rest:
        raise UserError(f"--batch {options.batch}: must be a multiple of the {fabric.world_size} devices")
    if options.path_length and model.network != "stylegan2":
        raise UserError(f"--path-length {options.path_length}: a {model.network} has no intermediate latents")
    if options.path_length and each < 8:
        raise UserError(f"--path-length {options.path_length}: wants a --batch of at least 8 a device, not {each}")
    if reason := unfit(method_from(options.method, options.method_options), model):
        raise UserError(f"--method {options.method}: {reason}")
    steps = options.schedule().steps
    if options.d_first and options.d_first >= steps:
        raise UserError(f"--d-first {options.d_first}: the run has {steps} steps, so that G would never train")
    assert model.discriminator is not None
    if not model.discriminator.adversary:
        for name in ("r2", "gradient_penalty", "lecam", "d_first"):
            if value := getattr(options, name):
                raise UserError(
                    f"--{name.replace('_', '-')} {value}: a {model.network} has no discriminator to hold back"
                )


def newest_checkpoint(checkpoints: Path, fabric: Fabric) -> tuple[Path, dict[str, Tensor], dict[str, Any]] | None:
    """Returns the newest whole checkpoint, the same in every process: path, tensors, numbers; None if there is none.

    Raises:
        UserError: every one is damaged, or it was written by another number of devices.
    """
    if fabric.world_size == 1:
        found = checkpoint.newest(checkpoints)
    else:
        chosen = from_first(fabric, lambda: (checkpoint.newest(checkpoints) or (None,))[0])
        found = None if chosen is None else (chosen, *checkpoint.read(chosen))
    if found is not None and found[2].get("world_size") != fabric.world_size:
        raise UserError(f"{found[0]} was written by {found[2].get('world_size')} devices, not {fabric.world_size}")
    return found


def write_tick(
    state: State,
    folder: Path,
    numbers: dict[str, Any],
    log: Log | None,
    world_size: int,
    keep: int,
    watch: Watch | None = None,
) -> None:
    """Writes samples, log and checkpoint; the checkpoint last, so that a resumed run finds the log complete.

    The checkpoint of the step that the watch favours so far is kept however old it is.

    Raises:
        NumericalError: a tensor of the state is not finite; nothing is written.
        UserError: the disk is full, or the folder cannot be written.
    """
    tensors = state.tensors()
    if (name := not_finite(tensors)) is not None:
        raise NumericalError(f"step {state.step}: {name} holds NaN or infinity")
    seen = watch.look(state.average) if watch is not None and watch.is_look(state.step) else {}
    try:
        draw_samples(state, folder)
        if log is not None:
            strength = getattr(state.augment, "p", None)
            strengths = {} if strength is None else {"augment_p": float(strength)}
            log.write(state.step, {**numbers, **strengths, **seen})
    except OSError as error:
        raise UserError(f"{folder} cannot be written: {error.strerror or error}") from error
    record = {"step": state.step, "images": state.images, "world_size": world_size}
    spare = None if watch is None else best_step(folder)
    checkpoint.save(folder / "checkpoints", state.step, tensors, record, keep, spare)


def draw_samples(state: State, folder: Path) -> None:
    """Writes the grid of this tick: the same seeds every time."""
    pictures = sample(state.average, GRID_SEEDS)
    (folder / "samples").mkdir(exist_ok=True)
    sheet = grid(pictures if pictures.shape[-1] == 3 else pictures.repeat(3, axis=-1), columns=8)
    png = io.BytesIO()
    Image.fromarray(sheet).save(png, "PNG")
    write_atomically(folder / "samples" / f"{state.step:08d}.png", png.getvalue())
