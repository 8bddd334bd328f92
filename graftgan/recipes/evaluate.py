"""`graftgan evaluate`: the metric table of a model, or of a folder of pictures, each number with its protocol."""

import json
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import numpy as np
from lightning_fabric import Fabric

from graftgan.choices import check_choice
from graftgan.data import PictureSet, load_pictures, suggest_resolution
from graftgan.data.rows import refusals_in_words
from graftgan.data.square import Square
from graftgan.devices import from_first, launch
from graftgan.errors import UserError
from graftgan.features import ENCODERS
from graftgan.features.lpips import PERCEPTUAL
from graftgan.features.resize import RESIZES
from graftgan.files import write_atomically
from graftgan.metrics import METRICS
from graftgan.recipes.evaluate_page import Shown, write_page
from graftgan.recipes.judge import Judge, Verdict
from graftgan.recipes.record import command, digest_of, versions
from graftgan.recipes.subject import Subject, of_generator
from graftgan.recipes.table import Table
from graftgan.report.words import count
from graftgan.training.progress import ProgressBar
from graftgan.training.run_folder import RECORD, RunFolder
from graftgan.zoo.model_folder import CONFIG, load_model
from graftgan.zoo.sources import find_source, is_known

NO_LPIPS = "none"
SHOWN = 32


@dataclass(frozen=True, kw_only=True)
class EvaluateOptions:
    """Measures a model, or a folder of pictures, against pictures that it never saw."""

    model: str | None = None
    """A run's folder, a model folder, a source's name; or a folder or zip of generated pictures."""
    reference: str | None = None
    """Folder or zip of real pictures that were not trained on; files that were are left out and counted."""
    shots: str | None = None
    """Folder or zip of the photos trained on, for memorisation and intra-cluster LPIPS; a run knows its own."""
    encoder: tuple[str, ...] = ("inception",)
    """Whose features are compared, one or several: {encoders}."""
    metrics: tuple[str, ...] = ()
    """Which numbers, `all` for every one; default: all but the slow ones. There are {metrics}."""
    pictures: int | None = None
    """How many pictures of a model: default 1000 (papers take 5,000 to 50,000); the most of a folder: default all."""
    first_seed: int = 1_000_000
    """The model's pictures are those of the seeds from here on."""
    trunc: float = 1.0
    """Truncation; below 1 flatters quality and costs variety."""
    resolution: int | None = None
    """Side at which pictures are compared; default: the model's, or the power of two at or above the pictures'."""
    square: str = "crop"
    """How a picture that is not square is made so: `crop` its centre, or `pad` with white."""
    resize: str = "clean"
    """How pictures reach the encoder's size: {resizes}; published numbers before 2022 used a legacy rule."""
    lpips: str = "lpips-alex"
    """Network of intra-cluster LPIPS: {perceptual} or `none` (published: lpips-vgg, 20 times slower)."""
    json: str | None = None
    """Write the table to this file as JSON."""
    html: str | None = None
    """Write a self-contained page to this file."""
    devices: str = "auto"
    """auto, cpu, cpu:2, cuda, cuda:4, mps, or a number of devices; several split the pictures."""

    def __post_init__(self) -> None:
        """Checks every option by itself; raises UserError that names the option."""
        for name in self.encoder:
            check_choice("--encoder", name, ENCODERS)
        for name in self.metrics:
            check_choice("--metrics", name, ["all", *METRICS])
        check_choice("--resize", self.resize, RESIZES)
        check_choice("--lpips", self.lpips, [NO_LPIPS, *PERCEPTUAL])
        check_choice("--square", self.square, ["crop", "pad"])
        if not self.encoder:
            raise UserError("--encoder: name at least one")
        if self.pictures is not None and self.pictures < 2:
            raise UserError(f"--pictures {self.pictures}: at least 2")
        if self.first_seed < 0:
            raise UserError(f"--first-seed {self.first_seed}: must be 0 or above")
        if not 0 <= self.trunc <= 2:
            raise UserError(f"--trunc {self.trunc}: from 0 to 2")


