"""Gathers what the report shows: pictures of the same latents, curves, numbers, movement, cost."""

import json
from pathlib import Path
from typing import Any, TypeGuard

import numpy as np
from PIL import Image

from graftgan.methods import Method
from graftgan.metrics import METRICS
from graftgan.recipes.evaluate_page import neighbours as nearest_photos
from graftgan.recipes.judge import MOST_PHOTOS
from graftgan.recipes.judgement import Judgement
from graftgan.recipes.options import TrainingOptions, method_from
from graftgan.recipes.subject import FIRST_METRIC_SEED, drawn
from graftgan.recipes.training_run import Finished
from graftgan.recipes.watch import Watched, what_was_seen
from graftgan.report import Choice, Layer, LayerShare, MetricRow, Neighbour, Report, write_report
from graftgan.sampling.sample import sample
from graftgan.surgery.movement import movement
from graftgan.training.log import read_log
from graftgan.zoo.model_folder import Model

SHOWN_SEEDS = range(32)
NEIGHBOURS = 16
TIME_ROWS, TIME_COLUMNS, GRID_COLUMNS, GRID_GAP = 8, 8, 8, 2


def write_page(
    finished: Finished,
    options: TrainingOptions,
    model: Model,
    source: Model | None,
    judgement: Judgement,
    warnings: list[str],
) -> Path:
    """Writes `report.html` of a finished adaptation.

    Args:
        finished: the run.
        options: it ran with.
        model: its result.
        source: what it started from; None where that was random weights.
        judgement: its numbers.
        warnings: one plain line each, of the run and of its numbers.

    Returns:
        The page's path.
    """
    folder = finished.folder.path
    record = finished.folder.read_record()
    photos, ticks = finished.photos, read_log(folder)
    seen = what_was_seen(folder, record["checkpoint"]["step"])
    report = Report(
        title=Path(record["images"]).stem,
        verb=record["verb"],
        method=options.method,
        source_name="" if source is None else options.source,
        photos=photos.pixels[:64],
        photo_names=photos.names[:64],
        photos_total=len(photos),
        seeds=list(SHOWN_SEEDS),
        adapted_samples=sample(model.generator, SHOWN_SEEDS),
        source_samples=None if source is None else sample(source.generator, SHOWN_SEEDS),
        over_time=over_time(folder, model.generator.resolution, finished.state.images / max(1, finished.state.step)),
        log=[{name: told for name, told in tick.items() if not name.startswith("watch_")} for tick in ticks],
        metrics=rows(judgement),
        missing=judgement.missing,
        warnings=warnings,
        neighbours=neighbours(model, photos.pixels, judgement),
        copy_rule="Distance is measured between features; what counts as a copy is said in the table.",
        generator_layers=layers(source and source.generator, model.generator),
        discriminator_layers=layers(source and source.discriminator, model.discriminator),
        critic="discriminator" if finished.state.discriminator.adversary else "encoder",
        findings=found(finished, options),
        facts=facts(finished, options, ticks, record, source),
        command=record["command"],
        checkpoint_rule="" if seen.curve else seen.rule,
        choice=Choice(seen.kimg, seen.rule, curve_of(seen)) if seen.curve else None,
    )
    write_report(folder / "report.html", report)
    return folder / "report.html"


def curve_of(seen: Watched) -> list[dict[str, Any]]:
    """Returns what the charts of the choice show: numbers over kimg."""
    return [{name: look[name] for name in look if name not in ("step", "warnings")} for look in seen.curve]


def over_time(folder: Path, resolution: int, batch: float) -> list[tuple[float, np.ndarray]]:
    """Returns a few of the run's sample grids, evenly spread: kimg and the first pictures of each."""
    found = sorted(path for path in (folder / "samples").glob("*.png") if path.stem.isdecimal())
    keep = sorted({round(i) for i in np.linspace(0, len(found) - 1, min(TIME_ROWS, len(found)))}) if found else []
    rows = []
    for path in (found[index] for index in keep):
        with Image.open(path) as sheet:
            first_row = np.asarray(sheet.convert("RGB"))[:resolution]
        step = resolution + GRID_GAP
        pictures = np.stack([first_row[:, i * step : i * step + resolution] for i in range(TIME_COLUMNS)])
        rows.append((int(path.stem) * batch / 1000, pictures))
    return rows


