"""run.json: all that a run depends on, the command that repeats it, and what a resumed run is held to."""

import dataclasses
import hashlib
import platform
import shlex
import shutil
import warnings
from collections.abc import Collection
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeVar

from lightning_fabric import Fabric

from graftgan.data import PictureSet, write_rows
from graftgan.devices import from_first
from graftgan.errors import UserError
from graftgan.recipes.learnt_loop import FILLED, LEARNT
from graftgan.recipes.meta_options import MetaOptions
from graftgan.recipes.options import TrainingOptions, from_json, to_json
from graftgan.training.run_folder import RunFolder
from graftgan.zoo.model_folder import Model
from graftgan.zoo.sources import is_known

Options = TypeVar("Options", bound=TrainingOptions)
Resumable = TypeVar("Resumable", bound="TrainingOptions | MetaOptions")

PICTURES = {"adapt": "photos", "train": "images", "meta": "tasks"}
SUBJECT = {**PICTURES, "advise": "photos", "evaluate": "model", "compare": "photos"}
MOVABLE = {"photos", "images", "tasks", "holdout"}
FREE = {"resume", "devices", "kimg", "episodes", *MOVABLE}
NOUN = {"compare": "comparison"}


def rooted(options: Options) -> Options:
    """Returns the options with every path absolute, so that the run can be repeated and resumed from any folder."""
    names = MOVABLE & {field.name for field in dataclasses.fields(options)}
    paths: dict[str, Any] = {name: getattr(options, name) for name in names if getattr(options, name) is not None}
    if options.source != "none" and not is_known(options.source) and Path(options.source).exists():
        paths["source"] = options.source
    absolute: dict[str, Any] = {name: str(Path(path).absolute()) for name, path in paths.items()}
    return dataclasses.replace(options, **absolute)


def resumed(kind: type[Resumable], options: Resumable, verb: str, given: Collection[str] = ()) -> Resumable:
    """Returns the options that a run goes on with: those of the folder, with what a resumed run may change.

    Args:
        kind: of the options.
        options: `resume` names the folder; what differs from the defaults was asked for.
        verb: that goes on.
        given: options that were asked for even if they have their default's value.

    Raises:
        UserError: the folder is not such a run's, or an option contradicts what the run began with.
    """
    assert options.resume is not None
    record = RunFolder.open(Path(options.resume), hold=False).read_record()
    if record.get("verb") != verb:
        noun = NOUN.get(record.get("verb", ""), "run")
        raise UserError(f"--resume {options.resume}: that {noun} was begun by `graftgan {record.get('verb')}`")
    before = from_json(kind, record["options"])
    fresh = kind()
    names = [field.name for field in dataclasses.fields(kind)]
    now = {name: getattr(options, name) for name in names}
    asked = {name: value for name, value in now.items() if name in given or value != getattr(fresh, name)}
    budget = "episodes" if verb == "meta" else "kimg"
    kept = {"kimg"} if verb == "compare" else set()  # a budget that every method had cannot grow for one
    for name, value in asked.items():
        if (name not in FREE or name in kept) and value != getattr(before, name):
            began = f"the {NOUN.get(verb, 'run')} began with {as_words(getattr(before, name))}, and keeps it"
            raise UserError(f"--{name.replace('_', '-')} {as_words(value)}: {began}")
    # nothing of a meta run depends on its length, so it may also end early: with the episodes it has played
    if verb != "meta" and asked.get(budget, getattr(before, budget)) < getattr(before, budget):
        asked_for, began_with = getattr(options, budget), getattr(before, budget)
        raise UserError(f"--{budget} {asked_for}: the run began with {began_with}; it can only be raised")
    return dataclasses.replace(before, **{name: value for name, value in asked.items() if name in FREE})


def as_words(value: Any) -> str:
    """Returns an option's value as a user writes it.

    Example:
        >>> as_words(("batch=8", "loss=hinge")), as_words(()), as_words(0.5)
        ('batch=8 loss=hinge', 'its default', '0.5')
    """
    if value is None or value == ():
        return "its default"
    return " ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def open_folder(
    options: TrainingOptions,
    verb: str,
    photos: PictureSet,
    holdout: PictureSet | None,
    source: Model,
    fabric: Fabric,
    notes: dict[str, Any],
) -> RunFolder:
    """Returns the run's folder: a new one with run.json and photos.csv, or the one to go on in.

    Args:
        options: with absolute paths.
        verb: "adapt" or "train"; names the run.
        photos: trained on.
        holdout: never trained on, or None.
        source: what the run starts from.
        fabric: the first process makes, or locks, the folder; the others are told which it is.
        notes: what else run.json of a new run keeps.

    Raises:
        UserError: the folder cannot be written or is in use, or the pictures or the source are not those that the
            run began with.
    """
    held: list[RunFolder] = []

    def first() -> str:
        try:
            record = describe(options, verb, photos, holdout, source) | notes
            held.append(go_on(options, record) if options.resume is not None else begin(options, verb, photos, record))
        except OSError as error:
            raise UserError(f"--outdir {options.outdir}: {error.strerror or error}") from error
        return str(held[0].path)

    path = from_first(fabric, first)
    return held[0] if held else RunFolder(Path(path), hold=False)


