"""`graftgan advise`: which source, which method, which budget for these photos, and why."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from lightning_fabric import Fabric

from graftgan.choices import check_choice
from graftgan.data import PictureSet, load_pictures, suggest_resolution
from graftgan.devices import from_first, launch
from graftgan.errors import UserError
from graftgan.features import ENCODERS, Encoder
from graftgan.networks import check_trains
from graftgan.recipes.adapt import AdaptOptions
from graftgan.recipes.advice import Choice, advise_method
from graftgan.recipes.advice import to_json as choice_json
from graftgan.recipes.advice_rule import Case, usable_with
from graftgan.recipes.advise_page import Advised, source_reasons, write_page
from graftgan.recipes.measured import read_measured
from graftgan.recipes.options import to_json
from graftgan.recipes.record import command, digest_of, versions
from graftgan.recipes.source_look import MOST_PHOTOS, SAMPLES, Look, look, some
from graftgan.training.progress import ProgressBar
from graftgan.training.run_folder import RECORD, RunFolder
from graftgan.zoo.catalogue import catalogue
from graftgan.zoo.entry import NOT_STATED
from graftgan.zoo.model_folder import CONFIG, Model, load_model
from graftgan.zoo.sources import find_source, is_known

LEAST_SAMPLES = 16
MOST_SIDE = 256  # more than any encoder sees


@dataclass(frozen=True, kw_only=True)
class AdviseOptions:
    """Ranks the sources for these photos, recommends method, budget and settings by measured rules, and says why."""

    photos: str | None = None
    """Folder (at any depth) or zip of pictures."""
    sources: tuple[str, ...] = ()
    """Which models to hold beside them: names, model or run folders, folders of `train` runs, other projects'
    checkpoints; default: all that `graftgan sources` lists as usable here, save those of the hub, and every finished
    `train` run below --outdir."""
    samples: int = SAMPLES
    """Samples of each source."""
    encoder: str = "efficientnet-lite0"
    """Whose features are compared: {encoders}; the measured rules know distances by efficientnet-lite0 only."""
    outdir: str = "runs"
    """The advice's folder is made below this one, and finished runs are looked for in it."""
    seed: int = 0
    """Of the run that is recommended."""
    devices: str = "auto"
    """auto, cpu, cuda or mps; one device."""

    def __post_init__(self) -> None:
        """Checks every option by itself; raises UserError that names the option."""
        if isinstance(self.sources, str):  # Python callers may give one word
            object.__setattr__(self, "sources", (self.sources,))
        check_choice("--encoder", self.encoder, ENCODERS)
        if self.samples < LEAST_SAMPLES:
            raise UserError(f"--samples {self.samples}: at least {LEAST_SAMPLES}")
        if self.seed < 0:
            raise UserError(f"--seed {self.seed}: must be 0 or above")


@dataclass(frozen=True)
class Advice:
    """What `advise` found.

    Attributes:
        folder: that holds advice.json and advice.html.
        source: recommended; as it stands behind `--source`. None, like the three below, where none can be adapted.
        method: recommended, with its settings as `compare` writes them.
        kimg: budget recommended.
        command: that takes the advice.
        found: what advice.json holds.
    """

    folder: Path
    source: str | None
    method: str | None
    kimg: float | None
    command: str | None
    found: dict[str, Any] = field(repr=False)


def run(options: AdviseOptions) -> Advice:
    """Looks at every source beside the photos and recommends one, with a method and a budget. Nothing is trained.

    Args:
        options: of the job.

    Returns:
        The advice, which is also in `advice.json` and `advice.html` of its folder; where no source can be adapted it
        holds the ranking alone.

    Raises:
        UserError: an option or the photos are refused, or there is no source that could be looked at.
    """
    if options.photos is None:
        raise UserError("name the folder or zip of pictures to advise on")
    if Path(options.outdir).resolve().is_relative_to(Path(options.photos).resolve()):
        raise UserError(f"--outdir {options.outdir}: lies in the pictures, whose next reading would find its pages")
    outdir = Path(options.outdir)
    if any(path.exists() and not path.is_dir() for path in (outdir, *outdir.parents)):
        raise UserError(f"--outdir {outdir}: a file is in the place of the folder")
    fabric = launch(options.devices, "32")
    return from_first(fabric, lambda: advise(options, str(options.photos), fabric))


def advise(options: AdviseOptions, photos: str, fabric: Fabric) -> Advice:
    """Returns the advice of `run`; called in one process."""
    encoder = ENCODERS[options.encoder](fabric.device)
    whole = load_pictures(photos, min(suggest_resolution(photos), MOST_SIDE))
    skipped: list[str] = []
    looks: dict[str, tuple[Look, Model]] = {}
    for name, title in named(options):
        try:
            model = load_model(find_source(name))
            check_trains(model.network, name)
        except UserError as error:
            skipped.append(f"skipped {name}: {error}")
            continue
        pictures = load_pictures(photos, model.generator.resolution)
        looks[name] = looked(options, name, title, model, pictures, whole, encoder), model
    if not looks:
        raise UserError(f"no source to advise on ({'; '.join(skipped) or 'there is none'})")
    ranking = sorted(looks.values(), key=lambda found: (bool(found[0].refusal), found[0].distance))
    best, model = ranking[0]  # those that `adapt` refuses stand last
    choice = None if best.refusal else chosen(best, model, len(whole), encoder)
    return written(options, [found for found, _ in ranking], choice, skipped, whole)


