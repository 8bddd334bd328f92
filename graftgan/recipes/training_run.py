"""One training run from options to a finished model folder: what `adapt` and `train` share."""

import dataclasses
import hashlib
import platform
import shlex
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from lightning_fabric import Fabric
from PIL import Image
from torch import Tensor

from graftgan.data import Batches, PictureSet, choose_shots, load_pictures, suggest_resolution, write_rows
from graftgan.devices import launch
from graftgan.errors import StoppedEarly, UserError
from graftgan.methods.base import Preparation
from graftgan.methods.step import adversarial_step
from graftgan.randomness import generator_at
from graftgan.recipes.options import TrainingOptions, from_json, method_from, to_json
from graftgan.recipes.pair import make_state, starting_pair
from graftgan.sampling.grid import grid
from graftgan.sampling.sample import sample
from graftgan.state import State
from graftgan.training import checkpoint
from graftgan.training.interrupt import Interrupt
from graftgan.training.log import Log
from graftgan.training.loop import fit
from graftgan.training.progress import ProgressBar
from graftgan.training.run_folder import RunFolder

GRID_SEEDS = range(32)
Options = TypeVar("Options", bound=TrainingOptions)


@dataclass(frozen=True)
class Finished:
    """What a training run leaves in memory for the recipe that called it.

    Attributes:
        folder: the run's folder, still locked.
        state: at the last step.
        network: name of the architecture.
        photos: the pictures trained on.
        holdout: pictures that were never trained on; None where there are none.
        seconds: the training took in this process.
        fabric: device and rank.
    """

    folder: RunFolder
    state: State
    network: str
    photos: PictureSet
    holdout: PictureSet | None
    seconds: float
    fabric: Fabric


def resumed(kind: type[Options], options: Options) -> Options:
    """Returns the options that a run goes on with: those of the folder, with what a resumed run may change.

    Raises:
        UserError: the folder is not a run's, or an option contradicts what the run began with.
    """
    assert options.resume is not None
    folder = RunFolder.open(Path(options.resume))
    record = folder.read_record()
    folder.close()
    before = from_json(kind, record["options"])
    fresh = kind()
    changed = {
        field.name: getattr(options, field.name)
        for field in dataclasses.fields(kind)
        if getattr(options, field.name) != getattr(fresh, field.name)
    }
    free = {"resume", "devices", "kimg"}
    for name, value in changed.items():
        if name not in free and value != getattr(before, name):
            raise UserError(
                f"--{name.replace('_', '-')} {value}: the run began with {getattr(before, name)}, and keeps it"
            )
    if changed.get("kimg", before.kimg) < before.kimg:
        raise UserError(f"--kimg {options.kimg}: the run began with {before.kimg}; it can only be raised")
    return dataclasses.replace(before, **{name: value for name, value in changed.items() if name in free})


def train_run(options: TrainingOptions, images: str, verb: str) -> Finished:
    """Trains until the budget is used up, from the start or from the newest checkpoint.

    Args:
        options: of the run; `options.resume` names the folder to go on in.
        images: folder or zip of the pictures.
        verb: "adapt" or "train"; names the run and the bar.

    Returns:
        State and pictures; the folder holds log, samples and checkpoints.

    Raises:
        UserError: an option, picture or file is refused.
        StoppedEarly: Ctrl-C or SIGTERM; a checkpoint was written.
        NumericalError: NaN or infinity; the last checkpoint is whole.
    """
    fabric = launch(options.devices, options.precision)
    model = None
    if options.source != "none":
        model = starting_pair(options, options.resolution, 0)
    resolution = model.generator.resolution if model else options.resolution or suggest_resolution(images)
    photos, holdout = read_pictures(options, images, resolution, fabric)
    if model is None:
        model = starting_pair(options, resolution, len(photos.classes) if options.classes else 0)
    if options.batch % fabric.world_size:
        raise UserError(f"--batch {options.batch}: must be a multiple of the {fabric.world_size} devices")

    folder = open_folder(options, images, verb, photos, fabric)
    interrupt = Interrupt()
    with interrupt:
        return _train(options, verb, model, photos, holdout, folder, fabric, interrupt)


