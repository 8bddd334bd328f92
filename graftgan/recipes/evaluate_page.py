"""Gathers what the page of an evaluation shows: pictures of both sides, numbers, nearest photos, what it took."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from graftgan.data import PictureSet
from graftgan.metrics import METRICS, Nearest
from graftgan.recipes.judge import MOST_PHOTOS
from graftgan.recipes.subject import Subject, drawn
from graftgan.recipes.table import Table
from graftgan.report import Evaluation, Neighbour, Score, write_evaluation

SHOWN, NEIGHBOURS = 32, 16


@dataclass(frozen=True, eq=False)
class Shown:
    """What the page shows beside the table.

    Attributes:
        title: of the page.
        command: that repeats the evaluation.
        subject: what was judged.
        reference: uint8 (m, H, W, 3), the first pictures of it.
        photos: trained on, if they are known.
    """

    title: str
    command: str
    subject: Subject
    reference: np.ndarray
    photos: PictureSet | None


def write_page(path: Path, table: Table, shown: Shown) -> None:
    """Writes the page of an evaluation.

    Args:
        path: of the HTML file.
        table: its numbers.
        shown: what stands beside them.
    """
    samples = shown.subject.pictures(0, min(SHOWN, shown.subject.count))
    near, photos = next(iter(table.verdicts.values())).near, shown.photos
    pairs: list[Neighbour] = []
    if photos is not None and near is not None:
        pairs = neighbours(samples, drawn(photos.pixels, MOST_PHOTOS), near)
    write_evaluation(
        path,
        Evaluation(
            title=shown.title,
            subject=table.subject,
            reference=table.reference,
            rows=scores(table),
            missing=table.missing,
            warnings=table.warnings,
            samples=samples,
            sample_names=[f"picture {number}" for number in range(len(samples))],
            references=shown.reference,
            reference_names=[f"reference {number}" for number in range(len(shown.reference))],
            neighbours=pairs,
            copy_rule="Each judged picture beside the photo nearest to it in features." if pairs else "",
            facts=[(name, str(value)) for name, value in table.facts.items()],
            command=shown.command,
        ),
    )


def scores(table: Table) -> list[Score]:
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
