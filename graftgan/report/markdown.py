"""A comparison as Markdown: the same table, for a page of documentation."""

import re

from graftgan.report.contenders import Comparison
from graftgan.report.metric_table import in_groups, shared_protocols
from graftgan.report.standings import RULE, Standing, flags, heading, standings, warned, way
from graftgan.report.words import count


def summary_markdown(comparison: Comparison) -> str:
    """Return a comparison as a Markdown table, with what its numbers mean and how they were measured below it.

    Args:
        comparison: as its page shows it; pictures and the chart are left out.

    Returns:
        Markdown that ends with a line break; words from outside can neither end a cell nor start markup.

    Example:
        >>> from graftgan.report.contenders import Column, Contender
        >>> who = Contender("a|b", "method", values={"kid": [0.25]}, runs=1)
        >>> print(summary_markdown(Comparison("t", "avatars-64", [], [who], [Column("kid", "KID")])).splitlines()[4])
        | a\\|b | 0.250 |
    """
    groups = in_groups(comparison.columns, lambda column: column.group)
    columns = [column for _, found in groups for column in found]
    everyone = [*comparison.methods(), *comparison.controls()]
    by_column = [standings(column, everyone) for column in columns]
    lines = [f"## {literal(comparison.title)}", ""]
    lines += [literal(comparison.measured), ""] if comparison.measured else []
    lines.append(row(["", *(literal(heading(column)) for column in columns)]))
    lines.append("|---|" + "---:|" * len(columns))
    for index, one in enumerate(everyone):
        name = literal(one.name) if one.kind == "method" else f"*{literal(one.name)}*"
        marked = " ".join([name, *(f"({literal(flag)})" for flag in flags(one))])
        lines.append(row([marked, *(cell(column[index], one.runs) for column in by_column)]))
    lines += ["", f"{RULE} Controls stand in italics."]
    runs = ", ".join(f"{literal(one.name)} {one.runs}" for one in everyone)
    lines += ["", f"Source: {literal(comparison.source_name)}. Runs: {runs or 'none'}."]
    for words in (*comparison.notes, *comparison.missing):
        lines += ["", literal(words)]
    lines += section("Warnings", [f"{literal(name)}: {literal(words)}" for name, words in warned(comparison)])
    abouts = [f"**{literal(one.title)}** ({way(one)}): {literal(one.about)}" for one in columns if one.about]
    lines += section("What each number says", abouts)
    protocols = shared_protocols([(one.title, one.protocol) for one in columns])
    lines += section("Protocol", [f"**{literal(names)}**: {literal(words)}" for names, words in protocols])
    lines += section(
        "Draws",
        [
            f"Draw {draw.number}, {count(len(draw.names), 'photo')}: {', '.join(map(literal, draw.names))}"
            for draw in comparison.draws
        ],
    )
    lines += section("Facts", [f"{literal(name)}: {literal(value)}" for name, value in comparison.facts])
    if comparison.command:
        # A fence longer than any run of backticks inside cannot be closed from inside.
        fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", comparison.command)), default=0))
        lines += ["", fence, comparison.command.replace("\n", " "), fence]
    # File names that are no valid Unicode must not stop the file.
    return ("\n".join(lines) + "\n").encode("utf-8", "replace").decode()


def section(title: str, entries: list[str]) -> list[str]:
    """Return the lines of a list under its heading; none if it is empty."""
    return ["", f"### {title}", "", *(f"- {entry}" for entry in entries)] if entries else []


def row(cells: list[str]) -> str:
    """Return one row of a table."""
    return f"| {' | '.join(cells)} |".replace("|  |", "| |")


def cell(found: Standing, runs: int) -> str:
    """Return one number of the table, bold where it is the best method's.

    Example:
        >>> cell(Standing(0.0213, 0.0017, 2, best=True, places=4), 3)
        '**0.0213** ± 0.0017 (2 of 3)'
    """
    mean, spread = found.written()
    mean = f"**{mean}**" if found.best else mean
    spread = f" ± {spread}" if spread else ""
    return mean + spread + (f" ({found.runs} of {runs})" if 0 < found.runs < runs else "")


def literal(words: str) -> str:
    """Return words that Markdown shows as they are, on one line.

    Example:
        >>> literal("a|b <i> *c*")
        'a\\\\|b &lt;i> \\\\*c\\\\*'
    """
    escaped = re.sub(r"([\\`*\[\]|])", r"\\\1", " ".join(words.split()))
    return escaped.replace("&", "&amp;").replace("<", "&lt;")
