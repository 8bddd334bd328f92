"""The table of metrics that all pages share: lines under headings, each with its direction, its errors and its bar."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from graftgan.report.charts import comparison_bar
from graftgan.report.content import MetricRow, Score
from graftgan.report.words import direction, number, uncertainty

# Headings in the order in which pages show them; others come after these.
GROUPS = ("Quality", "Diversity", "Memorisation")


@dataclass(frozen=True)
class Line:
    """One metric as the table shows it: all numbers are text.

    Attributes:
        name: of the metric.
        way: which way is better.
        about: what looked at the pictures, and what the number says.
        note: what is to be read with it.
        cells: (value, error) of each column, the first one large; the error may be empty.
        bar: the columns drawn over each other; may be empty.
    """

    name: str
    way: str
    about: str
    note: str
    cells: list[tuple[str, str]]
    bar: Markup


@dataclass(frozen=True)
class MetricTable:
    """The table as the template shows it.

    Attributes:
        columns: headings of the numbers.
        caption: sentences above.
        legend: sentence on the bar.
        groups: (heading, lines); the heading may be empty.
        protocols: (names of the metrics, how they were measured), the same words only once.
    """

    columns: list[str]
    caption: str
    legend: str
    groups: list[tuple[str, list[Line]]]
    protocols: list[tuple[str, str]]


def run_table(rows: Sequence[MetricRow]) -> MetricTable:
    """Return the table of a run: adapted, unchanged source and noise floor beside each other."""
    return MetricTable(
        columns=["Adapted", "Source", "Floor"],
        caption="± is the standard error. The source is unchanged and measured the same way; the noise floor is one"
        " half of the hold-out against the other.",
        legend="Bar: adapted. Solid mark: source. Dotted mark: floor.",
        groups=_groups(rows, _run_line),
        protocols=shared_protocols([(row.name, row.protocol) for row in rows]),
    )


def score_table(scores: Sequence[Score]) -> MetricTable:
    """Return the table of an evaluation: value and noise floor beside each other."""
    return MetricTable(
        columns=["Value", "Floor"],
        caption="± is the standard error. The noise floor is one half of the reference against the other.",
        legend="Bar: value. Dotted mark: floor.",
        groups=_groups(scores, _score_line),
        protocols=shared_protocols([(score.name, score.protocol) for score in scores]),
    )


def in_groups(rows: Sequence[Any], heading: Callable[[Any], str]) -> list[tuple[str, list[Any]]]:
    """Return (heading, rows): those without a heading first, then the known headings, then the others as they come.

    Args:
        rows: in any order, which is kept under each heading.
        heading: of a row.

    Example:
        >>> in_groups(["recall", "kid", "fid"], lambda name: "Diversity" if name == "recall" else "Quality")
        [('Quality', ['kid', 'fid']), ('Diversity', ['recall'])]
    """
    order = list(dict.fromkeys(["", *GROUPS, *(heading(row) for row in rows)]))
    groups = [(name, [row for row in rows if heading(row) == name]) for name in order]
    return [(name, found) for name, found in groups if found]


def shared_protocols(protocols: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return (names, protocol), with the names of all metrics that have the same protocol; empty ones are left out.

    Example:
        >>> shared_protocols([("KID", "64 against 200"), ("FID", "64 against 200"), ("recall", "")])
        [('KID, FID', '64 against 200')]
    """
    found: dict[str, list[str]] = {}
    for name, protocol in protocols:
        found.setdefault(protocol, []).append(name)
    return [(", ".join(dict.fromkeys(names)), protocol) for protocol, names in found.items() if protocol]


def _groups(rows: Sequence[Any], line: Callable[[Any], Line]) -> list[tuple[str, list[Line]]]:
    return [(heading, [line(row) for row in found]) for heading, found in in_groups(rows, lambda row: row.group)]


def _run_line(row: MetricRow) -> Line:
    numbers = [(row.adapted, row.error), (row.source, row.source_error), (row.floor, row.floor_error)]
    return _line(row, numbers, comparison_bar(row.adapted, row.source, row.floor))


def _score_line(score: Score) -> Line:
    numbers = [(score.value, score.error), (score.floor, score.floor_error)]
    return _line(score, numbers, comparison_bar(score.value, None, score.floor, "value"))


def _line(row: MetricRow | Score, numbers: list[tuple[float | None, float | None]], bar: Markup) -> Line:
    cells = [(number(value), uncertainty(error)) for value, error in numbers]
    about = " · ".join(part for part in (row.encoder, row.about) if part)
    return Line(row.name, direction(row.better), about, row.note, cells, bar)
