"""`graftgan evaluate`: the metric table of a model, or of a folder of pictures, each number with its protocol."""

import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

import numpy as np
from lightning_fabric import Fabric

from graftgan.choices import check_choice
from graftgan.data import PictureSet, load_pictures, suggest_resolution
from graftgan.data.square import Square
from graftgan.devices import from_first, launch
from graftgan.errors import UserError
from graftgan.features import ENCODERS
from graftgan.features.lpips import PERCEPTUAL
from graftgan.features.resize import RESIZES
from graftgan.files import write_atomically
from graftgan.metrics import METRICS, Measure
from graftgan.recipes.evaluate_page import write_page
from graftgan.recipes.judge import Judge, Verdict
from graftgan.recipes.record import digest_of, versions
from graftgan.recipes.subject import Subject, of_generator, of_pictures
from graftgan.training.progress import ProgressBar
from graftgan.training.run_folder import RECORD, RunFolder
from graftgan.zoo.model_folder import CONFIG, load_model
from graftgan.zoo.sources import EMBEDDED, find_source

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


@dataclass(frozen=True)
class Table:
    """What was measured, by encoder.

    Attributes:
        subject: what was judged, in words.
        reference: what it was judged against, in words.
        verdicts: encoder -> numbers of the subject.
        floors: encoder -> one half of the reference against the other; None where it is too small.
        warnings: one plain line each.
        facts: JSON values that the numbers depend on.
    """

    subject: str
    reference: str
    verdicts: dict[str, Verdict]
    floors: dict[str, Verdict | None]
    warnings: list[str] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def missing(self) -> list[str]:
        """Sentences on which numbers are missing, each once."""
        return list(dict.fromkeys(words for verdict in self.verdicts.values() for words in verdict.missing))

    def measures(self) -> dict[str, tuple[Any, Any]]:
        """Returns (measure, floor or None) by metric; those of a second encoder as `kid:inception`."""
        found = {}
        for at, (encoder, verdict) in enumerate(self.verdicts.items()):
            floor = self.floors[encoder]
            for name, measure in verdict.measures.items():
                below = None if floor is None else floor.measures.get(name)
                found[name if at == 0 else f"{name}:{encoder}"] = (measure, below)
        return found

    def to_json(self) -> dict[str, Any]:
        """Returns the table as JSON values: `metrics` and `floor` hold value, error and protocol by metric."""
        names = list(self.verdicts)
        metrics: dict[str, Any] = {}
        floor: dict[str, Any] = {}
        for at, name in enumerate(names):
            end = "" if at == 0 else f":{name}"
            metrics |= {key + end: value for key, value in self.verdicts[name].to_json().items()}
            below = self.floors[name]
            floor |= {} if below is None else {key + end: value for key, value in below.to_json().items()}
        return {
            "subject": self.subject,
            "reference": self.reference,
            "metrics": metrics,
            "floor": floor,
            "missing": self.missing,
            "warnings": self.warnings,
            **self.facts,
        }


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
    for target in (options.json, options.html):
        if target is not None and not Path(target).absolute().parent.is_dir():
            raise UserError(f"{target}: there is no folder {Path(target).absolute().parent}")
    fabric = launch(options.devices, "32")
    if is_model(options.model):
        subject, trained, resolution = judged_model(options, fabric)
        digests: set[str] = set()
    else:
        resolution = options.resolution or suggest_resolution(options.model)
        pictures = read(options.model, resolution, options, fabric)
        subject, trained = judged_pictures(options, pictures), None
        digests = set(pictures.digests)
    shots = trained if options.shots is None else read(options.shots, resolution, options, fabric)
    reference = read(options.reference, resolution, options, fabric)
    held, warnings = unseen(options, reference, shots, digests)
    table = measured(options, subject, reference, held, shots, fabric)
    table = replace(table, warnings=[*warnings, *table.warnings])
    from_first(fabric, lambda: write(options, table, subject, reference.pixels[held[:SHOWN]], shots))
    return table


def is_model(path: str) -> bool:
    """Returns whether a path or name leads to a model, and not to pictures."""
    folder = Path(path)
    return path in EMBEDDED or any((at / CONFIG).is_file() for at in (folder, folder / "model")) or not folder.exists()


def judged_model(options: EvaluateOptions, fabric: Fabric) -> tuple[Subject, PictureSet | None, int]:
    """Returns the model's pictures, the photos that its run was trained on where they are still there, and its side."""
    assert options.model is not None
    model = load_model(find_source(options.model))
    generator = model.generator.to(fabric.device).eval()
    if options.resolution not in (None, generator.resolution):
        raise UserError(f"--resolution {options.resolution}: the model makes pictures of {generator.resolution} px")
    subject = of_generator("samples", generator, options.pictures or 1000, options.first_seed, options.trunc)
    subject = replace(subject, how={**subject.how, "model": model.digest[:16]})
    return subject, trained_on(Path(options.model), generator.resolution, options), generator.resolution


