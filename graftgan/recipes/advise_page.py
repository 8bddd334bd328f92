"""What an advice shows: its sentences, its table on the terminal, its page."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from graftgan.recipes.source_look import Look
from graftgan.report import AdvicePage, SourceShown, write_advice
from graftgan.report.words import count, number, percent, uncertainty

COLUMNS = {
    "distance": (
        "Distance",
        "KID of the source's samples against your photos as they are: 0 would be the same domain. Fair at any number "
        "of photos, so the ranking goes by it.",
    ),
    "recall": ("Recall", "Share of your photos that lie where the source draws already."),
    "own_distance": (
        "In its size",
        "The same distance with your photos in the source's size: the measured pairs were told by it, and so is the "
        "method.",
    ),
    "missed": (
        "Missed",
        "Share of a photo's contrast that the source's best picture of it misses, after a short search for its latent: "
        "0 is the photo itself, 100 % a flat patch.",
    ),
    "frechet": (
        "Frechet, shrunk",
        "Distance as two Gaussians, covariances shrunk (Ledoit-Wolf); compare it by the same photos only.",
    ),
}


@dataclass(frozen=True, eq=False)
class Advised:
    """What the page shows.

    Attributes:
        photos: folder or zip.
        total: photos in it.
        looks: of all sources, the best first.
        found: what advice.json holds.
        again: the command that repeats the advice.
    """

    photos: str
    total: int
    looks: list[Look]
    found: dict[str, Any]
    again: str


def source_reasons(looks: Sequence[Look]) -> list[str]:
    """Returns the sentences on why the first source stands first."""
    best, *others = looks
    name = names_of(looks)
    nearest = min(looks, key=lambda one: one.distance)
    if best.refusal:
        told = [
            f"{name[best.source]} draws nearest to your photos: distance {number(best.distance)}{within(best)}.",
            f"No source here can be adapted: {best.refusal}.",
        ]
    elif nearest.refusal:
        passed = f"{name[nearest.source]} draws nearer ({number(nearest.distance)}), but cannot be adapted"
        told = [
            f"Of the sources that can be adapted {name[best.source]} draws nearest to your photos: distance "
            f"{number(best.distance)}{within(best)}; {passed}: {nearest.refusal}."
        ]
    else:
        told = [f"{name[best.source]} draws nearest to your photos: distance {number(best.distance)}{within(best)}."]
    rivals = [] if best.refusal else [one for one in others if not one.refusal]
    if rivals:
        error = sum((one.measures["distance"].error or 0.0) ** 2 for one in (best, rivals[0])) ** 0.5
        gap = rivals[0].distance - best.distance
        doubt = " The gap is within two standard errors: try both." if gap < 2 * error else ""
        told.append(f"Next is {name[rivals[0].source]} with {number(rivals[0].distance)}.{doubt}")
    return [*told, *(f"{about.capitalize()}: {words}." for about, words in best.remarks.items())]


def names_of(looks: Sequence[Look]) -> dict[str, str]:
    """Returns source -> its name without the folders above it, with the nearest of them where two have one name."""
    short = {look.source: shown(look.source) for look in looks}
    names = list(short.values())
    return {
        source: name if names.count(name) == 1 else "/".join(Path(source).parts[-2:]) for source, name in short.items()
    }


def shown(source: str) -> str:
    """Returns a source's name without the folders above it; a run's for the model in it.

    Example:
        >>> shown("avatars-64"), shown("/a/0001-mnist-train"), shown("/a/0001-mnist-train/model")
        ('avatars-64', '0001-mnist-train', '0001-mnist-train')
    """
    path = Path(source)
    return path.parent.name or path.name if path.name == "model" else path.name


def within(look: Look) -> str:
    """Returns the error of a distance in words."""
    error = uncertainty(look.measures["distance"].error)
    return f" ± {error}" if error else ""


def cells(look: Look) -> list[str]:
    """Returns the numbers of a source in words, one a column."""
    values = {name: measure.value for name, measure in look.measures.items()}
    distance = f"{number(values['distance'])}{within(look)}"
    return [
        distance,
        percent(values.get("recall")),
        number(values.get("own_distance")),
        percent(values.get("missed")),
        number(values.get("frechet")),
    ]


def write_page(path: Path, advised: Advised) -> None:
    """Writes advice.html."""
    looks, found = advised.looks, advised.found
    name = names_of(looks)
    sources = [
        SourceShown(
            name[one.source],
            one.title,
            cells(one),
            list(one.remarks.values()),
            one.refusal,
            one.photos,
            one.names,
            one.near,
            one.redrawn,
            one.source,
        )
        for one in looks
    ]
    samples = looks[0].measures["distance"].protocol["fake"]
    facts = [
        ("Photos", count(advised.total, "photo")),
        ("Samples of each source", str(samples)),
        ("Photos hash", found["photos"]["sha256"][:16]),
        *((f"Hash of {name[one.source]}", one.digest[:16]) for one in looks),
    ]
    page = AdvicePage(
        title=f"Advice for {Path(advised.photos).stem}",
        lead=f"{lead(found, name.get(found['source'], ''))}.",
        command=found["command"] or "",
        reasons=[*found["source_reasons"], *found["reasons"]],
        columns=list(COLUMNS.values()),
        sources=sources,
        notes=found["notes"],
        facts=facts,
        again=advised.again,
    )
    write_advice(path, page)


def lead(found: dict[str, Any], source: str) -> str:
    """Returns the recommendation, or that there is none.

    Args:
        found: what advice.json holds.
        source: what the recommended one is called.
    """
    if found["source"] is None:
        return "None of these sources can be adapted, so nothing is recommended"
    method = ":".join([found["method"], *found["method_options"]])
    return f"Start from {source}, by {method}, with {found['kimg']:g} kimg"


def lines(found: dict[str, Any]) -> list[str]:
    """Returns the advice as a terminal shows it: ranking, recommendation, reasons, command.

    Args:
        found: what advice.json holds.
    """
    rows = [("", "source", "distance", "recall", "missed", "")]
    for rank, one in enumerate(found["sources"], 1):
        values = {name: measure["value"] for name, measure in one["measures"].items()}
        told = [*one["remarks"].values(), *([f"cannot be adapted: {one['refusal']}"] if one["refusal"] else [])]
        shares = (percent(values.get(name)) for name in ("recall", "missed"))
        rows.append((str(rank), one["source"], number(values["distance"]), *shares, "; ".join(told)))
    widths = [max(len(row[at]) for row in rows) for at in range(5)]
    table = [
        "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[5]]) for row in rows
    ]
    return [
        *(line.rstrip() for line in table),
        *found["notes"],
        "",
        f"{lead(found, found['source'])}:",
        *(f"- {words}" for words in [*found["source_reasons"], *found["reasons"]]),
        *(["", found["command"]] if found["command"] else []),
    ]
