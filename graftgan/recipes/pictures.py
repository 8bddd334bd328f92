"""The pictures of a run: those trained on, those held out, and the batches of every step."""

from collections.abc import Callable
from pathlib import Path
from typing import cast

import numpy as np
import torch
from lightning_fabric import Fabric
from torch import Tensor

from graftgan.data import Batches, PictureSet, choose_draw, choose_shots, load_pictures
from graftgan.data.square import Square
from graftgan.data.tasks import as_tasks
from graftgan.errors import UserError
from graftgan.recipes.options import TrainingOptions
from graftgan.recipes.subject import drawn
from graftgan.training.progress import ProgressBar
from graftgan.zoo.model_folder import Model

MOST_HELD = 5000


def read_pictures(
    options: TrainingOptions, images: str, resolution: int, chief: bool
) -> tuple[PictureSet, PictureSet | None]:
    """Returns the pictures to train on and those held out; no picture is in both.

    Args:
        options: shots, hold-out, rule for squares.
        images: folder or zip.
        resolution: side in pixels.
        chief: whether this process shows the bar.

    Raises:
        UserError: nothing readable there, more shots asked for than there are, or a hold-out that is all photos.
    """
    pictures, holdout = read_folders(options, images, resolution, chief)
    if options.held_out_classes:
        tasks = as_tasks(pictures, options.held_out_classes, 1, options.seed)
        apart = np.isin(pictures.labels, tasks.held_out)
        if holdout is None:
            left = np.flatnonzero(apart)
            holdout = pictures.take(left[choose_shots(len(left), min(len(left), MOST_HELD), options.seed)])
        pictures = pictures.take(np.flatnonzero(~apart))
    if options.shots is not None:
        if options.shots > len(pictures):
            raise UserError(f"--shots {options.shots}: {images} has {len(pictures)} readable pictures")
        if options.draw is not None:
            chosen = choose_draw(len(pictures), options.shots, options.draw)
        else:
            chosen = choose_shots(len(pictures), options.shots, options.seed)
        rest = np.setdiff1d(np.arange(len(pictures)), chosen)
        if holdout is None and len(rest):
            holdout = pictures.take(rest[choose_shots(len(rest), min(len(rest), MOST_HELD), options.seed)])
        pictures = pictures.take(chosen)
    if holdout is not None and options.holdout is not None:
        holdout = without(holdout, pictures, options.holdout)
    return pictures, holdout


def read_folders(
    options: TrainingOptions, images: str, resolution: int, chief: bool
) -> tuple[PictureSet, PictureSet | None]:
    """Returns all the pictures of both folders as they are, before anything is chosen; arguments as above.

    Raises:
        UserError: nothing readable there, or the run would lie among the pictures.
    """
    refuse_runs_among("the pictures", images, options.outdir)
    if options.holdout is not None:
        refuse_runs_among("--holdout", options.holdout, options.outdir)
    with ProgressBar("read pictures", 1, quiet=not chief) as bar:

        def told(done: int, of: int) -> None:
            bar.total = of
            bar.update(done)

        def read(path: str) -> PictureSet:
            return load_pictures(Path(path), resolution, square=cast(Square, options.square), progress=told)

        return read(images), None if options.holdout is None else read(options.holdout)


def refuse_runs_among(name: str, pictures: str, outdir: str) -> None:
    """Raises UserError where runs would be written among the pictures that they read."""
    if Path(pictures).is_dir() and Path(outdir).resolve().is_relative_to(Path(pictures).resolve()):
        raise UserError(f"--outdir {outdir}: lies in {name}, whose next reading would find its samples")


def without(holdout: PictureSet, photos: PictureSet, name: str) -> PictureSet:
    """Returns the hold-out without files that are trained on.

    Raises:
        UserError: nothing is left.
    """
    trained = set(photos.digests)
    apart = [at for at, digest in enumerate(holdout.digests) if digest not in trained]
    if not apart:
        raise UserError(f"--holdout {name}: every picture in it is trained on")
    return holdout if len(apart) == len(holdout) else holdout.take(apart)


def real_batches(
    options: TrainingOptions, photos: PictureSet, model: Model, fabric: Fabric
) -> Callable[[int], tuple[Tensor, Tensor | None]]:
    """Returns step -> (real pictures in the network's channels, one-hot labels or None) on the device."""
    classes = model.generator.c_dim
    source = Batches(
        photos.pixels,
        class_of_each(photos, model),
        options.batch // fabric.world_size,
        options.seed,
        options.flip,
        fabric.global_rank,
        fabric.world_size,
    )

    def at(step: int) -> tuple[Tensor, Tensor | None]:
        images, labels = source.at(step)
        if model.generator.channels == 1:
            images = images.mean(dim=1, keepdim=True)
        onehot = torch.nn.functional.one_hot(labels, classes).float().to(fabric.device) if classes else None
        return images.to(fabric.device), onehot

    return at


def some_of(photos: PictureSet, most: int, model: Model, fabric: Fabric) -> Tensor:
    """Returns at most so many photos (N, channels, H, W) in [-1, 1] in the network's channels, on the device."""
    images = torch.from_numpy(np.array(drawn(photos.pixels, most))).permute(0, 3, 1, 2).float() / 127.5 - 1
    if model.generator.channels == 1:
        images = images.mean(dim=1, keepdim=True)
    elif images.shape[1] == 1:
        images = images.expand(-1, 3, -1, -1)
    return images.to(fabric.device).contiguous(memory_format=torch.channels_last)


def class_of_each(photos: PictureSet, model: Model) -> np.ndarray:
    """Returns the class that each picture trains, int64 (N,): its folder's, found by name among the network's classes.

    Pictures without folders train every class of a conditional network in turn, so that none is left behind.

    Raises:
        UserError: a folder that is no class of the source.
    """
    classes = model.generator.c_dim
    if not classes:
        return np.zeros(len(photos), np.int64)
    if not photos.classes:
        return np.arange(len(photos), dtype=np.int64) % classes
    known = list(model.about.get("classes") or photos.classes)
    if strange := [name for name in photos.classes if name not in known]:
        raise UserError(f"the source has no class {strange[0]} (its classes: {', '.join(known[:10])})")
    return np.array([known.index(name) for name in photos.classes], np.int64)[photos.labels]