def judged_pictures(options: EvaluateOptions, pictures: PictureSet) -> Subject:
    """Returns the pictures of a folder as the subject; as many as asked for, drawn once and for all."""
    most = options.pictures or len(pictures)
    if most >= len(pictures):
        return of_pictures("pictures", pictures.pixels, Path(options.model or "").name)
    order = np.sort(np.random.default_rng(0).permutation(len(pictures))[:most])
    how = {"of": f"{most} of the {len(pictures)} pictures of {Path(options.model or '').name}, drawn by seed 0"}
    return Subject("pictures", most, lambda start, stop: np.asarray(pictures.pixels[order[start:stop]]), how)


def trained_on(run: Path, resolution: int, options: EvaluateOptions) -> PictureSet | None:
    """Returns the photos that a run was trained on, found by their hashes; None for anything but such a run."""
    if not (run / RECORD).is_file():
        return None
    record = RunFolder.open(run, hold=False).read_record()
    wanted = {digest for _, digest in record.get("photos", [])}
    try:
        pictures = load_pictures(Path(record.get("images", "")), resolution, square=cast(Square, options.square))
    except UserError:
        return None
    chosen = [at for at, digest in enumerate(pictures.digests) if digest in wanted]
    return pictures.take(chosen) if len(chosen) >= len(wanted) > 0 else None


def read(path: str, resolution: int, options: EvaluateOptions, fabric: Fabric) -> PictureSet:
    """Returns the pictures of a folder or zip, with a bar in the first process."""
    with ProgressBar(f"read {Path(path).name}", 1, quiet=fabric.global_rank != 0) as bar:

        def told(done: int, of: int) -> None:
            bar.total = of
            bar.update(done)

        return load_pictures(Path(path), resolution, square=cast(Square, options.square), progress=told)


def unseen(
    options: EvaluateOptions, reference: PictureSet, shots: PictureSet | None, judged: set[str]
) -> tuple[np.ndarray, list[str]]:
    """Returns which pictures of the reference were not trained on, and a line on each thing that would flatter.

    Raises:
        UserError: nothing is left of the reference.
    """
    warnings = []
    trained = set(shots.digests) if shots is not None else set()
    held = np.array([at for at, digest in enumerate(reference.digests) if digest not in trained], np.int64)
    if not len(held):
        raise UserError(f"--reference {options.reference}: every picture in it is trained on; give pictures held out")
    if left_out := len(reference) - len(held):
        warnings.append(f"{left_out} pictures of the reference were trained on, and left out")
    if shared := len(judged & set(reference.digests)):
        warnings.append(f"{shared} of the judged pictures are also in the reference: the numbers flatter them")
    if shots is None:
        warnings.append("whether the reference holds pictures that were trained on is not known: give --shots FOLDER")
    return held, warnings


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
    for at, encoder in enumerate(options.encoder):
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
        subject=f"{subject.count} pictures of {options.model}",
        reference=f"{len(held)} pictures of {options.reference}",
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
        write_page(Path(options.html), options, table, subject, reference, shots)


def lines(table: Table) -> list[str]:
    """Returns the table as text; what the protocols of all rows share is said once, below."""
    found = table.measures()
    common = shared([measure for measure, _ in found.values()])
    rows = [("metric", "value", "floor", "better", "protocol")]
    for key, (measure, floor) in found.items():
        value = f"{measure.value:.4g}" + ("" if measure.error is None else f" ± {measure.error:.2g}")
        below = "–" if floor is None else f"{floor.value:.4g}"
        better = METRICS[key.partition(":")[0]].better.replace("neither", "–")
        own = {name: told for name, told in measure.protocol.items() if name not in common}
        rows.append((key, value, below, better, Measure(0.0, None, own).how()))
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    text = ["  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[4]]) for row in rows]
    head = f"{table.subject}, against {table.reference}; floor: one half of these against the other"
    everywhere = [f"every row: {Measure(0.0, None, common).how()}"] if common else []
    return [head, *text, *everywhere, *(f"warning: {line}" for line in table.warnings), *table.missing]


def shared(measures: list[Measure]) -> dict[str, Any]:
    """Returns the part of the protocol that all measures have alike; those made with another network do not count."""
    seen = [measure.protocol for measure in measures if "net" not in measure.protocol]
    first = seen[0] if len(seen) > 1 else {}
    return {name: told for name, told in first.items() if all(name in other and other[name] == told for other in seen)}
