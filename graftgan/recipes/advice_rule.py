"""The rule of advice: the method that was best on the measured pairs most like the case; fitted, and left to be tested.

Nothing in it is opinion: widths and margin are those with the least regret on the measured pairs, each left out in
turn.
"""

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from graftgan.errors import UserError
from graftgan.methods import METHODS
from graftgan.recipes.measured import BASELINE, LEAST, Pair
from graftgan.recipes.options import method_from
from graftgan.recipes.pair import unfit
from graftgan.zoo.model_folder import Model

WIDTHS: tuple[float | None, ...] = (None, 2.0, 1.0, 0.5, 0.25)
MARGINS = (0.2, 0.1, 0.05, 0.02, 0.0)


@dataclass(frozen=True)
class Case:
    """What the rule knows of the case at hand.

    Attributes:
        shots: photos.
        distance: as of a `Pair`; None where it is not known, and has no say.
        resolution: side of the source's pictures in pixels; 0 where it is not known.
        network: kind of the source; "" where it is not known.
    """

    shots: int
    distance: float | None
    resolution: int = 0
    network: str = ""


@dataclass(frozen=True)
class Rule:
    """How fast a measured pair loses weight as it is less like the case: widths of Gaussians in natural logarithms.

    Attributes:
        distance: width in log distance; None: distance has no say.
        shots: width in log number of photos; None: it has no say.
        margin: share of fine-tuning's KID that another method has to be below it, as the best of many noisy means is
            lucky.
    """

    distance: float | None = None
    shots: float | None = None
    margin: float = 0.1

    def weights(self, case: Case, pairs: Sequence[Pair]) -> list[float]:
        """Returns the weight of each pair; they sum to 1.

        Example:
            >>> pairs = [Pair("a", 10, 0.1, {}), Pair("b", 10, 0.1 * math.e, {})]
            >>> [round(weight, 3) for weight in Rule(distance=1.0).weights(Case(5, 0.1), pairs)]
            [0.622, 0.378]
        """
        exponents = []
        for pair in pairs:
            off = 0.0
            if self.distance is not None and case.distance is not None:
                off += (math.log(max(case.distance, LEAST) / max(pair.distance, LEAST)) / self.distance) ** 2
            if self.shots is not None:
                off += (math.log(case.shots / pair.shots) / self.shots) ** 2
            exponents.append(-off / 2)
        top = max(exponents, default=0.0)  # the nearest pair keeps its weight however far it is
        raw = [math.exp(exponent - top) for exponent in exponents]
        return [one / sum(raw) for one in raw]


@dataclass(frozen=True)
class Row:
    """How the rule did on a pair that it did not know.

    Attributes:
        pair: left out.
        chosen: by a rule that was fitted on the others.
        kid: its KID.
        best: the entrant with the lowest KID.
        best_kid: that.
        baseline_kid: fine-tuning's.
    """

    pair: Pair
    chosen: str
    kid: float
    best: str
    best_kid: float
    baseline_kid: float

    @property
    def regret(self) -> float:
        """KID lost against the best."""
        return self.kid - self.best_kid


def is_known(entrant: str) -> bool:
    """Returns whether an entrant is a method of this version with settings that it takes."""
    method, *settings = entrant.split(":")
    try:
        return method in METHODS and bool(method_from(method, tuple(settings)))
    except UserError:
        return False


def usable_with(model: Model) -> Callable[[str], bool]:
    """Returns which entrants may be recommended for a source: those that can start from its D, or do without one."""

    def usable(entrant: str) -> bool:
        method, *settings = entrant.split(":")
        return is_known(entrant) and not unfit(method_from(method, tuple(settings)), model)

    return usable


def ranked(
    case: Case, pairs: Sequence[Pair], rule: Rule, known: Callable[[str], bool] = is_known
) -> list[tuple[str, float]]:
    """Returns (entrant, weighted mean of its KID over fine-tuning's), the best first; fine-tuning wins ties.

    An entrant that was not measured on a pair counts as fine-tuning there; one with a failed run is not ranked.
    """
    weights = rule.weights(case, pairs)
    names = dict.fromkeys([BASELINE, *(name for pair in pairs for name in pair.kid)])
    scores = {
        name: sum(weight * pair.ratio(name) for weight, pair in zip(weights, pairs, strict=True))
        for name in names
        if known(name) and all(math.isfinite(pair.ratio(name)) for pair in pairs)
    }
    return sorted(scores.items(), key=lambda item: item[1])


def taken(order: Sequence[tuple[str, float]], rule: Rule) -> str:
    """Returns the best entrant, or fine-tuning where that is not ahead by the rule's margin."""
    return order[0][0] if order and order[0][1] <= 1 - rule.margin else BASELINE


def left_out(at: int, pairs: Sequence[Pair], rule: Rule | None, known: Callable[[str], bool] = is_known) -> Row:
    """Returns how a rule does on one pair that it does not know; None: one that is fitted on the others."""
    pair, others = pairs[at], [*pairs[:at], *pairs[at + 1 :]]
    here = {name: pair.mean(name) for name in pair.kid if known(name)}
    rule = fit(others, known) if rule is None else rule
    order = ranked(Case(pair.shots, pair.distance), others, rule, lambda name: name in here and known(name))
    chosen = taken(order, rule)
    best = min(here, key=lambda name: here[name])
    return Row(pair, chosen, here[chosen], best, here[best], here[BASELINE])


def leave_one_pair_out(pairs: Sequence[Pair], known: Callable[[str], bool] = is_known) -> list[Row]:
    """Returns how the rule does on each pair when widths and margin, too, are fitted on the others alone."""
    return [left_out(at, pairs, None, known) for at in range(len(pairs))]


def fit(pairs: Sequence[Pair], known: Callable[[str], bool] = is_known) -> Rule:
    """Returns the widths and margin with the least mean regret, as a share of the best KID, each pair left out in turn.

    Of equals it takes the widest, and then the most cautious; with fewer than three pairs nothing is fitted.
    """
    if len(pairs) < 3:
        return Rule()
    by_shots = WIDTHS if len({pair.shots for pair in pairs}) > 1 else (None,)
    best, least = Rule(), math.inf
    for distance, shots, margin in itertools.product(WIDTHS, by_shots, MARGINS):
        rule = Rule(distance, shots, margin)
        rows = [left_out(at, pairs, rule, known) for at in range(len(pairs))]
        lost = sum(row.regret / row.best_kid for row in rows) / len(rows)
        if lost < least - 1e-9:
            best, least = rule, lost
    return best
