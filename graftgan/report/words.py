"""Numbers as a page shows them: few digits, a true minus sign, a dash for what is missing."""

import math

MISSING = "–"


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
