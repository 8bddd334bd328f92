"""The chart of two metrics against each other: one mark a run, and a larger one, with its name, at their mean."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from graftgan.report.charts import shortened
from graftgan.report.labels import Box, place_labels
from graftgan.report.scales import Scale, round_ticks
from graftgan.report.svg import group, place, stroke, svg, text
from graftgan.report.words import MISSING, Better, number

WIDTH, HEIGHT = 480, 400
LEFT, RIGHT, TOP, BOTTOM = 50.0, 466.0, 40.0, 350.0
COLOURS = 6
# Free space beyond the outermost marks, as a share of their distance.
MARGIN = 0.07
NAME_LETTERS = 22
# From here on a name needs a line to its mark.
FAR = 14.0


@dataclass(frozen=True)
class Axis:
    """What an axis measures, and which way it is better."""

    title: str
    better: Better


@dataclass(frozen=True)
class Cloud:
    """The runs of one contender.

    Attributes:
        name: of the contender.
        runs: (x, y) of each; those that are not finite are left out.
        colour: 0 to 5; None for a control, which is drawn as a diamond.
    """

    name: str
    runs: Sequence[tuple[float, float]]
    colour: int | None

    def drawn(self) -> list[tuple[float, float]]:
        """Return the runs that have both numbers."""
        return [(x, y) for x, y in self.runs if math.isfinite(x) and math.isfinite(y)]

    def mean(self) -> tuple[float, float]:
        """Return the middle of the runs; there is at least one."""
        xs, ys = zip(*self.drawn(), strict=True)
        return statistics.fmean(xs), statistics.fmean(ys)


def scatter_chart(title: str, clouds: Sequence[Cloud], across: Axis, up: Axis) -> Markup:
    """Draw clouds of runs.

    Args:
        title: what is shown; also read aloud, with the mean of each cloud.
        clouds: those without a run that has both numbers are only read aloud.
        across: the level axis.
        up: the upright axis.

    Returns:
        An SVG element; colours are the classes `f0` to `f5` and `s0` to `s5` of the page's style.

    Example:
        >>> clouds = [Cloud("a", [(0.1, 0.5), (0.2, 0.6)], 0), Cloud("source", [(0.0, 0.9)], None)]
        >>> chart = scatter_chart("t", clouds, Axis("recall", "higher"), Axis("KID", "lower"))
        >>> str(chart).count("<circle"), str(chart).count("<path")
        (3, 2)
    """
    known = [cloud for cloud in clouds if cloud.drawn()]
    points = [point for cloud in known for point in cloud.drawn()]
    x_scale, x_ticks = _scale([x for x, _ in points], LEFT, RIGHT)
    y_scale, y_ticks = _scale([y for _, y in points], BOTTOM, TOP)
    parts = [_axes(x_scale, x_ticks, across, y_scale, y_ticks, up)]
    # Controls are drawn first, so that no method hides behind one.
    for cloud in sorted(known, key=lambda cloud: cloud.colour is not None):
        runs = [(x_scale.at(x), y_scale.at(y)) for x, y in cloud.drawn()]
        x, y = cloud.mean()
        parts.append(_cloud(cloud.colour, runs, (x_scale.at(x), y_scale.at(y))))
    means = [(x_scale.at(x), y_scale.at(y)) for x, y in (cloud.mean() for cloud in known)]
    runs = [(x_scale.at(x), y_scale.at(y)) for x, y in points]
    parts.append(_names(known, means, runs))
    spoken = "; ".join(_spoken(cloud, across, up) for cloud in clouds)
    return svg(WIDTH, HEIGHT, f"{title}: {spoken}", parts)


def _scale(values: list[float], start: float, end: float) -> tuple[Scale, list[float]]:
    """Return an axis a little longer than its values, and the round numbers on it."""
    around = round_ticks(min(values), max(values)) if values else [0.0, 1.0]
    low, high = (min(values), max(values)) if values and min(values) < max(values) else (around[0], around[-1])
    margin = MARGIN * (high - low)
    scale = Scale(low - margin, high + margin, start, end)
    return scale, [tick for tick in around if scale.low <= tick <= scale.high]


def _axes(x_scale: Scale, x_ticks: list[float], across: Axis, y_scale: Scale, y_ticks: list[float], up: Axis) -> Markup:
    parts = []
    for tick in y_ticks:
        y = y_scale.at(tick)
        parts += [stroke(LEFT, y, RIGHT, y), text(LEFT - 7, y + 4, number(tick), "end")]
    for tick in x_ticks:
        x = x_scale.at(tick)
        parts += [stroke(x, TOP, x, BOTTOM), text(x, BOTTOM + 17, number(tick), "middle")]
    parts.append(text(LEFT, TOP - 18, _towards(up, {"lower": "↓", "higher": "↑"}), "start", "title"))
    parts.append(text(RIGHT, BOTTOM + 38, _towards(across, {"lower": "←", "higher": "→"}), "end", "title"))
    return group("axis", parts)


def _towards(axis: Axis, arrows: dict[str, str]) -> str:
    """Return the title of an axis, and an arrow towards its better end."""
    return f"{axis.title}  {arrows[axis.better]} better" if axis.better in arrows else axis.title


def _cloud(colour: int | None, runs: list[tuple[float, float]], mean: tuple[float, float]) -> Markup:
    """Draw a mark a run, each tied to the mean by a thin line."""
    name = "control" if colour is None else f"f{colour % COLOURS}"
    tie = "tie" if colour is None else f"tie s{colour % COLOURS}"
    alone = len(runs) == 1
    parts = [] if alone else [stroke(*mean, *run, tie) for run in runs]
    parts += [_shape(colour, run, 3.0, f"{name} run") for run in runs]
    parts.append(_shape(colour, mean, 6.5, name))
    return group("cloud", parts)


def _shape(colour: int | None, at: tuple[float, float], size: float, name: str) -> Markup:
    """Draw a circle for a method, a diamond for a control."""
    x, y = at
    if colour is not None:
        return Markup('<circle class="{}" cx="{}" cy="{}" r="{}"/>').format(name, place(x), place(y), place(size))
    corners = ((x, y - size), (x + size, y), (x, y + size), (x - size, y))
    path = " L".join(f"{place(a)},{place(b)}" for a, b in corners)
    return Markup('<path class="{}" d="M{} Z"/>').format(name, path)


def _names(clouds: list[Cloud], means: list[tuple[float, float]], runs: list[tuple[float, float]]) -> Markup:
    names = [shortened(cloud.name, NAME_LETTERS) for cloud in clouds]
    boxes = place_labels(means, names, Box(LEFT + 2, TOP + 2, RIGHT, BOTTOM - 2), runs)
    parts = []
    for cloud, name, (x, y), box in zip(clouds, names, means, boxes, strict=True):
        near = min(max(x, box.left), box.right), min(max(y, box.top), box.bottom)
        if math.dist(near, (x, y)) > FAR:
            parts.append(stroke(x, y, *near, "leader"))
        middle = box.middle()
        kind = "who quiet" if cloud.colour is None else "who"
        parts.append(text(middle[0], middle[1] + 4, name, "middle", kind))
    return group("names", parts)


def _spoken(cloud: Cloud, across: Axis, up: Axis) -> str:
    if not cloud.drawn():
        return f"{cloud.name} {MISSING}"
    x, y = cloud.mean()
    return f"{cloud.name} {across.title} {number(x)}, {up.title} {number(y)}"
