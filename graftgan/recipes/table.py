"""The table of an evaluation: every number with its protocol, by encoder; as JSON and as text."""

from dataclasses import dataclass, field
from typing import Any

from graftgan.metrics import METRICS, Measure
from graftgan.recipes.judge import Verdict


@dataclass(frozen=True)
class Table:
    """What was measured, by encoder.

    Attributes:
        subject: what was judged, in words.
        reference: what it was judged against, in words.
        verdicts: encoder -> numbers of the subject.
        floors: encoder -> one half of the reference against the other; None where it is too small.
        warnings: one plain line each.
        facts: JSON values that the numbers depend on.
    """

    subject: str
    reference: str
    verdicts: dict[str, Verdict]
    floors: dict[str, Verdict | None]
    warnings: list[str] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def missing(self) -> list[str]:
        """Sentences on which numbers are missing, each once."""
        return list(dict.fromkeys(words for verdict in self.verdicts.values() for words in verdict.missing))

    def measures(self) -> dict[str, tuple[Any, Any]]:
        """Returns (measure, floor or None) by metric; those of a second encoder as `kid:inception`."""
        found = {}
        for at, (encoder, verdict) in enumerate(self.verdicts.items()):
            floor = self.floors[encoder]
            for name, measure in verdict.measures.items():
                below = None if floor is None else floor.measures.get(name)
                found[name if at == 0 else f"{name}:{encoder}"] = (measure, below)
        return found

    def to_json(self) -> dict[str, Any]:
        """Returns the table as JSON values: `metrics` and `floor` hold value, error and protocol by metric."""
        names = list(self.verdicts)
        metrics: dict[str, Any] = {}
        floor: dict[str, Any] = {}
        for at, name in enumerate(names):
            end = "" if at == 0 else f":{name}"
            metrics |= {key + end: value for key, value in self.verdicts[name].to_json().items()}
            below = self.floors[name]
            floor |= {} if below is None else {key + end: value for key, value in below.to_json().items()}
        return {
            "subject": self.subject,
            "reference": self.reference,
            "metrics": metrics,
            "floor": floor,
            "missing": self.missing,
            "warnings": self.warnings,
            **self.facts,
        }


def lines(table: Table) -> list[str]:
    """Returns the table as text; what the protocols of all rows share is said once, below."""
    found = table.measures()
    common = shared([measure for measure, _ in found.values()])
    rows = [("metric", "value", "floor", "better", "protocol")]
    for key, (measure, floor) in found.items():
        value = f"{measure.value:.4g}" + ("" if measure.error is None else f" ± {measure.error:.2g}")
        below = "–" if floor is None else f"{floor.value:.4g}"
        better = METRICS[key.partition(":")[0]].better.replace("neither", "–")
        own = {name: told for name, told in measure.protocol.items() if name not in common}
        note = f"; {own['warning']}" if "warning" in own else ""
        rows.append((key, value, below, better, Measure(0.0, None, own).how() + note))
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    text = ["  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[4]]) for row in rows]
    below = "; floor: one half of these against the other" if any(floor for _, floor in found.values()) else ""
    head = f"{table.subject}, against {table.reference}{below}"
    everywhere = [f"every row: {Measure(0.0, None, common).how()}"] if common else []
    return [head, *text, *everywhere, *(f"warning: {line}" for line in table.warnings), *table.missing]


def shared(measures: list[Measure]) -> dict[str, Any]:
    """Returns the part of the protocol that all measures have alike; those made with another network do not count."""
    seen = [measure.protocol for measure in measures if "net" not in measure.protocol]
    first = seen[0] if len(seen) > 1 else {}
    return {name: told for name, told in first.items() if all(name in other and other[name] == told for other in seen)}