def begin(options: TrainingOptions, verb: str, photos: PictureSet, record: dict[str, Any]) -> RunFolder:
    """Makes the folder of a new run, or nothing."""
    images = Path(record["images"])
    folder = RunFolder.create(Path(options.outdir), f"{images.stem}-{options.method if verb == 'adapt' else verb}")
    try:
        write_rows(photos.rows, folder.path / "photos.csv")
        folder.write_record(record)
    except BaseException:
        folder.close()
        shutil.rmtree(folder.path, ignore_errors=True)
        raise
    return folder


def go_on(options: TrainingOptions, now: dict[str, Any]) -> RunFolder:
    """Locks the folder of an earlier run after comparing what it began with; notes a raised budget.

    Raises:
        UserError: other pictures or another source than the run began with, or the folder is in use.
    """
    folder = RunFolder.open(Path(options.resume or ""))
    try:
        record = folder.read_record()
        if record.get("photos_sha256") != now["photos_sha256"]:
            raise UserError(f"{now['images']} no longer holds the pictures that {folder.path} began with")
        if record.get("holdout_sha256") != now["holdout_sha256"]:
            raise UserError(f"--holdout {options.holdout}: not the pictures that {folder.path} began to hold out")
        if record.get("source_sha256") != now["source_sha256"]:
            raise UserError(f"--source {options.source}: no longer the model that {folder.path} began with")
        if record.get("versions") != now["versions"]:
            warnings.warn(
                f"{folder.path} began with {record.get('versions')}, and goes on with {now['versions']}: "
                "the result may differ from that of an uninterrupted run",
                stacklevel=2,
            )
        if record["options"].get("kimg") != options.kimg:
            kept = dataclasses.replace(from_json(type(options), record["options"]), kimg=options.kimg)
            folder.write_record(record | {"options": to_json(kept), "command": command(record["verb"], kept)})
    except BaseException:
        folder.close()
        raise
    return folder


def describe(
    options: TrainingOptions, verb: str, photos: PictureSet, holdout: PictureSet | None, source: Model
) -> dict[str, Any]:
    """Returns what run.json holds: options, hashes of source and photos, versions, the command that repeats it."""
    return {
        "verb": verb,
        "images": getattr(options, PICTURES[verb]),
        "command": command(verb, options),
        "options": to_json(options),
        "versions": versions(),
        "source_sha256": {"generator": source.digest, "discriminator": source.discriminator_digest},
        "photos_sha256": digest_of(photos),
        "holdout_sha256": None if holdout is None else digest_of(holdout),
        "photos": [list(pair) for pair in zip(photos.names, photos.digests, strict=True)],
    }


def digest_of(pictures: PictureSet) -> str:
    """Returns one hash over the hashes of all pictures, in order."""
    return hashlib.sha256("\n".join(pictures.digests).encode()).hexdigest()


def versions() -> dict[str, str]:
    """Returns what the numbers of a run depend on."""
    names = ("graftgan", "torch", "numpy", "pillow", "lightning-fabric", "safetensors")
    return {"python": platform.python_version(), **{name: version(name) for name in names}}


def command(verb: str, options: Any) -> str:
    """Returns the command line that repeats the run: every option that is not a default."""
    words = ["graftgan", verb, str(getattr(options, SUBJECT[verb]))]
    fresh = type(options)()
    for field in dataclasses.fields(options):
        value = getattr(options, field.name)
        told = getattr(options, "method", None) == LEARNT and field.name in FILLED
        if (value == getattr(fresh, field.name) and not told) or field.name in ("resume", SUBJECT[verb]):
            continue
        flag = field.name.replace("_", "-")
        if isinstance(value, bool):
            words.append(f"--{flag}" if value else f"--no-{flag}")
        elif isinstance(value, tuple):
            words += [f"--{flag}", *value]
        else:
            words += [f"--{flag}", str(value)]
    return shlex.join(words)
