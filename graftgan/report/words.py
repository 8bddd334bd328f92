"""Numbers as a page shows them: few digits, a true minus sign, a dash for what is missing."""

import math
from collections.abc import Iterable
from typing import Literal

MISSING = "–"

Better = Literal["lower", "higher", "neither"]
ARROWS: dict[str, str] = {"lower": "↓", "higher": "↑", "neither": ""}


def number(value: float | None) -> str:
    """Return a number in three significant digits.

    Args:
        value: None, NaN and infinity count as missing.

    Returns:
        Text without spaces.

    Example:
        >>> number(0.021349), number(12345.6), number(None), number(3.0)
        ('0.0213', '12,346', '–', '3')
    """
    if value is None or not math.isfinite(value):
        return MISSING
    size = abs(value)
    if size >= 1000:
        text = f"{value:,.0f}"
    elif size == 0 or size >= 1e-4:
        text = f"{value:.3g}"
    else:
        text = f"{value:.1e}"
    return text.replace("-", "−") if value < 0 else text


def uncertainty(value: float | None) -> str:
    """Return an error or a spread in two significant digits; nothing where there is none.

    Example:
        >>> uncertainty(0.0017349), uncertainty(12.0), uncertainty(None)
        ('0.0017', '12', '')
    """
    if value is None or not math.isfinite(value):
        return ""
    return f"{value:,.0f}" if abs(value) >= 10 else number(float(f"{value:.1e}"))


def decimals(values: Iterable[float]) -> int:
    """Return how many decimals a column needs, so that the middle one of its numbers has three significant digits.

    Args:
        values: of the column; zeros and what is not finite are left out.

    Returns:
        0 to 5.

    Example:
        >>> decimals([0.0311, 0.0429, 0.252]), decimals([48.2, 163.0]), decimals([])
        (4, 0, 0)
    """
    sizes = sorted(math.floor(math.log10(abs(value))) for value in values if math.isfinite(value) and value)
    return min(5, max(0, 2 - sizes[len(sizes) // 2])) if sizes else 0


def fixed(value: float | None, places: int) -> str:
    """Return a number with so many decimals, so that a column of them can be read downwards.

    Args:
        value: None, NaN and infinity count as missing.
        places: decimals; where they would leave nothing of a number but zeros, it gets one digit.

    Example:
        >>> fixed(0.252, 4), fixed(-2.4, 2), fixed(0.00002, 3), fixed(None, 2)
        ('0.2520', '−2.40', '2.0e-05', '–')
    """
    if value is None or not math.isfinite(value):
        return MISSING
    if value and abs(value) < 0.5 * 10**-places:
        return number(float(f"{value:.0e}")) if abs(value) >= 1e-4 else number(value)
    return f"{value:,.{places}f}".replace("-", "−")


def direction(better: Better) -> str:
    """Return which way a metric is better, with its arrow.

    Example:
        >>> direction("lower"), direction("higher"), direction("neither")
        ('↓ lower is better', '↑ higher is better', 'neither way is better')
    """
    return f"{ARROWS[better]} {better} is better" if ARROWS[better] else "neither way is better"


def duration(seconds: float) -> str:
    """Return a time in its two largest units.

    Example:
        >>> duration(8.4), duration(151), duration(7260)
        ('8 s', '2 min 31 s', '2 h 1 min')
    """
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    return f"{whole // 60} min {whole % 60} s" if whole < 3600 else f"{whole // 3600} h {whole % 3600 // 60} min"


def percent(value: float | None) -> str:
    """Return a share in percent, with as many digits as help.

    Example:
        >>> percent(0.0342), percent(0.5), percent(0.0), percent(None)
        ('3.4 %', '50 %', '0 %', '–')
    """
    if value is None or not math.isfinite(value):
        return MISSING
    shown = 100 * value
    if shown == 0 or abs(shown) >= 10:
        return f"{shown:.0f} %"
    return f"{shown:.1f} %" if abs(shown) >= 0.1 else f"{shown:.1g} %"


def count(amount: int, one: str, many: str = "") -> str:
    """Return an amount with its noun.

    Example:
        >>> count(1, "photo"), count(1500, "photo")
        ('1 photo', '1,500 photos')
    """
    return f"{amount:,} {one if amount == 1 else many or one + 's'}"