def _train(
    options: TrainingOptions,
    verb: str,
    model: Any,
    photos: PictureSet,
    holdout: PictureSet | None,
    folder: RunFolder,
    fabric: Fabric,
    interrupt: Interrupt,
) -> Finished:
    """Builds the state, goes on from a checkpoint if there is one, and runs the loop."""
    method = method_from(options.method, options.method_options)
    rules, schedule = options.rules(photos.resolution), options.schedule()
    real_at = batches(options, photos, model.generator.c_dim, fabric)
    checkpoints = folder.path / "checkpoints"
    saved = checkpoint.newest(checkpoints) if options.resume else None
    chief = fabric.global_rank == 0

    with ProgressBar("prepare", 1, quiet=not chief) as bar:

        def told(done: int, of: int, note: str) -> None:
            bar.total = of
            bar.update(done, note)
            if interrupt.asked:
                raise StoppedEarly(
                    f"stopped while preparing; {folder.path} has no checkpoint yet, --resume begins again"
                )

        preparation = Preparation(real_at, rules, fabric, options.seed, saved[1] if saved else None, told)
        state = make_state(model, options, method, fabric.device, preparation)

    if saved is not None:
        path, tensors, numbers = saved
        if numbers["world_size"] != fabric.world_size:
            raise UserError(f"{path} was written by {numbers['world_size']} devices, not {fabric.world_size}")
        try:
            state.load_tensors(tensors)
        except (KeyError, ValueError) as error:
            raise UserError(f"{path} does not fit this run: {error.args[0]}") from error
        state.step, state.images = numbers["step"], numbers["images"]
        check_seeded(state)
    log = Log(folder.path, state.step if saved else None) if chief else None

    def step(index: int) -> dict[str, Tensor]:
        real, labels = real_at(index)
        rng = generator_at(options.seed, index, rank=fabric.global_rank)
        losses = adversarial_step(state, method, real, labels, rules, fabric, rng)
        method.after_step(state)
        return losses

    def on_tick(numbers: dict[str, Any]) -> None:
        if log is None:
            return
        draw_samples(state, folder.path)
        record = {"step": state.step, "images": state.images, "world_size": fabric.world_size}
        checkpoint.save(checkpoints, state.step, state.tensors(), record, options.keep)
        strength = getattr(state.augment, "p", None)
        log.write(state.step, numbers if strength is None else {**numbers, "augment_p": float(strength)})

    began = time.monotonic()
    try:
        if saved is None:
            on_tick({"kimg": 0.0})
        fit(state, step, schedule, on_tick, interrupt, show=chief, what=verb)
    except StoppedEarly as stop:
        raise StoppedEarly(f"{stop}; go on with: graftgan {verb} --resume {shlex.quote(str(folder.path))}") from None
    finally:
        if log is not None:
            log.close()
    return Finished(folder, state, model.network, photos, holdout, time.monotonic() - began, fabric)


def check_seeded(state: State) -> None:
    """Asserts that a loaded state counts from a whole step."""
    assert state.step >= 0 and state.images >= 0


