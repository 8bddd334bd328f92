"""The page of a comparison: the same job by several methods, side by side."""

import math
from pathlib import Path
from typing import Any

from graftgan.report.contenders import Column, Comparison, Contender, Draw
from graftgan.report.metric_table import in_groups, shared_protocols
from graftgan.report.pictures import Picture, pictures
from graftgan.report.scatter import COLOURS, Axis, Cloud, scatter_chart
from graftgan.report.sections import sizes
from graftgan.report.standings import RULE, flags, heading, standings, warned, way
from graftgan.report.templates import fill, write_page
from graftgan.report.words import count, duration

# Pictures a row of the matrix, and photos of a draw.
ACROSS = 10
DRAWN = 64

# A second chart without the controls is drawn where they leave the methods less than this share of an axis.
CROWDED = 0.5


def write_comparison(path: Path, comparison: Comparison) -> None:
    """Write the page: one file that opens offline, without scripts, in light, in dark and on paper.

    Args:
        path: of the HTML file; its folder exists. An older page is replaced at once or not at all.
        comparison: what to show.

    Raises:
        ValueError: an array holds no pictures.
        OSError: the file cannot be written.
    """
    write_page(path, render(comparison))


def render(comparison: Comparison) -> str:
    """Return the page as HTML. All words of the comparison are escaped.

    Example:
        >>> page = render(Comparison("<b>", "avatars-64", [], [Contender("freezed", "method")], [Column("kid", "KID")]))
        >>> "<b>" in page, "freezed" in page
        (False, True)
    """
    groups = in_groups(comparison.columns, lambda column: column.group)
    columns = [column for _, found in groups for column in found]
    stacks = [one.samples for one in comparison.contenders if one.samples is not None]
    variables: dict[str, Any] = {
        **sizes(*stacks, *(draw.photos for draw in comparison.draws)),
        "title": comparison.title,
        "lead": lead(comparison),
        "warnings": [],
        "made": "graftgan compare",
        "comparison": comparison,
        "across": ACROSS,
        "seeds": comparison.seeds[: max((len(stack) for stack in stacks), default=0)][:ACROSS],
        "matrix": matrix(comparison),
        "groups": [(name, len(found)) for name, found in groups] if any(name for name, _ in groups) else [],
        "columns": [{"title": heading(column), "way": way(column)} for column in columns],
        "bodies": table(comparison, columns),
        "rule": RULE,
        "flagged": warned(comparison),
        "charts": charts(comparison),
        "draws": [(draw, draw_pictures(draw, DRAWN)) for draw in comparison.draws],
        "abouts": [(column.title, way(column), column.about) for column in columns if column.about],
        "protocols": shared_protocols([(column.title, column.protocol) for column in columns]),
    }
    return fill("comparison.html", **variables)


def lead(comparison: Comparison) -> str:
    """Return the one sentence under the title."""
    methods, controls = len(comparison.methods()), len(comparison.controls())
    runs = [one.runs for one in comparison.methods()]
    who = count(methods, "method") + (f" and {count(controls, 'control')}" if controls else "")
    draws = f", {count(len(comparison.draws), 'draw')} of photos" if comparison.draws else ""
    each = f", {'up to ' if len(set(runs)) > 1 else ''}{count(max(runs), 'run')} a method" if runs else ""
    return f"{who}, from {comparison.source_name}{draws}{each}."


def matrix(comparison: Comparison) -> list[dict[str, Any]]:
    """Return the rows of pictures: photos of the first draw, then each contender that has samples, methods first."""
    rows: list[dict[str, Any]] = []
    for draw in comparison.draws[:1]:
        part = f", {ACROSS} of {len(draw.names)}" if len(draw.names) > ACROSS else ""
        small = f"draw {draw.number}{part}"
        rows.append(
            {"name": "Photos", "kind": "photos", "small": small, "flags": [], "pictures": draw_pictures(draw, ACROSS)}
        )
    for one in [*comparison.methods(), *comparison.controls()]:
        if one.samples is not None and len(one.samples):
            alts = [f"{one.name}, seed {seed}" for seed in comparison.seeds[: len(one.samples)][:ACROSS]]
            small = "" if one.kind == "method" else "control"
            shown = pictures(one.samples[:ACROSS], alts)
            rows.append({"name": one.name, "kind": one.kind, "small": small, "flags": flags(one), "pictures": shown})
    return rows


def table(comparison: Comparison, columns: list[Column]) -> list[tuple[str, list[dict[str, Any]]]]:
    """Return (heading, rows) of methods and of controls, each row with one cell a column."""
    everyone = [*comparison.methods(), *comparison.controls()]
    by_column = [standings(column, everyone) for column in columns]
    rows = []
    for index, one in enumerate(everyone):
        cells = []
        for found in (column[index] for column in by_column):
            few = f"{found.runs} of {one.runs}" if 0 < found.runs < one.runs else ""
            mean, spread = found.written()
            cells.append({"mean": mean, "spread": spread, "few": few, "best": found.best})
        time = f"{duration(one.seconds)} a run" if one.seconds is not None and math.isfinite(one.seconds) else ""
        small = " · ".join(part for part in (count(one.runs, "run"), time) if part)
        rows.append({"name": one.name, "small": small, "flags": flags(one), "cells": cells})
    methods = len(comparison.methods())
    bodies = [("Methods", rows[:methods]), ("Controls", rows[methods:])]
    return [(name, found) for name, found in bodies if found]


def charts(comparison: Comparison) -> list[tuple[str, Any]]:
    """Return (title, chart) of quality against diversity, and once more without the controls if these crowd it."""
    by_key = {column.key: column for column in comparison.columns}
    level, upright = by_key.get(comparison.diversity), by_key.get(comparison.quality)
    if level is None or upright is None:
        return []
    across, up = Axis(level.title, level.better), Axis(upright.title, upright.better)
    methods = [cloud(one, level, upright, index % COLOURS) for index, one in enumerate(comparison.methods())]
    controls = [cloud(one, level, upright, None) for one in comparison.controls()]
    if not any(one.drawn() for one in methods + controls):
        return []
    title = "Methods and controls" if controls else "Methods"
    found = [(title, scatter_chart(title, methods + controls, across, up))]
    if crowded(methods, methods + controls):
        found.append(("Methods alone, closer", scatter_chart("Methods alone", methods, across, up)))
    return found


def cloud(one: Contender, level: Column, upright: Column, colour: int | None) -> Cloud:
    """Return the runs of a contender; none where it lacks one of the two metrics."""
    xs, ys = one.values.get(level.key, []), one.values.get(upright.key, [])
    return Cloud(one.name, list(zip(xs, ys, strict=True)) if len(xs) == len(ys) else [], colour)


def crowded(methods: list[Cloud], everyone: list[Cloud]) -> bool:
    """Return whether the methods, two or more, fill too little of an axis that everyone shares."""
    if sum(bool(one.drawn()) for one in methods) < 2:
        return False
    few, all_ = ([run for one in clouds for run in one.drawn()] for clouds in (methods, everyone))
    extents = [[max(values) - min(values) for values in zip(*runs, strict=True)] for runs in (few, all_)]
    return any(small < CROWDED * large for small, large in zip(*extents, strict=True))


def draw_pictures(draw: Draw, most: int) -> list[Picture]:
    """Return the first photos of a draw."""
    shown = draw.photos[:most]
    return pictures(shown, [f"Photo {name}" for name in draw.names[: len(shown)]])
