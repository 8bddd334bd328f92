"""Templates: words and pictures in, one whole HTML page out, everything escaped."""

from pathlib import Path
from typing import Any

import jinja2

from graftgan.files import write_atomically


def fill(name: str, **variables: Any) -> str:
    """Return a page as HTML.

    Args:
        name: of the template in this folder; all build on `base.html` and share the parts of `parts.html`.
        variables: of the template; every word is escaped, and one that is missing is an error.

    Example:
        >>> words = {"title": "<b>", "lead": "", "made": "", "warnings": []}
        >>> page = fill("base.html", tile=64, hero_tile=64, pixelated=True, **words)
        >>> "<b>" in page, "&lt;b&gt;" in page
        (False, True)
    """
    loader = jinja2.FileSystemLoader(Path(__file__).parent)
    environment = jinja2.Environment(
        loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.get_template(name).render(**variables)


def write_page(path: Path, html: str) -> None:
    """Write a page, at once or not at all.

    Args:
        path: of the HTML file; its folder exists.
        html: the whole page. What is no valid Unicode, as file names can be, becomes a question mark.

    Raises:
        OSError: the file cannot be written.
    """
    write_atomically(path, html.encode("utf-8", "replace"))
