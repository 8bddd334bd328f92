"""Makes docs/methods.md anew: the table of methods, out of their own docstrings and docs/methods-cost.json.

python tools/make_methods_table.py

The file is never edited by hand: a method that stands in METHODS is in it. The measured numbers come from
`python benchmarks/methods.py --out docs/methods-cost.json`; a method that was not measured yet says so.
"""

import inspect
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from graftgan.methods import METHODS, Method

DOCS = Path(__file__).parent.parent / "docs"
PAGE, COSTS = DOCS / "methods.md", DOCS / "methods-cost.json"
SECTION = re.compile(
    r"(?:^|(?<=[.)\]])\s+)(Source|Deviations?|Formula|Trains|Frozen|Cost|Measured|Prefer it|Attributes|Raises):\s"
)

HEAD = """# Methods

How a pretrained pair is adapted to a few pictures: `graftgan adapt PHOTOS --method NAME`. Settings and their defaults:
`graftgan adapt --help`. Which is better on which pictures is measured: [the bench](results/bench/README.md).

This page is made by `python tools/make_methods_table.py` from the methods' own descriptions; do not edit it.

| method | what it does | source |
|---|---|---|
"""
PARTS = """
## What trains, what it was worth, and when to take it

| method | trains | frozen | measured | prefer it |
|---|---|---|---|---|
"""
COST = """
## What it costs

Time of a step as a multiple of plain fine-tuning's on the same source, median of the rounds with the lowest and the
highest; CPU seconds of preparation before the first step; megabytes that a run keeps from step to step beyond plain
fine-tuning's (below zero where fewer weights have moments); size of the small delta, where the method leaves one
(`graftgan blend`). {protocol}

| method | source | time of a step | preparation s | memory MB | small delta kB |
|---|---|---|---|---|---|
"""


def sections(kind: type[Method]) -> dict[str, str]:
    """Returns the parts of a method's docstring by name; `""` is its first sentence."""
    first, _, rest = (inspect.getdoc(kind) or "").partition("\n\n")
    words = SECTION.split(" ".join(rest.split()))
    return {"": " ".join(first.split()), **dict(zip(words[1::2], (text.strip() for text in words[2::2]), strict=True))}


def paper(source: str) -> str:
    """Returns authors, year and links of a `Source:` paragraph; its first sentence where it names no paper.

    Example:
        >>> paper("Mo, Cho, Shin 2020, Freeze the Discriminator (arXiv 2002.10964). They keep")
        'Mo, Cho, Shin 2020, [2002.10964](https://arxiv.org/abs/2002.10964)'
    """
    authors = re.search(r"(?:[A-Z][\w'-]+, )*[A-Z][\w'-]+(?: et al\.)? (?:19|20)\d\d\b", source)
    numbers = dict.fromkeys(re.findall(r"(?<![\d.])\d{4}\.\d{4,5}(?![\d.]*\d)", source))
    links = [f"[{number}](https://arxiv.org/abs/{number})" for number in numbers]
    return ", ".join([*([authors[0]] if authors else []), *links]) if links else source.split(". ")[0]


def cell(text: str) -> str:
    """Returns text that is safe in a cell of a table."""
    return text.replace("|", "\\|")


def cost_rows(name: str, costs: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Returns a row for each source that a method was measured on."""
    rows = []
    for source, cost in costs.items():
        if "refused" in cost:
            rows.append(f"| {name} | {source} | not for this source | | | |")
            continue
        time = f"{cost['factor']:.2f} ({cost['low']:.2f} to {cost['high']:.2f})"
        delta = "" if cost["delta_kb"] is None else f"{cost['delta_kb']:.1f}"
        rows.append(f"| {name} | {source} | {time} | {cost['prepare_s']:.1f} | {cost['extra_mb']:+.1f} | {delta} |")
    return rows or [f"| {name} | | not measured yet | | | |"]


def render(methods: Mapping[str, type[Method]], measured: Mapping[str, Any]) -> str:
    """Returns the page.

    Args:
        methods: by name, in order.
        measured: what docs/methods-cost.json holds: `protocol`, and `methods` by name and source; may be empty.
    """
    told = {name: sections(kind) for name, kind in methods.items()}
    page = HEAD
    for name, about in told.items():
        page += f"| `{name}` | {cell(about[''])} | {cell(paper(about.get('Source', '')))} |\n"
    page += PARTS
    for name, about in told.items():
        page += (
            "| "
            + " | ".join(
                [f"`{name}`", *(cell(about.get(k, "")) for k in ("Trains", "Frozen", "Measured", "Prefer it"))]
            )
            + " |\n"
        )
    facts = measured.get("protocol", {})
    protocol = "Measured with `python benchmarks/methods.py`: " + ", ".join(f"{k} {v}" for k, v in facts.items()) + "."
    page += COST.format(protocol=protocol if facts else "Nothing was measured yet.")
    for name in methods:
        page += "\n".join(cost_rows(f"`{name}`", measured.get("methods", {}).get(name, {}))) + "\n"
    return page


def main() -> None:
    """Writes docs/methods.md."""
    PAGE.write_text(render(METHODS, json.loads(COSTS.read_text()) if COSTS.exists() else {}))
    print(PAGE)


if __name__ == "__main__":
    main()