def chosen(best: Look, model: Model, photos: int, encoder: Encoder) -> Choice:
    """Returns the method for the best source, with a budget and the reason for that."""
    measured = read_measured()
    distance = best.measures["own_distance"].value if encoder.name == measured.encoder else None
    case = Case(photos, distance, best.resolution, model.network)
    choice = advise_method(case, measured, usable_with(model))
    if choice.kimg is not None:
        return choice
    default = f"{AdaptOptions.kimg:g} kimg is the default budget: how much is enough was not measured."
    return replace(choice, kimg=AdaptOptions.kimg, reasons=(*choice.reasons, default))


def looked(
    options: AdviseOptions,
    name: str,
    title: str,
    model: Model,
    pictures: PictureSet,
    whole: PictureSet,
    encoder: Encoder,
) -> Look:
    """Returns what is known of one source, with a bar."""
    with ProgressBar(f"look at {Path(name).name}", 1) as bar:

        def told(done: int, of: int) -> None:
            bar.total = of
            bar.update(done)

        return look(name, title, model, some(pictures), some(whole), encoder, options.samples, told)


def named(options: AdviseOptions) -> Iterator[tuple[str, str]]:
    """Yields the sources to look at, each once: as it stands behind `--source`, and what it is in words."""
    known = {one.name: one.what for one in catalogue() if one.usable and one.kind != "hub"}
    given = options.sources or (*known, *train_runs(Path(options.outdir)))
    seen = set()
    for name in given:
        inside = [] if is_known(name) or is_model(Path(name)) else train_runs(Path(name))
        for one in inside or [name]:
            if one not in seen:
                seen.add(one)
                yield one, known.get(one, NOT_STATED).replace(NOT_STATED, "") or in_words(Path(one))


def is_model(path: Path) -> bool:
    """Returns whether a path is that of a model, or of a run with one."""
    return any((at / CONFIG).is_file() for at in (path, path / "model"))


def train_runs(folder: Path) -> list[str]:
    """Returns the finished runs of `train` right below a folder, in order of their numbers."""
    found = []
    for record in sorted(folder.glob(f"*/{RECORD}")) if folder.is_dir() else []:
        try:
            verb = RunFolder.open(record.parent, hold=False).read_record().get("verb")
        except UserError:
            continue
        if verb == "train" and is_model(record.parent):
            found.append(str(record.parent))
    return found


def in_words(path: Path) -> str:
    """Returns what a model that is no embedded one was trained on, as far as its run says."""
    try:
        record = RunFolder.open(path, hold=False).read_record()
        return f"trained on {Path(record['images']).stem}"
    except (UserError, KeyError, TypeError):
        return "a model of your own"


def written(
    options: AdviseOptions, looks: list[Look], choice: Choice | None, skipped: list[str], photos: PictureSet
) -> Advice:
    """Writes advice.json and advice.html into a folder of their own and returns what they say.

    Raises:
        UserError: the folder cannot be written.
    """
    total, digest = len(photos), digest_of(photos)
    notes = list(skipped)
    if total > MOST_PHOTOS:
        notes.append(f"Of the {total:,} photos {MOST_PHOTOS} were looked at, drawn once.")
    again = command("advise", options)
    folder = RunFolder.create(Path(options.outdir), f"{Path(str(options.photos)).stem}-advice")
    found = {
        "photos": {"count": total, "sha256": digest},
        **recommended(options, looks, choice),
        "sources": [one.to_json() for one in looks],
        "notes": notes,
    }
    record = {"verb": "advise", "command": again, "options": to_json(options), "versions": versions()}
    try:
        folder.write_record(record | {"photos_sha256": digest})
        (folder.path / "advice.json").write_text(json.dumps(found, indent=1))
        write_page(folder.path / "advice.html", Advised(str(options.photos), total, looks, found, again))
    except OSError as error:
        raise UserError(f"{folder.path} cannot be written: {error.strerror or error}") from error
    finally:
        folder.close()
    method = None if choice is None else choice.entrant
    return Advice(folder.path, found["source"], method, found["kimg"], found["command"], found)


def recommended(options: AdviseOptions, looks: list[Look], choice: Choice | None) -> dict[str, Any]:
    """Returns source, method, budget and command as JSON values; None each where no source can be adapted."""
    reasons = {"source_reasons": source_reasons(looks)}
    if choice is None:
        nothing = dict.fromkeys(("source", "method", "kimg", "kid_over_finetune", "command"))
        return {**nothing, **reasons, "method_options": [], "reasons": [], "nearest": []}
    job = AdaptOptions(
        photos=options.photos,
        source=looks[0].source,
        method=choice.method,
        method_options=choice.settings,
        kimg=AdaptOptions.kimg if choice.kimg is None else choice.kimg,
        seed=options.seed,
        outdir=options.outdir,
    )
    return {"source": looks[0].source, **reasons, **choice_json(choice), "command": command("adapt", job)}