def rows(judgement: Judgement) -> list[MetricRow]:
    """Returns the table: each metric of adapted, source and noise floor."""
    table = []
    for name, by in judgement.metrics.items():
        adapted, source, floor, metric = by["adapted"], by.get("source"), by.get("floor"), METRICS[name]
        table.append(
            MetricRow(
                name=metric.title,
                encoder=str(adapted.protocol.get("encoder", "")),
                adapted=adapted.value,
                source=None if source is None else source.value,
                floor=None if floor is None else floor.value,
                error=adapted.error,
                source_error=None if source is None else source.error,
                floor_error=None if floor is None else floor.error,
                better=metric.better,
                about=metric.about,
                group=metric.group,
                protocol=adapted.how(),
                note=str(adapted.protocol.get("warning", "")),
            )
        )
    return table


def neighbours(model: Model, photos: np.ndarray, judgement: Judgement) -> list[Neighbour]:
    """Returns the first of the judged samples with their nearest photos."""
    if judgement.near is None:
        return []
    first = range(FIRST_METRIC_SEED, FIRST_METRIC_SEED + min(NEIGHBOURS, len(judgement.near.index)))
    return nearest_photos(sample(model.generator, first), drawn(photos, MOST_PHOTOS), judgement.near)


def layers(before: Any, after: Any) -> list[Layer]:
    """Returns how far each layer moved; nothing where there is no source."""
    if before is None or after is None:
        return []
    return [Layer(name, change) for name, change in movement(before, after)]


def found(finished: Finished, options: TrainingOptions) -> list[LayerShare]:
    """Returns what the method found out about the generator's layers, as the last step left it."""
    method: Method = method_from(options.method, options.method_options)
    return [LayerShare(one.layer, one.value, one.what) for one in method.findings(finished.state)]


def is_converted(source: Model | None) -> TypeGuard[Model]:
    """Returns whether the source was read from another project's checkpoint, and so has a load report."""
    lines = None if source is None else source.about.get("load_report")
    return isinstance(lines, list) and all(isinstance(line, str) for line in lines)


def facts(
    finished: Finished,
    options: TrainingOptions,
    ticks: list[dict[str, Any]],
    record: dict[str, Any],
    source: Model | None,
) -> list[tuple[str, str]]:
    """Returns time, memory, cost and everything that the numbers depend on."""
    device = finished.fabric.device
    cores = finished.fabric.world_size
    pace = [tick["images_per_s"] for tick in ticks if "images_per_s" in tick]
    memory = [tick["memory_mb"] for tick in ticks if "memory_mb" in tick]
    versions = ", ".join(f"{name} {version}" for name, version in record["versions"].items())
    advice = record.get("advice")
    return [
        ("Training time", f"{finished.seconds:.0f} s in this process, on {cores} {device.type} process(es)"),
        ("Budget", f"{finished.state.step} steps of {options.batch}: {finished.state.images / 1000:.1f} kimg"),
        ("Speed", f"{np.mean(pace):.0f} images/s" if pace else "not measured"),
        ("Peak memory", f"{max(memory):.0f} MB" if memory else "not measured"),
        ("Cost", f"{finished.seconds * cores / 3600:.3f} device hours"),
        *([("Method chosen by auto", f"{options.method}. {' '.join(advice['reasons'])}")] if advice else []),
        ("Seed", str(options.seed)),
        ("Source hash", source.digest[:16] if source else "none"),
        *([("Source load report", "; ".join(source.about["load_report"]))] if is_converted(source) else []),
        *([("Source treatment", "; ".join(record["treatment"]))] if record.get("treatment") else []),
        ("Photos hash", record["photos_sha256"][:16]),
        ("Options", json.dumps({k: v for k, v in record["options"].items() if v is not None})),
        ("Versions", versions),
    ]
