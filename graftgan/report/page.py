"""The page of a run: one file that shows it to whoever opens it."""

from pathlib import Path

import jinja2

from graftgan.files import write_atomically
from graftgan.report.content import Layer, MetricRow, Neighbour, Report
from graftgan.report.sections import sections

__all__ = ["Layer", "MetricRow", "Neighbour", "Report", "render", "write_report"]


def write_report(path: Path, report: Report) -> None:
    """Write the page: one file that opens offline, without scripts, in light, in dark and on paper.

    Args:
        path: of the HTML file; its folder exists. An older page is replaced at once or not at all.
        report: what to show.

    Raises:
        ValueError: an array of the report holds no pictures.
        OSError: the file cannot be written.
    """
    # File names that are no valid Unicode must not stop the page.
    write_atomically(path, render(report).encode("utf-8", "replace"))


def render(report: Report) -> str:
    """Return the page as HTML. All words of the report are escaped.

    Example:
        >>> import numpy as np
        >>> grey = np.zeros((1, 4, 4, 1), np.uint8)
        >>> page = render(Report("<b>", "train", "", "", grey, ["a.png"], [0], grey))
        >>> "<b>" in page, "&lt;b&gt;" in page
        (False, True)
    """
    loader = jinja2.FileSystemLoader(Path(__file__).parent)
    environment = jinja2.Environment(
        loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.get_template("report.html").render(report=report, **sections(report))
