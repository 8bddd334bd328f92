"""The page of an advice: what to type, why, and what the sources draw nearest to each photo."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from graftgan.report.pictures import picture, pictures
from graftgan.report.sections import sizes
from graftgan.report.templates import fill, write_page

SOURCES = 4


@dataclass(frozen=True, eq=False)
class SourceShown:
    """One source of the ranking.

    Attributes:
        name: of the source, short.
        title: what it is, in words.
        cells: its numbers in words, one a column.
        remarks: sentences on what fits and what does not.
        refusal: why it cannot be adapted; empty where it can.
        photos: uint8 (n, H, W, 3 or 1), in its size.
        names: n of them.
        near: uint8 (n, k, H, W, 3 or 1), its samples nearest to each photo.
        redrawn: uint8 (n, H, W, 3 or 1), the best that it can make of each.
        where: as it stands behind `--source`.

    Raises:
        ValueError: there are not as many names, neighbours or redrawn pictures as photos.
    """

    name: str
    title: str
    cells: list[str]
    remarks: list[str]
    refusal: str
    photos: np.ndarray
    names: list[str]
    near: np.ndarray
    redrawn: np.ndarray
    where: str = ""

    def __post_init__(self) -> None:
        """Refuse pictures that do not belong together."""
        if not len(self.photos) == len(self.names) == len(self.near) == len(self.redrawn):
            told = f"{len(self.names)} names, {len(self.near)} neighbours, {len(self.redrawn)} redrawn"
            raise ValueError(f"{len(self.photos)} photos, but {told}")


@dataclass(frozen=True, eq=False)
class AdvicePage:
    """All that the page shows.

    Attributes:
        title: heading.
        lead: the recommendation in one sentence.
        command: to type; empty where nothing can be recommended.
        reasons: a sentence each.
        columns: (heading, what it says) of the numbers.
        sources: the ranking, the best first; the pictures of the first four are shown.
        notes: sentences that belong at the top.
        facts: (name, value).
        again: the command that repeats the advice.
    """

    title: str
    lead: str
    command: str
    reasons: list[str]
    columns: list[tuple[str, str]]
    sources: list[SourceShown]
    notes: list[str] = field(default_factory=list)
    facts: list[tuple[str, str]] = field(default_factory=list)
    again: str = ""


def write_advice(path: Path, page: AdvicePage) -> None:
    """Write the page: one file that opens offline, without scripts, in light, in dark and on paper.

    Args:
        path: of the HTML file; its folder exists. An older page is replaced at once or not at all.
        page: what to show.

    Raises:
        ValueError: an array holds no pictures.
        OSError: the file cannot be written.
    """
    write_page(path, render(page))


def render(page: AdvicePage) -> str:
    """Return the page as HTML. All words are escaped.

    Example:
        >>> html = render(AdvicePage("<b>", "Start from x.", "graftgan adapt", ["It is near."], [], []))
        >>> "<b>" in html, "It is near." in html
        (False, True)
    """
    variables: dict[str, Any] = {
        **sizes(*(source.photos for source in page.sources)),
        "title": page.title,
        "lead": page.lead,
        "warnings": page.notes,
        "made": "graftgan advise",
        "page": page,
        "shown": [(source, beside(source)) for source in page.sources[:SOURCES] if len(source.photos)],
    }
    return fill("advice.html", **variables)


def beside(source: SourceShown) -> list[dict[str, Any]]:
    """Return each photo with what the source draws nearest to it and what it can make of it."""
    rows = []
    for photo, name, near, redrawn in zip(source.photos, source.names, source.near, source.redrawn, strict=True):
        words = [f"Sample of {source.name}, number {rank} in nearness to {name}" for rank in range(1, len(near) + 1)]
        rows.append(
            {
                "name": name,
                "photo": picture(photo, f"Photo {name}"),
                "near": pictures(near, words),
                "redrawn": picture(redrawn, f"{name} redrawn by {source.name}"),
            }
        )
    return rows
