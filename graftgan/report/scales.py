"""Axes: from numbers to positions, with ticks at round numbers."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

_ROUND = (1.0, 2.0, 2.5, 5.0, 10.0)


@dataclass(frozen=True)
class Scale:
    """A straight line from numbers to positions.

    Attributes:
        low: number that lies at `start`.
        high: number that lies at `end`; differs from `low`.
        start: position, SVG units.
        end: position, SVG units.

    Example:
        >>> Scale(0, 10, 40, 240).at(5)
        140.0
    """

    low: float
    high: float
    start: float
    end: float

    def at(self, value: float) -> float:
        """Return the position of a number."""
        return self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start)


def round_ticks(low: float, high: float, about: int = 5) -> list[float]:
    """Return round numbers that enclose a range, equally far apart: multiples of 1, 2, 2.5 or 5 times a power of ten.

    Args:
        low: least number shown.
        high: greatest number shown; if it equals `low`, the range is widened.
        about: steps wished for.

    Returns:
        At least two ticks; the first is at most `low`, the last at least `high`.

    Example:
        >>> round_ticks(0.3, 9.2)
        [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]
        >>> round_ticks(-0.12, 0.1, 3)
        [-0.2, -0.1, 0.0, 0.1]
    """
    if high <= low:
        low, high = low - (abs(low) or 1.0) / 2, low + (abs(low) or 1.0) / 2
    raw = (high - low) / about
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(power * factor for factor in _ROUND if power * factor >= raw * 0.999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    # Rounding removes 0.30000000000000004; adding 0.0 removes the minus of -0.0.
    digits = max(0, 2 - math.floor(math.log10(step)))
    return [round(i * step, digits) + 0.0 for i in range(first, max(last, first + 1) + 1)]


def finite(values: Iterable[float]) -> list[float]:
    """Return the numbers that are neither NaN nor infinite.

    Example:
        >>> finite([1.0, float("nan")])
        [1.0]
    """
    return [value for value in values if math.isfinite(value)]
