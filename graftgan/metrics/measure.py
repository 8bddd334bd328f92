"""A number that carries how it was made; and what every metric asks of the features it is given."""

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from graftgan.errors import UserError


@dataclass(frozen=True)
class Measure:
    """The value of one metric, as it is written in ``metrics.json``.

    Attributes:
        value: the number.
        error: its standard error, or None where the metric has none.
        protocol: JSON values that say how the number was made: sizes of the sets, encoder, rule, warnings.

    Example:
        >>> Measure(0.5, None, {"metric": "kid"}).under({"encoder": "inception"}).protocol
        {'metric': 'kid', 'encoder': 'inception'}
    """

    value: float
    error: float | None = None
    protocol: dict[str, Any] = field(default_factory=dict)

    def under(self, protocol: dict[str, Any]) -> "Measure":
        """Return the same number with more said about how it was made, such as ``Encoder.protocol()``."""
        return replace(self, protocol={**self.protocol, **protocol})

    def how(self) -> str:
        """Say how the number was made in one line, without the metric's own name and its warning.

        Example:
            >>> Measure(1.0, None, {"metric": "kid", "real": 3, "fake": 4, "encoder": "inception"}).how()
            'real 3; fake 4; encoder inception'
        """
        told = {key: value for key, value in self.protocol.items() if key not in ("metric", "warning")}
        words = {key: f"{value:.4g}" if isinstance(value, float) else value for key, value in told.items()}
        return "; ".join(f"{key} {value}" for key, value in words.items() if value is not None)


def checked_features(metric: str, least: int, sets: dict[str, np.ndarray]) -> list[np.ndarray]:
    """Return the sets of features in float64 after refusing what would give a meaningless number.

    Args:
        metric: name of the metric, for messages.
        least: rows that every set must have.
        sets: name of the set -> (N, dim), any float type.

    Returns:
        The sets in the given order, float64.

    Raises:
        UserError: a set is not a table of numbers, is too small, holds NaN or infinity, or the widths differ.
    """
    widths = set()
    for name, rows in sets.items():
        if rows.ndim != 2:
            raise UserError(f"{metric}: the {name} features must be a table (N, dim), not of shape {rows.shape}")
        if len(rows) < least:
            pictures = name if name == "photos" else f"{name} pictures"
            raise UserError(f"{metric} needs at least {least} {pictures}, not {len(rows)}")
        if not np.isfinite(rows).all():
            raise UserError(f"{metric}: the {name} features hold NaN or infinity")
        widths.add(rows.shape[1])
    if len(widths) > 1:
        raise UserError(f"{metric}: the features have different widths {sorted(widths)}: encode both with one encoder")
    return [np.asarray(rows, np.float64) for rows in sets.values()]
