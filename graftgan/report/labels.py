"""Where the names of points go, so that they can be read."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

HEIGHT = 14.0
# Guessed from the widest of the fonts that pages ask for.
LETTER = 7.2
GAPS = (11.0, 16.0, 24.0, 33.0, 45.0, 60.0, 80.0)
DIRECTIONS = 16
ROUNDS = 3
POINT = 6.0


@dataclass(frozen=True)
class Box:
    """An upright rectangle, SVG units; `top` is less than `bottom`."""

    left: float
    top: float
    right: float
    bottom: float

    def overlap(self, other: "Box") -> float:
        """Return the area that two boxes share.

        Example:
            >>> Box(0, 0, 2, 2).overlap(Box(1, 1, 3, 3))
            1.0
        """
        width = min(self.right, other.right) - max(self.left, other.left)
        height = min(self.bottom, other.bottom) - max(self.top, other.top)
        return float(width * height) if width > 0 and height > 0 else 0.0

    def area(self) -> float:
        """Return width times height."""
        return (self.right - self.left) * (self.bottom - self.top)

    def middle(self) -> tuple[float, float]:
        """Return the centre."""
        return (self.left + self.right) / 2, (self.top + self.bottom) / 2


def place_labels(
    points: Sequence[tuple[float, float]],
    names: Sequence[str],
    area: Box,
    others: Sequence[tuple[float, float]] = (),
) -> list[Box]:
    """Choose a place beside each point for its name: near, inside the chart, on no other name and on no point.

    The names are placed one after the other, each at the cheapest of a ring of places around its point, and then moved
    once or twice more, as the others now stand.

    Args:
        points: of the names.
        names: as they are drawn.
        area: where names may be.
        others: small points that names should rather not cover.

    Returns:
        One box a name.

    Example:
        >>> a, b = place_labels([(50, 50), (52, 50)], ["first", "second"], Box(0, 0, 200, 100))
        >>> a.overlap(b)
        0.0
    """
    marks = [around(point, POINT) for point in points]
    specks = [around(point, POINT / 2) for point in others]
    rings = [candidates(point, LETTER * len(name)) for point, name in zip(points, names, strict=True)]
    placed: dict[int, Box] = {}
    for index in [i for _ in range(ROUNDS) for i in range(len(rings))]:
        rest = [box for other, box in placed.items() if other != index]

        def cost(choice: tuple[float, Box], rest: list[Box] = rest) -> float:
            gap, box = choice
            on_names = sum(box.overlap(other) for other in rest)
            on_marks = sum(box.overlap(mark) for mark in marks)
            on_specks = sum(box.overlap(speck) for speck in specks)
            outside = box.area() - box.overlap(area)
            return 20 * on_names + 20 * outside + 8 * on_marks + 2 * on_specks + 2 * gap

        placed[index] = min(rings[index], key=cost)[1]
    return [placed[index] for index in range(len(rings))]


def candidates(point: tuple[float, float], width: float) -> list[tuple[float, Box]]:
    """Return (distance, box) of the places around a point: to its right first, then round, then further out."""
    found = []
    for gap in GAPS:
        for step in range(DIRECTIONS):
            angle = 2 * math.pi * step / DIRECTIONS
            x = point[0] + math.cos(angle) * (width / 2 + gap)
            y = point[1] + math.sin(angle) * (HEIGHT / 2 + gap)
            found.append((gap, Box(x - width / 2, y - HEIGHT / 2, x + width / 2, y + HEIGHT / 2)))
    return found


def around(point: tuple[float, float], radius: float) -> Box:
    """Return the square around a point."""
    return Box(point[0] - radius, point[1] - radius, point[0] + radius, point[1] + radius)
