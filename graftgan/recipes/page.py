"""Gathers what the report shows: pictures of the same latents, curves, numbers, movement, cost."""

import json
from pathlib import Path
from typing import Any, TypeGuard

import numpy as np
from PIL import Image

from graftgan.recipes.judge import COPY_SEEDS, Judgement
from graftgan.recipes.options import TrainingOptions
from graftgan.recipes.training_run import Finished
from graftgan.report import Layer, MetricRow, Neighbour, Report, write_report
from graftgan.sampling.sample import sample
from graftgan.surgery.movement import movement
from graftgan.training.log import read_log
from graftgan.zoo.model_folder import Model

SHOWN_SEEDS = range(32)
NEIGHBOURS = 16
TIME_ROWS, TIME_COLUMNS, GRID_COLUMNS, GRID_GAP = 8, 8, 8, 2


def write_page(
    finished: Finished, options: TrainingOptions, model: Model, source: Model | None, judgement: Judgement
) -> Path:
    """Writes `report.html` of a finished adaptation.

    Args:
        finished: the run.
        options: it ran with.
        model: its result.
        source: what it started from; None where that was random weights.
        judgement: its numbers.

    Returns:
        The page's path.
    """
    folder = finished.folder.path
    record = finished.folder.read_record()
    photos, ticks = finished.photos, read_log(folder)
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
        log=ticks,
        metrics=rows(judgement),
        missing=judgement.missing,
        neighbours=neighbours(model, photos.pixels, judgement),
        copy_rule=copy_rule(judgement),
        copies=copies(judgement),
        generator_layers=layers(source and source.generator, model.generator),
        discriminator_layers=layers(source and source.discriminator, model.discriminator),
        facts=facts(finished, options, ticks, record, source),
        command=record["command"],
        checkpoint_rule="The last step of a fixed budget; nothing was chosen with the hold-out.",
    )
    write_report(folder / "report.html", report)
    return folder / "report.html"


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
        adapted = by["adapted"]
        protocol = adapted.protocol
        table.append(
            MetricRow(
                name=name.upper(),
                encoder=str(protocol.get("encoder", "")),
                adapted=adapted.value,
                source=by["source"].value if "source" in by else None,
                floor=by["floor"].value if "floor" in by else None,
                error=adapted.error,
                protocol=(
                    f"{protocol['fake']} samples (seeds {protocol['seeds']}, truncation {protocol['truncation']})"
                    f" against {protocol['real']} held-out pictures; {protocol.get('rule', 'Frechet distance')};"
                    f" {protocol.get('preprocessing', '')}"
                ),
                note=str(protocol.get("warning", "")),
            )
        )
    return table


def neighbours(model: Model, photos: np.ndarray, judgement: Judgement) -> list[Neighbour]:
    """Returns the first samples with their nearest photos."""
    if judgement.neighbours is None:
        return []
    pictures = sample(model.generator, COPY_SEEDS[:NEIGHBOURS])
    threshold = judgement.copies["adapted"].protocol["threshold"] if judgement.copies else -1.0
    near = judgement.neighbours
    return [
        Neighbour(picture, photos[near.index[i]], float(near.distance[i]), bool(near.distance[i] < threshold))
        for i, picture in enumerate(pictures)
    ]


def copy_rule(judgement: Judgement) -> str:
    """Returns the sentence on what counts as a copy."""
    if not judgement.copies:
        return ""
    protocol = judgement.copies["adapted"].protocol
    return (
        "A sample counts as a copy if it is closer to a photo than the two closest photos are to each other"
        f" ({protocol['distance']} distance in {protocol['encoder']}, threshold {protocol['threshold']:.3g})."
    )


def copies(judgement: Judgement) -> str:
    """Returns the sentence on how many copies there are."""
    if not judgement.copies:
        return ""
    counts = {who: f"{measure.value:.0f} of {measure.protocol['fake']}" for who, measure in judgement.copies.items()}
    found = f"{counts['adapted']} samples count as copies"
    if "floor" not in counts:
        return f"{found}."
    return f"{found}; by the same rule so would {counts['floor']} held-out pictures, which cannot have copied."


def layers(before: Any, after: Any) -> list[Layer]:
    """Returns how far each layer moved; nothing where there is no source."""
    if before is None or after is None:
        return []
    return [Layer(name, change) for name, change in movement(before, after)]


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
    return [
        ("Training time", f"{finished.seconds:.0f} s in this process, on {cores} {device.type} process(es)"),
        ("Budget", f"{finished.state.step} steps of {options.batch}: {finished.state.images / 1000:.1f} kimg"),
        ("Speed", f"{np.mean(pace):.0f} images/s" if pace else "not measured"),
        ("Peak memory", f"{max(memory):.0f} MB" if memory else "not measured"),
        ("Cost", f"{finished.seconds * cores / 3600:.3f} device hours"),
        ("Seed", str(options.seed)),
        ("Source hash", source.digest[:16] if source else "none"),
        *([("Source load report", "; ".join(source.about["load_report"]))] if is_converted(source) else []),
        ("Photos hash", record["photos_sha256"][:16]),
        ("Options", json.dumps({k: v for k, v in record["options"].items() if v is not None})),
        ("Versions", versions),
    ]