def run(options: EvaluateOptions) -> Table:
    """Measures a model or a folder of pictures.

    Args:
        options: of the job.

    Returns:
        The table; written to `options.json` and `options.html` where they are given.

    Raises:
        UserError: an option, a model or pictures are refused.
    """
    if options.model is None:
        raise UserError("name a run's folder, a model folder, a source, or a folder of pictures to evaluate")
    if options.reference is None:
        raise UserError("--reference: name a folder or zip of real pictures that were not trained on")
    check_targets(options)
    fabric = launch(options.devices, "32")
    known = Known()
    judged: PictureSet | None = None
    if is_model(options.model):
        subject, resolution = judged_model(options, fabric)
        known = trained_on(Path(options.model), resolution)
    else:
        resolution = options.resolution or suggest_resolution(options.model)
        judged = read(options.model, resolution, options, fabric)
        subject = judged_pictures(options, judged)
    if options.shots is not None:
        shots = read(options.shots, resolution, options, fabric)
        known = Known(shots, known.digests | set(shots.digests))
    reference = read(options.reference, resolution, options, fabric)
    held = unseen(options, reference, known)
    warnings = doubts(options, reference, held, known, judged)
    table = measured(options, subject, reference, held, known.photos, fabric)
    table = replace(table, warnings=[*warnings, *table.warnings])
    if fabric.global_rank == 0 and not table.measures():
        raise UserError(f"nothing could be measured: {' '.join(table.missing)}")
    from_first(fabric, lambda: write(options, table, subject, reference.pixels[held[:SHOWN]], known.photos))
    return table


def check_targets(options: EvaluateOptions) -> None:
    """Refuses places that cannot be written to before anything is measured.

    Raises:
        UserError: names the option.
    """
    for name, target in (("--json", options.json), ("--html", options.html)):
        if target is None:
            continue
        folder = Path(target).absolute().parent
        if not folder.is_dir():
            raise UserError(f"{name} {target}: there is no folder {folder}")
        if Path(target).is_dir():
            raise UserError(f"{name} {target}: is a folder; name a file")
        if not os.access(folder, os.W_OK):
            raise UserError(f"{name} {target}: {folder} cannot be written")


def is_model(path: str) -> bool:
    """Returns whether a path or name leads to a model, and not to pictures."""
    folder = Path(path)
    if folder.is_file():
        return folder.suffix.lower() != ".zip"
    return is_known(path) or any((at / CONFIG).is_file() for at in (folder, folder / "model")) or not folder.exists()


def judged_model(options: EvaluateOptions, fabric: Fabric) -> tuple[Subject, int]:
    """Returns the model's pictures and their side."""
    assert options.model is not None
    model = load_model(find_source(options.model))
    generator = model.generator.to(fabric.device).eval()
    if options.resolution not in (None, generator.resolution):
        raise UserError(f"--resolution {options.resolution}: the model makes pictures of {generator.resolution} px")
    subject = of_generator("samples", generator, options.pictures or 1000, options.first_seed, options.trunc)
    return replace(subject, how={**subject.how, "model": model.digest[:16]}), generator.resolution


def judged_pictures(options: EvaluateOptions, pictures: PictureSet) -> Subject:
    """Returns the pictures of a folder as the subject, in an order drawn once: the first few are a fair sample."""
    most = min(options.pictures or len(pictures), len(pictures))
    order = np.random.default_rng(0).permutation(len(pictures))[:most]
    of = f"{most} of the {len(pictures)} pictures of {Path(options.model or '').name}, in an order drawn by seed 0"
    how = {"of": of, "side": pictures.resolution}
    return Subject("pictures", most, lambda start, stop: np.asarray(pictures.pixels[order[start:stop]]), how)


@dataclass(frozen=True)
class Known:
    """What is known of the photos that were trained on.

    Attributes:
        photos: themselves, where they are still there.
        digests: sha256 of their files.
    """

    photos: PictureSet | None = None
    digests: frozenset[str] | set[str] = frozenset()


def trained_on(model: Path, resolution: int) -> Known:
    """Returns what the run that a model came from says of its photos; nothing for a model that came from no run."""
    run = next((folder for folder in (model, model.parent) if (folder / RECORD).is_file()), None)
    if run is None:
        return Known()
    record = RunFolder.open(run, hold=False).read_record()
    wanted = {digest for _, digest in record.get("photos", [])}
    square = record["options"].get("square", "crop")
    try:
        pictures = load_pictures(Path(record.get("images", "")), resolution, square=square)
    except UserError:
        return Known(None, wanted)
    chosen = [at for at, digest in enumerate(pictures.digests) if digest in wanted]
    return Known(pictures.take(chosen) if len(chosen) >= len(wanted) > 0 else None, wanted)


