"""Charts of our own making: inline SVG that takes its colours from the page, in light, in dark and on paper."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from graftgan.report.scales import Scale, finite, round_ticks
from graftgan.report.svg import group, place, rect, stroke, svg, text
from graftgan.report.words import MISSING, number

WIDTH = 400
HEIGHT = 250
LEFT, RIGHT, TOP, BOTTOM = 46.0, 388.0, 34.0, 210.0

BAR_ROW = 17
BAR_WIDTH = 440
BAR_LEFT, BAR_RIGHT, BAR_TOP = 208.0, 392.0, 8.0
LABEL_LETTERS = 33

# More points than pixels help nobody and make the page heavy.
MOST_POINTS = 400


@dataclass(frozen=True)
class Series:
    """One line of a line chart.

    Attributes:
        name: as the legend shows it.
        points: (x, y) in the order of x; points that are not finite are left out.
    """

    name: str
    points: Sequence[tuple[float, float]]

    def drawn(self) -> list[tuple[float, float]]:
        """Return the finite points, at most about `MOST_POINTS`: every k-th and the last."""
        kept = [(x, y) for x, y in self.points if math.isfinite(x) and math.isfinite(y)]
        every = math.ceil(len(kept) / MOST_POINTS) or 1
        return kept[::every] + (kept[-1:] if kept and (len(kept) - 1) % every else [])


def line_chart(title: str, series: Sequence[Series], x_label: str, mark: float | None = None) -> Markup:
    """Draw lines over a common x axis that begins at 0.

    Args:
        title: what is shown; also read aloud, with the first and last value of each line.
        series: at most four lines; those without a finite point are named in the legend only.
        x_label: unit of the x axis.
        mark: moment that was chosen: a line across the chart, and a dot where a line has a point there.

    Returns:
        An SVG element; colours are the classes `s0` to `s3` of the page's style.

    Example:
        >>> str(line_chart("Loss", [Series("G", [(0, 1.0), (2, 3.0)])], "kimg")).count("<polyline")
        1
    """
    lines = [(one.name, one.drawn()) for one in series]
    mark = mark if mark is not None and math.isfinite(mark) else None
    xs = [x for _, points in lines for x, _ in points] + ([] if mark is None else [mark])
    ys = [y for _, points in lines for _, y in points]
    x_ticks = round_ticks(min(0.0, *xs), max(xs)) if xs else [0.0, 1.0]
    y_ticks = round_ticks(min(ys), max(ys)) if ys else [0.0, 1.0]
    # Time ends where the run ends, not at the next round number.
    across = Scale(x_ticks[0], max(xs) if xs and max(xs) > x_ticks[0] else x_ticks[-1], LEFT, RIGHT)
    up = Scale(y_ticks[0], y_ticks[-1], BOTTOM, TOP)
    parts = [_y_axis(up, y_ticks), _x_axis(across, [tick for tick in x_ticks if tick <= across.high], x_label)]
    for index, (_, points) in enumerate(lines):
        parts.append(_line(index, [(across.at(x), up.at(y)) for x, y in points]))
    # One line needs no legend: the title names it.
    parts.append(_legend([name for name, _ in lines] if len(lines) > 1 else []))
    words = [_spoken(name, points) for name, points in lines]
    if mark is not None:
        met = [(index, up.at(y)) for index, (_, points) in enumerate(lines) for x, y in points if math.isclose(x, mark)]
        parts.append(_mark(across.at(mark), met))
        words.append(f"chosen at {number(mark)} {x_label}")
    return svg(WIDTH, HEIGHT, f"{title}: " + "; ".join(words), parts)


def bar_chart(
    title: str,
    bars: Sequence[tuple[str, float]],
    *,
    top: float | None = None,
    kind: int = 0,
    shown: Callable[[float], str] = number,
) -> Markup:
    """Draw horizontal bars from 0, one a row, each with its name and value.

    Args:
        title: what is shown; also read aloud.
        bars: (name, value >= 0); a value that is not finite has no bar and shows a dash.
        top: value at the right end, so that several charts can share it; None takes the largest.
        kind: colour, 0 to 3.
        shown: how a value is written.

    Returns:
        An SVG element.

    Example:
        >>> str(bar_chart("Change", [("conv", 0.5)])).count("<rect")
        1
    """
    largest = max(finite(value for _, value in bars), default=0.0)
    ticks = round_ticks(0.0, top or largest or 1.0, 3)
    across = Scale(0.0, ticks[-1], BAR_LEFT, BAR_RIGHT)
    bottom = BAR_TOP + BAR_ROW * len(bars)
    axis = []
    for tick in ticks:
        x = across.at(tick)
        axis += [stroke(x, BAR_TOP - 4, x, bottom), text(x, bottom + 14, shown(tick), "middle")]
    parts = [group("axis", axis)]
    for row, (name, value) in enumerate(bars):
        y = BAR_TOP + BAR_ROW * row
        length = across.at(max(0.0, value)) - BAR_LEFT if math.isfinite(value) else 0.0
        bar = [
            Markup("<title>{}: {}</title>").format(name, shown(value)),
            text(BAR_LEFT - 7, y + 11, shortened(name), "end", "name"),
            rect(BAR_LEFT, y + 2, length, BAR_ROW - 5, f"f{kind % 4}"),
            text(BAR_LEFT + length + 5, y + 11, shown(value), "start", "value"),
        ]
        parts.append(group("bar", bar))
    spoken = ", ".join(f"{name} {shown(value)}" for name, value in bars)
    return svg(BAR_WIDTH, bottom + 22, f"{title}: {spoken}", parts)


def comparison_bar(value: float | None, source: float | None, floor: float | None, subject: str = "adapted") -> Markup:
    """Draw one number as a bar from 0, with marks where the unchanged source and the noise floor lie.

    Args:
        value: end of the bar; numbers below 0 go to the left of it.
        source: solid mark.
        floor: dotted mark.
        subject: what `value` belongs to, read aloud.

    Returns:
        An SVG element, 200 wide; empty if fewer than two numbers are finite: one alone compares nothing.

    Example:
        >>> comparison_bar(0.5, None, None)
        Markup('')
    """
    known = finite(number for number in (value, source, floor) if number is not None)
    if len(known) < 2:
        return Markup("")
    low, high = min(*known, 0.0), max(*known, 0.0)
    across = Scale(low, high if high > low else low + 1.0, 1.0, 197.0)
    zero = across.at(0.0)
    parts = [rect(1.0, 9.0, 196.0, 8.0, "track")]
    if value is not None and math.isfinite(value):
        end = across.at(value)
        parts.append(rect(min(zero, end), 9.0, abs(end - zero), 8.0, "f0"))
    if low < 0:
        parts.append(stroke(zero, 7.0, zero, 19.0, "origin"))
    for other, name in ((source, "mark"), (floor, "mark dotted")):
        if other is not None and math.isfinite(other):
            x = across.at(other)
            parts.append(stroke(x, 3.0, x, 23.0, name))
    named = [(subject, value), ("unchanged source", source), ("noise floor", floor)]
    words = ", ".join(f"{name} {number(one)}" for name, one in named if one is not None)
    return svg(200, 26, words, parts)


def shortened(name: str, letters: int = LABEL_LETTERS) -> str:
    """Return a long name with its middle left out, as layers differ at both ends.

    Args:
        name: of any length.
        letters: most that are kept, at least 3.

    Example:
        >>> shortened("synthesis.b1024.torgb.affine.weight")
        'synthesis.b1024.…gb.affine.weight'
    """
    if len(name) <= letters:
        return name
    half = (letters - 1) // 2
    return f"{name[:half]}…{name[-half:]}"


def _spoken(name: str, points: list[tuple[float, float]]) -> str:
    if not points:
        return f"{name} {MISSING}"
    return f"{name} from {number(points[0][1])} to {number(points[-1][1])}"


def _line(index: int, points: list[tuple[float, float]]) -> Markup:
    """Draw one line; a single point as a dot."""
    if len(points) == 1:
        (x, y) = points[0]
        return Markup('<circle class="f{}" cx="{}" cy="{}" r="3"/>').format(index % 4, place(x), place(y))
    path = " ".join(f"{place(x)},{place(y)}" for x, y in points)
    return Markup('<polyline class="line s{}" points="{}"/>').format(index % 4, path) if points else Markup("")


def _mark(x: float, met: list[tuple[int, float]]) -> Markup:
    """Draw the chosen moment: a line, its word above it, and a dot on each line that it meets."""
    anchor = "start" if x < LEFT + 30 else "end" if x > RIGHT - 30 else "middle"
    dots = [
        Markup('<circle class="f{}" cx="{}" cy="{}" r="4"/>').format(index % 4, place(x), place(y)) for index, y in met
    ]
    return group("chosen", [stroke(x, TOP - 4, x, BOTTOM), text(x, TOP - 10, "chosen", anchor), *dots])


def _y_axis(up: Scale, ticks: list[float]) -> Markup:
    parts = []
    for tick in ticks:
        y = up.at(tick)
        parts.append(stroke(LEFT, y, RIGHT, y, "zero" if tick == 0 else ""))
        parts.append(text(LEFT - 7, y + 4, number(tick), "end"))
    return group("axis", parts)


def _x_axis(across: Scale, ticks: list[float], label: str) -> Markup:
    parts = []
    for tick in ticks:
        x = across.at(tick)
        parts.append(stroke(x, BOTTOM, x, BOTTOM + 4))
        parts.append(text(x, BOTTOM + 17, number(tick), "middle"))
    parts.append(text((LEFT + RIGHT) / 2, BOTTOM + 34, label, "middle"))
    return group("axis", parts)


def _legend(names: list[str]) -> Markup:
    """Write the names of the lines in one row above the chart, at widths guessed from their letters."""
    parts: list[Markup] = []
    x = LEFT
    for index, name in enumerate(names):
        parts.append(stroke(x, 14.0, x + 16, 14.0, f"line s{index % 4}"))
        parts.append(text(x + 22, 18.0, name, "start"))
        x += 22 + 7.0 * len(name) + 16
    return group("legend", parts)
