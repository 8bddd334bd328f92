"""Gathers what the page of an evaluation shows: pictures of both sides, numbers, nearest photos, what it took."""

from pathlib import Path
from typing import Any

import numpy as np

from graftgan.data import PictureSet
from graftgan.metrics import METRICS, Nearest
from graftgan.recipes.record import command
from graftgan.recipes.subject import Subject
from graftgan.report import Evaluation, Neighbour, Score, write_evaluation

SHOWN, NEIGHBOURS = 32, 16


def write_page(
    path: Path, options: Any, table: Any, subject: Subject, reference: np.ndarray, shots: PictureSet | None
) -> None:
    """Writes the page of an evaluation.

    Args:
        path: of the HTML file.
        options: `EvaluateOptions` of the job.
        table: `Table` of its numbers.
        subject: what was judged.
        reference: uint8 (m, H, W, 3), the first pictures of it.
        shots: the photos trained on, if they are known.
    """
    samples = subject.pictures(0, min(SHOWN, subject.count))
    first = next(iter(table.verdicts.values()))
    write_evaluation(
        path,
        Evaluation(
            title=f"Evaluation of {Path(str(options.model)).name}",
            subject=table.subject,
            reference=table.reference,
            rows=scores(table),
            missing=table.missing,
            warnings=table.warnings,
            samples=samples,
            sample_names=[f"picture {number}" for number in range(len(samples))],
            references=reference,
            reference_names=[f"reference {number}" for number in range(len(reference))],
            neighbours=[] if shots is None or first.near is None else neighbours(samples, shots.pixels, first.near),
            copy_rule=""
            if shots is None
            else "Each judged picture beside the photo whose features are nearest to its own.",
            facts=[(name, str(value)) for name, value in table.facts.items()],
            command=command("evaluate", options),
        ),
    )


def scores(table: Any) -> list[Score]:
    """Returns the rows of the table."""
    found = []
    for key, (measure, floor) in table.measures().items():
        name = key.partition(":")[0]
        metric = METRICS[name]
        found.append(
            Score(
                name=metric.title,
                encoder=str(measure.protocol.get("encoder", "")),
                value=measure.value,
                error=measure.error,
                floor=None if floor is None else floor.value,
                floor_error=None if floor is None else floor.error,
                better=metric.better,
                about=metric.about,
                group=metric.group,
                protocol=measure.how(),
                note=str(measure.protocol.get("warning", "")),
            )
        )
    return found


def neighbours(samples: np.ndarray, photos: np.ndarray, near: Nearest) -> list[Neighbour]:
    """Returns the first pictures with their nearest photos."""
    shown = zip(samples[:NEIGHBOURS], near.index, near.distance, strict=False)
    return [Neighbour(sample, photos[at], float(distance)) for sample, at, distance in shown]
