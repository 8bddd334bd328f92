"""What `advise` and `--method auto` recommend for one case, by the rule, and why in plain words."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from graftgan.recipes.advice_rule import Case, Rule, fit, is_known, ranked, taken
from graftgan.recipes.measured import BASELINE, LEAST, Measured, Pair


@dataclass(frozen=True)
class Choice:
    """What the rule recommends, and why.

    Attributes:
        method: a name in `METHODS`.
        settings: NAME=VALUE each.
        kimg: budget; None where nothing measured speaks for one.
        ratio: weighted mean of its KID over fine-tuning's on the measured pairs; None where nothing was measured.
        reasons: a sentence each.
        nearest: (name of a pair, weight), the heaviest first.
    """

    method: str = BASELINE
    settings: tuple[str, ...] = ()
    kimg: float | None = None
    ratio: float | None = None
    reasons: tuple[str, ...] = ()
    nearest: tuple[tuple[str, float], ...] = ()

    @property
    def entrant(self) -> str:
        """Method and settings as `compare` writes them."""
        return ":".join([self.method, *self.settings])


def advise_method(case: Case, measured: Measured, known: Callable[[str], bool] = is_known) -> Choice:
    """Returns the method that did best on the measured pairs most like the case.

    Args:
        case: the photos and the source at hand.
        measured: what is known.
        known: which entrants may be recommended.
    """
    pairs = measured.pairs
    if not pairs:
        return Choice(reasons=("Nothing was measured yet, so it is plain fine-tuning, that every comparison has.",))
    rule = fit(pairs, known)
    order = ranked(case, pairs, rule, known)
    weights = rule.weights(case, pairs)
    heavy = sorted(zip(pairs, weights, strict=True), key=lambda item: -item[1])
    entrant = taken(order, rule)
    method, *settings = entrant.split(":")
    kimg, budget = budget_of(entrant, heavy)
    reasons = [why_near(case, rule, heavy), why_this(entrant, order, rule), *beyond(case, rule, pairs), *budget]
    nearest = tuple((pair.name, round(weight, 4)) for pair, weight in heavy)
    return Choice(method, tuple(settings), kimg, dict(order)[entrant], tuple(reasons), nearest)


def why_near(case: Case, rule: Rule, heavy: Sequence[tuple[Pair, float]]) -> str:
    """Returns the sentence on which measured pairs have a say."""
    told = [
        f"{pair.name} ({pair.shots} photos, distance {pair.distance:.3g}, weight {weight * 100:.0f} %)"
        for pair, weight in heavy[:3]
    ]
    pairs = f"{len(heavy)} measured pair{'s' if len(heavy) > 1 else ''}"
    by = [
        "distance" if rule.distance is not None and case.distance is not None else "",
        "number of photos" if rule.shots is not None else "",
    ]
    if not any(by):
        return f"All {pairs} count alike: telling them apart by nearness advised no better. They are {listed(told)}."
    return f"Of {pairs} those nearest to yours by {listed([one for one in by if one])} are {listed(told)}."


def why_this(entrant: str, order: Sequence[tuple[str, float]], rule: Rule) -> str:
    """Returns the sentence on how the chosen one did there."""
    others = [(name, ratio) for name, ratio in order if name not in (BASELINE, entrant)]
    if entrant != BASELINE:
        second = f"; next is {others[0][0]}, {share_below(others[0][1])}" if others else ""
        return f"There the KID of {entrant} was {share_below(dict(order)[entrant])} fine-tuning's on average{second}."
    if not others:
        return "Nothing but plain fine-tuning was measured there."
    name, ratio = others[0]
    if ratio >= 1:
        return f"No method did better there than plain fine-tuning ({name}: KID {share_below(ratio)} on average)."
    wanted = f"{rule.margin:.0%} is asked for".replace("%", " %")
    return (
        f"There the best, {name}, was {share_below(ratio)} plain fine-tuning's KID: too little to count on ({wanted})."
    )


def share_below(ratio: float) -> str:
    """Returns a ratio in words.

    Example:
        >>> share_below(0.82), share_below(1.1), share_below(1)
        ('18 % below', '10 % above', '0 % above')
    """
    return f"{abs(1 - ratio) * 100:.0f} % {'below' if ratio < 1 else 'above'}"


def beyond(case: Case, rule: Rule, pairs: Sequence[Pair]) -> list[str]:
    """Returns the sentences on what the measured pairs cannot speak for."""
    found = []
    distances = [pair.distance for pair in pairs]
    if case.distance is not None and not min(distances) / 1.5 <= max(case.distance, LEAST) <= max(distances) * 1.5:
        span = f"{min(distances):.3g} to {max(distances):.3g}"
        found.append(
            f"Your distance of {case.distance:.3g} lies beyond the measured ones ({span}): take it as a guess."
        )
    if case.distance is None:
        found.append("The distance of your photos is not known in the features of the measured pairs: it had no say.")
    shots = sorted({pair.shots for pair in pairs})
    if not shots[0] <= case.shots <= shots[-1]:
        span = f"{shots[0]}" if len(shots) == 1 else f"{shots[0]} to {shots[-1]}"
        found.append(f"You have {case.shots} photos, the measured runs had {span}: nothing measured speaks for yours.")
    return found


def budget_of(entrant: str, heavy: Sequence[tuple[Pair, float]]) -> tuple[float | None, list[str]]:
    """Returns the budget that was enough on the measured pairs, in kimg, and its sentence.

    Formula: the latest moment that the watch of any run chose, over the pairs with at least half the weight of the
    heaviest, rounded up: too much costs time, too little costs the result.
    """
    known = [(pair, weight) for pair, weight in heavy if pair.chosen_kimg.get(entrant)]
    near = [pair for pair, weight in known if weight >= known[0][1] / 2]
    if not near:
        return None, []
    latest = max(max(pair.chosen_kimg[entrant]) for pair in near)
    kimg = float(max(1, math.ceil(latest - 1e-9)))
    given = max(pair.kimg for pair in near)
    said = f"Of {given:g} kimg the watch there took {entrant} at {latest:.3g} at the latest"
    return kimg, [f"{said}: more than {kimg:g} would have been for nothing." if kimg < given else f"{said}."]


def listed(names: Sequence[str]) -> str:
    """Returns names as a list in a sentence.

    Example:
        >>> listed(["a", "b", "c"])
        'a, b and c'
    """
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else "".join(names)


def to_json(choice: Choice) -> dict[str, Any]:
    """Returns a choice as JSON values."""
    return {
        "method": choice.method,
        "method_options": list(choice.settings),
        "kimg": choice.kimg,
        "kid_over_finetune": choice.ratio,
        "reasons": list(choice.reasons),
        "nearest": [list(one) for one in choice.nearest],
    }
