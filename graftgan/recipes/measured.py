"""The measured comparisons that advice rests on: `assets/advice/measured.json`, written by `tools/fit_advice.py`."""

import json
import math
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

from graftgan.errors import UserError

BASELINE = "finetune"
FORMAT = 1
MEASURED = Path(str(files("graftgan") / "assets" / "advice" / "measured.json"))
LEAST = 1e-3


@dataclass(frozen=True)
class Pair:
    """One source and one target domain on which methods were compared.

    Attributes:
        name: such as "anime to kaokore".
        shots: photos that each run was trained on.
        distance: KID of source samples against the photos, mean over the draws.
        kid: entrant ("freezed:frozen=3") -> KID of each run against the hold-out; None for a run that failed.
        resolution: side of the pictures in pixels.
        kimg: budget of each run.
        source: name of the source.
        seconds: entrant -> mean time of a run.
        chosen_kimg: entrant -> the moment of each run that its own watch chose.
        network: kind of the source, a name in `NETWORKS`; "" where it is not known.
        opinion: KID by another encoder: {"encoder": its name, "kid": as above}; empty where none was asked.
    """

    name: str
    shots: int
    distance: float
    kid: dict[str, list[float | None]]
    resolution: int = 0
    kimg: float = 0.0
    source: str = ""
    seconds: dict[str, float] = field(default_factory=dict)
    chosen_kimg: dict[str, list[float]] = field(default_factory=dict)
    network: str = ""
    opinion: dict[str, Any] = field(default_factory=dict)

    def mean(self, entrant: str) -> float:
        """Returns the mean KID of an entrant, at least 0.001 as it can be negative; infinite if a run failed."""
        values = [math.inf if value is None else value for value in self.kid[entrant]]
        return max(sum(values) / len(values), LEAST)

    def ratio(self, entrant: str) -> float:
        """Returns its KID over fine-tuning's; 1 for an entrant that was not measured here."""
        return self.mean(entrant) / self.mean(BASELINE) if entrant in self.kid else 1.0

    def opinion_of(self, entrant: str) -> float | None:
        """Returns its mean KID by the second opinion, at least 0.001; None where there is none."""
        values = self.opinion.get("kid", {}).get(entrant)
        return max(sum(values) / len(values), LEAST) if values else None


@dataclass(frozen=True)
class Measured:
    """The measured comparisons.

    Attributes:
        pairs: on which plain fine-tuning was measured.
        encoder: whose features the distances are of.
        protocol: how they were measured, in words.
    """

    pairs: tuple[Pair, ...] = ()
    encoder: str = ""
    protocol: str = ""


def read_measured(path: Path = MEASURED) -> Measured:
    """Returns the measured pairs of a file; none where there is no file.

    Raises:
        UserError: the file is damaged; names it.
    """
    try:
        found = json.loads(path.read_bytes())
        if found["format"] != FORMAT:
            raise ValueError(f"format {found['format']}")
        pairs = tuple(Pair(**pair) for pair in found["pairs"])
        usable = tuple(pair for pair in pairs if pair.kid.get(BASELINE) and math.isfinite(pair.mean(BASELINE)))
        return Measured(usable, str(found.get("encoder", "")), str(found.get("protocol", "")))
    except FileNotFoundError:
        return Measured()
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(f"{path} holds no measured comparisons: {error}") from error
