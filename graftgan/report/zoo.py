"""The page of the zoo: what each source draws, under which licence, and how to start from it."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from graftgan.report.pictures import pictures
from graftgan.report.sections import sizes
from graftgan.report.templates import fill, write_page


@dataclass(frozen=True, eq=False)
class SourceEntry:
    """One source.

    Attributes:
        name: what stands behind `--source`.
        what: it draws, in words.
        facts: (name, value).
        tiles: uint8 (n, H, W, 3 or 1), the same seeds of every source; none where it cannot be used.
        command: that starts from it.
        problem: why it cannot be used; empty where it can.
    """

    name: str
    what: str
    facts: list[tuple[str, str]]
    tiles: np.ndarray
    command: str
    problem: str = ""


@dataclass(frozen=True, eq=False)
class ZooPage:
    """All that the page shows.

    Attributes:
        title: heading.
        lead: one sentence.
        sources: in this order.
    """

    title: str
    lead: str
    sources: list[SourceEntry]


def write_zoo(path: Path, page: ZooPage) -> None:
    """Write the page: one file that opens offline, without scripts, in light, in dark and on paper.

    Args:
        path: of the HTML file; its folder exists. An older page is replaced at once or not at all.
        page: what to show.

    Raises:
        ValueError: an array holds no pictures.
        OSError: the file cannot be written.
    """
    write_page(path, render(page))


def render(page: ZooPage) -> str:
    """Return the page as HTML. All words are escaped.

    Example:
        >>> html = render(ZooPage("<b>", "Two to start from.", []))
        >>> "<b>" in html, "Two to start from." in html
        (False, True)
    """
    shown = [
        (one, pictures(one.tiles, [f"Seed {seed} of {one.name}" for seed in range(len(one.tiles))]))
        for one in page.sources
    ]
    return fill(
        "zoo.html",
        **sizes(*(one.tiles for one in page.sources)),
        title=page.title,
        lead=page.lead,
        warnings=[],
        made="graftgan sources",
        shown=shown,
    )
