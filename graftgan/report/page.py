"""The page of a run: one file that shows it to whoever opens it."""

from pathlib import Path

from graftgan.report.content import Report
from graftgan.report.sections import sections
from graftgan.report.templates import fill, write_page


def write_report(path: Path, report: Report) -> None:
    """Write the page: one file that opens offline, without scripts, in light, in dark and on paper.

    Args:
        path: of the HTML file; its folder exists. An older page is replaced at once or not at all.
        report: what to show.

    Raises:
        ValueError: an array of the report holds no pictures.
        OSError: the file cannot be written.
    """
    write_page(path, render(report))


def render(report: Report) -> str:
    """Return the page as HTML. All words of the report are escaped.

    Example:
        >>> import numpy as np
        >>> grey = np.zeros((1, 4, 4, 1), np.uint8)
        >>> page = render(Report("<b>", "train", "", "", grey, ["a.png"], [0], grey))
        >>> "<b>" in page, "&lt;b&gt;" in page
        (False, True)
    """
    return fill("report.html", report=report, **sections(report))
