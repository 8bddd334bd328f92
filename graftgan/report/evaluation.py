"""The page of an evaluation: pictures beside a reference, and the numbers that tell them apart."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from graftgan.report.content import Neighbour, Score
from graftgan.report.metric_table import score_table
from graftgan.report.pictures import pictures
from graftgan.report.sections import HERO, neighbours, sizes
from graftgan.report.templates import fill, write_page

SHOWN = 32


@dataclass(frozen=True, eq=False)
class Evaluation:
    """All that the page shows. What is empty is left out, or said to be missing.

    Attributes:
        title: heading of the page.
        subject: what is judged, such as "2,000 samples of runs/0003/model".
        reference: what it is held against, such as "500 pictures of holdout".
        rows: the table.
        missing: sentences that say which numbers are missing, and why.
        warnings: sentences that belong at the top.
        samples: uint8 (n, H, W, 3 or 1), what is judged; the first 32 are shown.
        sample_names: n of them, "seed 3" or a file name.
        references: uint8 (m, H, W, 3 or 1); the first 32 are shown.
        reference_names: m of them.
        neighbours: samples with their nearest photos, where photos were given; the first 16 are shown.
        copy_rule: sentence that says what counts as a copy, and how distance is measured.
        copies: sentence that says how many there are.
        facts: (name, value): time, versions, hashes.
        command: that repeats the evaluation.

    Raises:
        ValueError: there are not as many names as pictures.
    """

    title: str
    subject: str
    reference: str
    rows: list[Score] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    samples: np.ndarray = field(default_factory=lambda: np.zeros((0, 1, 1, 1), np.uint8))
    sample_names: list[str] = field(default_factory=list)
    references: np.ndarray = field(default_factory=lambda: np.zeros((0, 1, 1, 1), np.uint8))
    reference_names: list[str] = field(default_factory=list)
    neighbours: list[Neighbour] = field(default_factory=list)
    copy_rule: str = ""
    copies: str = ""
    facts: list[tuple[str, str]] = field(default_factory=list)
    command: str = ""

    def __post_init__(self) -> None:
        """Refuse names that do not belong to pictures."""
        if len(self.samples) != len(self.sample_names):
            raise ValueError(f"{len(self.samples)} samples, but {len(self.sample_names)} sample_names")
        if len(self.references) != len(self.reference_names):
            raise ValueError(f"{len(self.references)} references, but {len(self.reference_names)} reference_names")


def write_evaluation(path: Path, evaluation: Evaluation) -> None:
    """Write the page: one file that opens offline, without scripts, in light, in dark and on paper.

    Args:
        path: of the HTML file; its folder exists. An older page is replaced at once or not at all.
        evaluation: what to show.

    Raises:
        ValueError: an array holds no pictures.
        OSError: the file cannot be written.
    """
    write_page(path, render(evaluation))


def render(evaluation: Evaluation) -> str:
    """Return the page as HTML. All words of the evaluation are escaped.

    Example:
        >>> page = render(Evaluation("<b>", "64 samples", "200 pictures"))
        >>> "<b>" in page, "64 samples, held against 200 pictures." in page
        (False, True)
    """
    samples, references = evaluation.samples[:SHOWN], evaluation.references[:SHOWN]
    sample_names, reference_names = evaluation.sample_names[:SHOWN], evaluation.reference_names[:SHOWN]
    variables: dict[str, Any] = {
        **sizes(evaluation.samples, evaluation.references),
        "title": evaluation.title,
        "lead": f"{evaluation.subject}, held against {evaluation.reference}.",
        "warnings": evaluation.warnings,
        "made": "graftgan evaluate",
        "evaluation": evaluation,
        "hero": pictures(samples[:HERO], [f"First pictures: {name}" for name in sample_names[:HERO]]),
        "table": score_table(evaluation.rows),
        "samples": named(samples, sample_names, "Judged"),
        "references": named(references, reference_names, "Reference"),
        "neighbours": neighbours(evaluation.neighbours),
    }
    return fill("evaluation.html", **variables)


def named(stack: np.ndarray, names: list[str], kind: str) -> list[tuple[str, Any]]:
    """Return (name, picture) of some pictures; `kind` says what they are to those who cannot see them."""
    return list(zip(names, pictures(stack, [f"{kind} {name}" for name in names]), strict=True))