def read(path: str, resolution: int, options: EvaluateOptions, fabric: Fabric) -> PictureSet:
    """Returns the pictures of a folder or zip, with a bar in the first process."""
    with ProgressBar(f"read {Path(path).name}", 1, quiet=fabric.global_rank != 0) as bar:

        def told(done: int, of: int) -> None:
            bar.total = of
            bar.update(done)

        return load_pictures(Path(path), resolution, square=cast(Square, options.square), progress=told)


def unseen(options: EvaluateOptions, reference: PictureSet, known: Known) -> np.ndarray:
    """Returns which pictures of the reference were not trained on, positions.

    Raises:
        UserError: nothing is left of the reference.
    """
    held = np.array([at for at, digest in enumerate(reference.digests) if digest not in known.digests], np.int64)
    if not len(held):
        raise UserError(f"--reference {options.reference}: every picture in it is trained on; give pictures held out")
    return held


def doubts(
    options: EvaluateOptions, reference: PictureSet, held: np.ndarray, known: Known, judged: PictureSet | None
) -> list[str]:
    """Returns a line on each thing that a reader should know before the numbers."""
    found = []
    if left_out := len(reference) - len(held):
        found.append(f"{left_out} pictures of the reference were trained on, and left out")
    if shared := len(set() if judged is None else set(judged.digests) & set(reference.digests)):
        found.append(f"{shared} of the judged pictures are also in the reference: the numbers flatter them")
    if not known.digests:
        found.append("whether the reference holds pictures that were trained on is not known: give --shots FOLDER")
    for name, pictures in ((options.model, judged), (options.reference, reference), (options.shots, known.photos)):
        if name is not None and pictures is not None and (refused := refusals_in_words(pictures.rows)):
            found.append(f"{name}: not every file could be read: {refused}")
    return found


def measured(
    options: EvaluateOptions,
    subject: Subject,
    reference: PictureSet,
    held: np.ndarray,
    shots: PictureSet | None,
    fabric: Fabric,
) -> Table:
    """Returns the numbers of every encoder; intra-cluster LPIPS, which needs none of them, with the first."""
    verdicts: dict[str, Verdict] = {}
    floors: dict[str, Verdict | None] = {}
    chosen = None if not options.metrics else set(METRICS) if "all" in options.metrics else set(options.metrics)
    for at, encoder in enumerate(dict.fromkeys(options.encoder)):
        judge = Judge(
            holdout=reference.pixels,
            held=held,
            photos=None if shots is None else shots.pixels,
            encoder=encoder,
            resize=options.resize,
            lpips=options.lpips if at == 0 and options.lpips != NO_LPIPS else None,
            metrics=chosen,
            device=fabric.device,
            fabric=fabric,
            show=fabric.global_rank == 0,
        )
        if judge.encoder is None:
            raise UserError(f"--encoder {encoder}: {judge.blind}")
        verdicts[encoder] = judge.measure(subject)
        floors[encoder] = judge.floor()
    return Table(
        subject=f"{count(subject.count, 'picture')} of {options.model}",
        reference=f"{count(len(held), 'picture')} of {options.reference}",
        verdicts=verdicts,
        floors=floors,
        warnings=list(dict.fromkeys(line for verdict in verdicts.values() for line in verdict.warnings)),
        facts={
            "resolution": reference.resolution,
            "reference_sha256": digest_of(reference),
            "shots_sha256": None if shots is None else digest_of(shots),
            "versions": versions(),
        },
    )


def write(
    options: EvaluateOptions, table: Table, subject: Subject, reference: np.ndarray, shots: PictureSet | None
) -> None:
    """Writes the JSON file and the page that were asked for."""
    if options.json is not None:
        write_atomically(Path(options.json), json.dumps(table.to_json(), indent=1).encode())
    if options.html is not None:
        title = f"Evaluation of {Path(str(options.model)).name}"
        page = Shown(title, command("evaluate", options), subject, reference, shots)
        write_page(Path(options.html), table, page)
