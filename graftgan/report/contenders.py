"""What a comparison says: who took part, what was measured, on which photos, before it becomes a page."""

from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from graftgan.report.words import Better


@dataclass(frozen=True, eq=False)
class Contender:
    """One method, or one control that the methods are read against.

    Attributes:
        name: such as "freezed", or "copies".
        kind: "method", or "control"; only methods are ranked.
        samples: uint8 (n, H, W, 3 or 1) of the comparison's seeds, by the run of the first draw and the first seed;
            None where there are none.
        values: metric key -> one value a run, in the order of the runs; NaN for a run without the number.
        runs: how many there were.
        warnings: sentences such as "copying: ..."; what stands before the colon is shown beside the name.
        seconds: that one run took, on average.

    Raises:
        ValueError: a metric has not one value a run.
    """

    name: str
    kind: Literal["method", "control"]
    samples: np.ndarray | None = None
    values: dict[str, list[float]] = field(default_factory=dict)
    runs: int = 0
    warnings: list[str] = field(default_factory=list)
    seconds: float | None = None

    def __post_init__(self) -> None:
        """Refuse values that do not belong to runs."""
        for key, values in self.values.items():
            if values and len(values) != self.runs:
                raise ValueError(f"{self.name}: {self.runs} runs, but {len(values)} values of {key}")


@dataclass(frozen=True)
class Column:
    """One metric of the comparison.

    Attributes:
        key: under which contenders hold it.
        title: such as "KID".
        better: which way it is better.
        about: one plain sentence: what it says.
        protocol: how it was measured.
        group: heading it stands under; columns without one come first.
    """

    key: str
    title: str
    better: Better = "lower"
    about: str = ""
    protocol: str = ""
    group: str = ""


@dataclass(frozen=True, eq=False)
class Draw:
    """The photos of one draw.

    Attributes:
        number: from 1.
        names: of its files, all of them.
        photos: uint8 (n, H, W, 3 or 1), the first of them or all, in the order of `names`.

    Raises:
        ValueError: there are more photos than names.
    """

    number: int
    names: list[str]
    photos: np.ndarray

    def __post_init__(self) -> None:
        """Refuse photos without a name."""
        if len(self.photos) > len(self.names):
            raise ValueError(f"draw {self.number}: {len(self.photos)} photos, but {len(self.names)} names")


@dataclass(frozen=True, eq=False)
class Comparison:
    """All that the page shows. What is empty is left out.

    Attributes:
        title: heading of the page.
        source_name: what every method started from.
        seeds: of the contenders' samples.
        contenders: methods and controls, in the order of the table; methods are shown first.
        columns: metrics; shown under the headings of `metric_table.GROUPS`.
        draws: in their order; photos of the first stand above the samples.
        quality: key of the chart's upright axis.
        diversity: key of the chart's level axis.
        missing: sentences that say which numbers are missing, and why.
        facts: (name, value): budget, time, versions, hashes.
        command: that repeats the comparison.
        notes: sentences to be read with the table.
        measured: one sentence above the table: whose features the numbers compare.

    Raises:
        ValueError: a contender has more samples than there are seeds.
    """

    title: str
    source_name: str
    seeds: list[int]
    contenders: list[Contender]
    columns: list[Column]
    draws: list[Draw] = field(default_factory=list)
    quality: str = "kid"
    diversity: str = "recall"
    missing: list[str] = field(default_factory=list)
    facts: list[tuple[str, str]] = field(default_factory=list)
    command: str = ""
    notes: list[str] = field(default_factory=list)
    measured: str = ""

    def __post_init__(self) -> None:
        """Refuse samples without a seed."""
        for one in self.contenders:
            if one.samples is not None and len(one.samples) > len(self.seeds):
                raise ValueError(f"{one.name}: {len(one.samples)} samples, but {len(self.seeds)} seeds")

    def methods(self) -> list[Contender]:
        """Return those that are ranked."""
        return [one for one in self.contenders if one.kind == "method"]

    def controls(self) -> list[Contender]:
        """Return those that the methods are read against."""
        return [one for one in self.contenders if one.kind != "method"]
