"""`graftgan sources`: what there is to start from, as a table, one entry in full, or a page of pictures."""

from dataclasses import dataclass
from pathlib import Path

from graftgan.errors import UserError
from graftgan.recipes.source_pictures import picture_grid, with_pictures
from graftgan.report import SourceEntry, ZooPage, write_zoo
from graftgan.report.words import count
from graftgan.zoo.catalogue import catalogue, entry
from graftgan.zoo.entry import NOT_STATED, Source
from graftgan.zoo.hub import is_hub_id, parse_id
from graftgan.zoo.model_folder import CARD

WHERE = {
    "embedded": "in graftgan",
    "package": "package of another project",
    "added": "added by you",
    "hub": "model hub",
    "local": "local folder",
}
HINT = (
    "graftgan sources NAME                      all of one, with its card and its picture grid\n"
    "graftgan sources --page sources.html       all of all, with pictures\n"
    "graftgan sources add RUN --name NAME       a model of your own under a name (sources remove NAME takes it away)\n"
    "graftgan adapt PHOTOS --source SOURCE      SOURCE: a name, a folder, a checkpoint, or hf:user/name of the hub"
)
MEGA = 1e6
OURS = b'<meta name="generator" content="graftgan">'


@dataclass(frozen=True, kw_only=True)
class SourcesOptions:
    """Lists the source models available here; see also `sources add`, `sources remove` and `sources update`."""

    name: str | None = None
    """Shows all that is known of this one: a name, a folder, or a hub id used before."""
    page: str | None = None
    """Write a self-contained page with every source to this file."""


def run(options: SourcesOptions) -> list[Source]:
    """Returns the entries that were asked for, and writes the page.

    Args:
        options: of the job.

    Raises:
        UserError: there is no such source, or the page cannot be written.
    """
    if options.name is not None and is_hub_id(options.name):
        parse_id(options.name)  # a malformed one is no entry with a problem
    found = catalogue() if options.name is None else [entry(options.name)]
    if options.page is not None:
        write_page(Path(options.page), found)
    return found


def table(sources: list[Source]) -> list[str]:
    """Returns the sources as a terminal shows them: two lines each, what it is and what it draws."""
    rows = [("", "px", "network", "size", "licence")]
    rows += [
        (one.name, shown(one.resolution), one.network, megabytes(one.size), short(one.licence, 24)) for one in sources
    ]
    widths = [max(len(row[at]) for row in rows) for at in range(5)]
    lined = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    lines = lined[:1]
    for one, first in zip(sources, lined[1:], strict=True):
        numbers = [f"{name} {brief(value)}" for name, value in one.metrics[:1]]
        told = [one.problem] if one.problem else [one.what, *numbers]
        lines += [first, "    " + "; ".join(told)]
    return lines


def details(source: Source) -> list[str]:
    """Returns all that is known of one source, a line each; draws its picture grid where it has none."""
    known = [(name, value) for name, value in facts(source) if value != NOT_STATED or name in ("Licence", "Data")]
    rows = [("Name", source.name), *known]
    if source.usable:
        folder = source.folder
        grid = picture_grid(source)[0]
        if folder is not None and (folder / CARD).is_file():
            rows.append(("Card", str(folder / CARD)))
        rows += [("Pictures", str(grid)), ("Use", use(source))]
    else:
        rows.append(("Problem", source.problem))
    width = max(len(name) for name, _ in rows)
    return [f"{name.ljust(width)}  {value}" for name, value in rows]


def facts(source: Source) -> list[tuple[str, str]]:
    """Returns (name, value) of all that is known of a source, and "not stated" of what is not."""
    without = "none" if source.network != NOT_STATED else NOT_STATED
    critic = millions(source.discriminator_parameters) if source.has_discriminator else without
    return [
        ("Draws", source.what),
        ("Where", WHERE[source.kind]),
        ("Origin", source.origin),
        ("Network", source.network),
        ("Resolution", NOT_STATED if source.resolution is None else f"{source.resolution} px"),
        ("Generator", millions(source.generator_parameters)),
        ("Discriminator", critic),
        ("Size", megabytes(source.size)),
        ("Licence", source.licence),
        ("Data", source.data),
        ("Credits", source.credits),
        *(source.metrics or [("KID, FID", NOT_STATED)]),
        ("sha256", source.digest or NOT_STATED),
    ]


def write_page(path: Path, sources: list[Source]) -> None:
    """Writes the page of all sources.

    Raises:
        UserError: it cannot be written.
    """
    if not path.absolute().parent.is_dir() or path.is_dir():
        raise UserError(f"--page {path}: name a file in a folder that exists")
    if path.exists() and OURS not in path.read_bytes()[:2000]:
        raise UserError(f"--page {path}: there is such a file, and it is no page of graftgan's")
    entries = []
    for one, tiles in map(with_pictures, sources):
        entries.append(SourceEntry(one.name, one.what, facts(one)[1:], tiles, use(one), one.problem))
    here = sum(1 for one in entries if not one.problem)
    lead = f"{count(here, 'source')} to start from{', as things are here' if here < len(entries) else ''}."
    try:
        write_zoo(path, ZooPage("Sources", lead, entries))
    except OSError as error:
        raise UserError(f"--page {path}: {error.strerror or error}") from error


def use(source: Source) -> str:
    """Returns the command that starts from a source."""
    return f"graftgan adapt PHOTOS --source {source.folder if source.kind == 'local' else source.name}"


def millions(value: int | None) -> str:
    """Returns a number of parameters in words."""
    return NOT_STATED if value is None else f"{value / MEGA:.2f} M parameters"


def megabytes(size: int | None) -> str:
    """Returns a size in words."""
    return NOT_STATED if size is None else f"{size / MEGA:.1f} MB"


def shown(value: int | None) -> str:
    """Returns a number, or a dash."""
    return "-" if value is None else str(value)


def brief(metric: str) -> str:
    """Returns a metric with the beginning of its protocol: encoder and samples.

    Example:
        >>> brief("0.11 +- 0.01 (inception, 500 samples, truncation 1, against 500 held-out pictures)")
        '0.11 +- 0.01 (inception, 500 samples)'
    """
    kept = ", ".join(metric.split(", ")[:2])
    return f"{kept})" if kept != metric and "(" in kept else kept


def short(text: str, most: int) -> str:
    """Returns the beginning of a text."""
    return text if len(text) <= most else f"{text[: most - 3]}..."
