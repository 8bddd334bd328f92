"""Who is ahead in a comparison: mean, spread over the runs, and the best method where the runs can tell."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, replace

from graftgan.report.contenders import Column, Comparison, Contender
from graftgan.report.scales import finite
from graftgan.report.words import ARROWS, decimals, direction, fixed

RULE = (
    "Mean ± sample standard deviation over the runs. Bold: the best method, where its lead over the next is larger than"
    " the spread of both; controls are not ranked."
)


# The part of a number by which a GPU may differ from itself.
ALIKE = 1e-6


@dataclass(frozen=True)
class Standing:
    """One cell of the table.

    Attributes:
        mean: over the runs with a number; None if there is none.
        spread: sample standard deviation over these runs; None for fewer than two, and for a control without any.
        runs: that had a number.
        best: whether it is the best method by more than the spread.
        places: decimals that its column is written with.
    """

    mean: float | None
    spread: float | None
    runs: int
    best: bool = False
    places: int = 2

    def written(self) -> tuple[str, str]:
        """Return (mean, spread) as text; the spread may be empty.

        Example:
            >>> Standing(0.25, 0.0117, 3, places=3).written()
            ('0.250', '0.012')
        """
        return fixed(self.mean, self.places), "" if self.spread is None else fixed(self.spread, self.places)


def standing(values: Sequence[float]) -> Standing:
    """Return mean and spread of one value a run.

    Args:
        values: what is not finite is left out.

    Example:
        >>> standing([1.0, 3.0, float("nan")])
        Standing(mean=2.0, spread=1.4142135623730951, runs=2, best=False, places=2)
    """
    known = finite(values)
    if not known:
        return Standing(None, None, 0)
    return Standing(statistics.fmean(known), statistics.stdev(known) if len(known) > 1 else None, len(known))


def standings(column: Column, contenders: Sequence[Contender]) -> list[Standing]:
    """Return one cell a contender, of which at most one is the best method.

    Args:
        column: the metric.
        contenders: in the order of the table.

    Returns:
        Cells; a control whose runs are all alike has no spread, as it was measured once. None is best if there are
        fewer than two methods with a spread, if no way of the metric is better, or if the lead is within the larger of
        the two spreads.

    Example:
        >>> runs = {"a": [0.1, 0.2], "b": [0.8, 0.9]}
        >>> who = [Contender(name, "method", values={"kid": found}, runs=2) for name, found in runs.items()]
        >>> [cell.best for cell in standings(Column("kid", "KID", "lower"), who)]
        [True, False]
    """
    cells = [shown(one.kind, standing(one.values.get(column.key, []))) for one in contenders]
    # The methods set the scale, not a source that is ten times further away.
    places = decimals(_means("method", contenders, cells) or _means("control", contenders, cells))
    cells = [replace(cell, places=places) for cell in cells]
    sign = {"lower": 1.0, "higher": -1.0}.get(column.better)
    ranked = sorted(
        (sign * cell.mean, index)
        for index, (one, cell) in enumerate(zip(contenders, cells, strict=True))
        if sign and one.kind == "method" and cell.mean is not None
    )
    if len(ranked) < 2:
        return cells
    (first, best), (second, runner_up) = ranked[:2]
    spreads = [cells[index].spread for index in (best, runner_up)]
    # One run alone cannot tell a lead from luck.
    if all(spread is not None and second - first > spread for spread in spreads):
        cells[best] = replace(cells[best], best=True)
    return cells


def shown(kind: str, cell: Standing) -> Standing:
    """Return a cell as it is shown: without the spread 0 of a control, which is one number said several times.

    Example:
        >>> shown("control", standing([2.0, 2.0])).spread, shown("method", standing([2.0, 2.0])).spread
        (None, 0.0)
    """
    alike = cell.mean is not None and (cell.spread or 0.0) <= ALIKE * abs(cell.mean)
    return replace(cell, spread=None) if kind == "control" and alike else cell


def flags(contender: Contender) -> list[str]:
    """Return the warnings of a contender in one word each: what stands before the colon.

    Example:
        >>> flags(Contender("copies", "control", warnings=["copying: 9 of 10", "copying: 8 of 10", "odd"]))
        ['copying', 'warning']
    """
    heads = [words.partition(":") for words in contender.warnings]
    return list(dict.fromkeys(head if colon and len(head) <= 20 else "warning" for head, colon, _ in heads))


def warned(comparison: Comparison) -> list[tuple[str, str]]:
    """Return (name, warning) of all contenders, each warning once, methods first."""
    everyone = [*comparison.methods(), *comparison.controls()]
    return [(one.name, words) for one in everyone for words in dict.fromkeys(one.warnings)]


def heading(column: Column) -> str:
    """Return the title of a column with its arrow.

    Example:
        >>> heading(Column("kid", "KID", "lower")), heading(Column("c_t", "C_T", "neither"))
        ('KID\xa0↓', 'C_T')
    """
    # An arrow never begins a line of its own.
    return f"{column.title}\N{NO-BREAK SPACE}{ARROWS[column.better]}".strip()


def way(column: Column) -> str:
    """Return which way a column is better, without its arrow."""
    return direction(column.better).removeprefix(ARROWS[column.better]).strip()


def _means(kind: str, contenders: Sequence[Contender], cells: Sequence[Standing]) -> list[float]:
    """Return the means of those of one kind that have one."""
    pairs = zip(contenders, cells, strict=True)
    return [cell.mean for one, cell in pairs if one.kind == kind and cell.mean is not None]