def read_pictures(
    options: TrainingOptions, images: str, resolution: int, fabric: Fabric
) -> tuple[PictureSet, PictureSet | None]:
    """Returns the pictures to train on and those held out.

    Raises:
        UserError: nothing readable there, or more shots asked for than there are.
    """
    chief = fabric.global_rank == 0
    with ProgressBar("read pictures", 1, quiet=not chief) as bar:

        def told(done: int, of: int) -> None:
            bar.total = of
            bar.update(done)

        pictures = load_pictures(Path(images), resolution, square=options.square, progress=told)  # type: ignore[arg-type]
        holdout = None
        if options.holdout is not None:
            holdout = load_pictures(Path(options.holdout), resolution, square=options.square, progress=told)  # type: ignore[arg-type]
    if options.shots is not None and options.shots < len(pictures):
        chosen = choose_shots(len(pictures), options.shots, options.seed)
        if holdout is None:
            rest = np.setdiff1d(np.arange(len(pictures)), chosen)
            holdout = pictures.take(rest[:5000] if len(rest) > 5000 else rest)
        pictures = pictures.take(chosen)
    elif options.shots is not None and options.shots > len(pictures):
        raise UserError(f"--shots {options.shots}: {images} has {len(pictures)} readable pictures")
    return pictures, holdout


def batches(
    options: TrainingOptions, photos: PictureSet, c_dim: int, fabric: Fabric
) -> Callable[[int], tuple[Tensor, Tensor | None]]:
    """Returns step -> (real pictures, one-hot labels or None) on the device."""
    source = Batches(
        photos.pixels,
        photos.labels,
        options.batch // fabric.world_size,
        options.seed,
        options.flip,
        fabric.global_rank,
        fabric.world_size,
    )

    def at(step: int) -> tuple[Tensor, Tensor | None]:
        images, labels = source.at(step)
        onehot = torch.nn.functional.one_hot(labels % c_dim, c_dim).float().to(fabric.device) if c_dim else None
        return images.to(fabric.device), onehot

    return at


def open_folder(options: TrainingOptions, images: str, verb: str, photos: PictureSet, fabric: Fabric) -> RunFolder:
    """Returns the run's folder: a new one with run.json and photos.csv, or the one to go on in.

    Raises:
        UserError: the pictures are not those that the run began with.
    """
    digest = hashlib.sha256("\n".join(photos.digests).encode()).hexdigest()
    if options.resume is not None:
        folder = RunFolder.open(Path(options.resume))
        if folder.read_record().get("photos_sha256") != digest:
            raise UserError(f"{images} no longer holds the pictures that {folder.path} began with")
        return folder
    folder = RunFolder.create(
        Path(options.outdir), f"{Path(images).stem}-{options.method if verb == 'adapt' else verb}"
    )
    write_rows(photos.rows, folder.path / "photos.csv")
    record = {
        "verb": verb,
        "images": str(Path(images).absolute()),
        "options": to_json(options),
        "photos_sha256": digest,
        "versions": versions(),
        "command": command(verb, images, options),
    }
    folder.write_record(record)
    return folder


def versions() -> dict[str, str]:
    """Returns what the numbers of a run depend on."""
    names = ("graftgan", "torch", "numpy", "pillow", "lightning-fabric", "safetensors")
    return {"python": platform.python_version(), **{name: version(name) for name in names}}


def command(verb: str, images: str, options: TrainingOptions) -> str:
    """Returns the command line that repeats the run: every option that is not a default."""
    words = ["graftgan", verb, images]
    fresh = type(options)()
    for field in dataclasses.fields(options):
        value = getattr(options, field.name)
        if value == getattr(fresh, field.name):
            continue
        flag = field.name.replace("_", "-")
        if isinstance(value, bool):
            words.append(f"--{flag}" if value else f"--no-{flag}")
        elif isinstance(value, tuple):
            words += [f"--{flag}", *value]
        else:
            words += [f"--{flag}", str(value)]
    return shlex.join(words)


def draw_samples(state: State, folder: Path) -> None:
    """Writes the grid of this tick: the same seeds every time."""
    pictures = sample(state.average, GRID_SEEDS)
    (folder / "samples").mkdir(exist_ok=True)
    sheet = grid(pictures if pictures.shape[-1] == 3 else pictures.repeat(3, axis=-1), columns=8)
    Image.fromarray(sheet).save(folder / "samples" / f"{state.step:08d}.png")
