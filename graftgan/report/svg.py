"""The few SVG elements that charts are made of; every word and number that goes in is escaped."""

from collections.abc import Sequence

from markupsafe import Markup

ELEMENT = '<svg class="chart" viewBox="0 0 {} {}" width="{}" height="{}" role="img" aria-label="{}">{}</svg>'


def svg(width: float, height: float, words: str, parts: Sequence[Markup]) -> Markup:
    """Return a picture of a given size.

    Args:
        width: SVG units.
        height: SVG units.
        words: what it shows, read aloud in its place.
        parts: elements, painted in this order.
    """
    size = (place(width), place(height))
    return Markup(ELEMENT).format(*size, *size, words, Markup("").join(parts))


def group(name: str, parts: Sequence[Markup]) -> Markup:
    """Return elements under one class name."""
    return Markup('<g class="{}">{}</g>').format(name, Markup("").join(parts))


def rect(x: float, y: float, width: float, height: float, name: str) -> Markup:
    """Return a rectangle with slightly rounded corners; `name` is its class."""
    element = '<rect class="{}" x="{}" y="{}" width="{}" height="{}" rx="1.5"/>'
    return Markup(element).format(name, place(x), place(y), place(width), place(height))


def stroke(x1: float, y1: float, x2: float, y2: float, name: str = "") -> Markup:
    """Return a straight line; `name` is its class."""
    element = '<line class="{}" x1="{}" y1="{}" x2="{}" y2="{}"/>'
    return Markup(element).format(name, place(x1), place(y1), place(x2), place(y2))


def text(x: float, y: float, words: str, anchor: str, name: str = "") -> Markup:
    """Return one line of text; `anchor` is start, middle or end."""
    element = '<text class="{}" x="{}" y="{}" text-anchor="{}">{}</text>'
    return Markup(element).format(name, place(x), place(y), anchor, words)


def place(value: float) -> str:
    """Return a position in tenths, without a trailing zero.

    Example:
        >>> place(3.0), place(1 / 3)
        ('3', '0.3')
    """
    return f"{value:.1f}".removesuffix(".0")
