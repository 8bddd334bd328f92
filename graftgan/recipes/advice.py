"""What `advise` and `--method auto` recommend for one case, by the rule, and why in plain words."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from graftgan.methods import METHODS
from graftgan.recipes.advice_rule import Case, Rule, fit, is_known, ranked, taken
from graftgan.recipes.measured import BASELINE, LEAST, Measured, Pair
from graftgan.report.words import count

COSTLY = 1.5
OWN = "in the source's own size"


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
    kimg, budget = budget_of(case, entrant, heavy)
    reasons = [
        why_near(case, rule, heavy),
        why_this(entrant, order, rule, left_aside(pairs, known)),
        *at_home(entrant, measured),
        *costs(entrant, pairs),
        *beyond(case, pairs),
        *budget,
    ]
    nearest = tuple((pair.name, round(weight, 4)) for pair, weight in heavy)
    return Choice(method, tuple(settings), kimg, dict(order)[entrant], tuple(reasons), nearest)


def why_near(case: Case, rule: Rule, heavy: Sequence[tuple[Pair, float]]) -> str:
    """Returns the sentence on which measured pairs have a say."""
    told = [
        f"{pair.name} ({count(pair.shots, 'photo')}, distance {pair.distance:.3g}, weight {weight * 100:.0f} %)"
        for pair, weight in heavy[:3]
    ]
    if len(heavy) == 1:
        return f"One pair was measured, with its distance {OWN}: {told[0]}."
    by = [
        f"distance {OWN}" if rule.distance is not None and case.distance is not None else "",
        "number of photos" if rule.shots is not None else "",
    ]
    if any(by):
        nearest = listed([one for one in by if one])
        return f"Of {len(heavy)} measured pairs those nearest to yours by {nearest} are {listed(told)}."
    if len(heavy) < 3:
        why = "two are too few to fit how nearness should count"
    elif rule.distance is not None:
        why = "only distance tells them apart, and yours is not known"
    else:
        why = "telling them apart by nearness advised no better"
    who = "They are" if len(heavy) <= 3 else "Among them are"
    return f"All {len(heavy)} measured pairs count alike: {why}. {who}, with distances {OWN}, {listed(told)}."


def left_aside(pairs: Sequence[Pair], known: Callable[[str], bool]) -> str:
    """Returns why measured entrants have no say, in words: "" where all have; the source's bar goes before others."""
    names = {name for pair in pairs for name in pair.kid}
    if any(is_known(name) and not known(name) for name in names):
        return "can be used with this source"
    usable = all(known(name) and all(math.isfinite(pair.ratio(name)) for pair in pairs) for name in names)
    return "" if usable else "this version knows and no run of which failed"


def why_this(entrant: str, order: Sequence[tuple[str, float]], rule: Rule, aside: str = "") -> str:
    """Returns the sentence on how the chosen one did there.

    Args:
        entrant: chosen.
        order: of all that could be chosen.
        rule: that chose.
        aside: what those in the order have ahead of other measured ones, in words; "" where all are in it.
    """
    others = [(name, ratio) for name, ratio in order if name not in (BASELINE, entrant)]
    if entrant != BASELINE:
        second = f"; next is {others[0][0]}, {share_below(others[0][1])}" if others else ""
        return f"There the KID of {entrant} was {share_below(dict(order)[entrant])} fine-tuning's on average{second}."
    if not others and aside.startswith("can"):
        return "Of what was measured there only fine-tuning can be used with this source."
    if not others:
        which = f" that {aside}" if aside else ""
        return f"Nothing but plain fine-tuning was measured there{which}."
    name, ratio = others[0]
    which = f" that {aside}" if aside else ""
    if ratio >= 1:
        told = f"({name}: KID {share_below(ratio)} on average)"
        return f"No method{which} did better there than plain fine-tuning {told}."
    wanted = f"{rule.margin:.0%} is asked for".replace("%", " %")
    best = f"the best method{which}, {name}," if which else f"the best, {name},"
    return f"There {best} was {share_below(ratio)} plain fine-tuning's KID: too little to count on ({wanted})."


def at_home(entrant: str, measured: Measured) -> list[str]:
    """Returns the sentence on a method that trains against the features that measured it, with the second opinion."""
    if METHODS[entrant.split(":")[0]].sees != measured.encoder:
        return []
    asked = []
    for pair in measured.pairs:
        own, base = pair.opinion_of(entrant), pair.opinion_of(BASELINE)
        if own is not None and base is not None:
            asked.append((pair.opinion.get("encoder", "another encoder"), own / base))
    home = f"{entrant} trains against the features of {measured.encoder}, which also measured it: its lead is flattered"
    if not asked:
        return [f"{home}, and no other encoder was asked."]
    encoders = listed(list(dict.fromkeys(encoder for encoder, _ in asked)))
    there = share_below(sum(ratio for _, ratio in asked) / len(asked))
    return [f"{home}; by {encoders} its KID is {there} fine-tuning's ({count(len(asked), 'pair')})."]


def costs(entrant: str, pairs: Sequence[Pair]) -> list[str]:
    """Returns the sentence on what a costly method costs: mean over pairs of its time over fine-tuning's."""
    both = [pair.seconds for pair in pairs if pair.seconds.get(BASELINE) and pair.seconds.get(entrant)]
    times = sum(seconds[entrant] / seconds[BASELINE] for seconds in both) / len(both) if both else 0.0
    return [f"A run of {entrant} takes about {times:.2g} times the time of fine-tuning."] if times > COSTLY else []


def share_below(ratio: float) -> str:
    """Returns a ratio in words.

    Example:
        >>> share_below(0.82), share_below(1.1), share_below(1)
        ('18 % below', '10 % above', '0 % above')
    """
    return f"{abs(1 - ratio) * 100:.0f} % {'below' if ratio < 1 else 'above'}"


def beyond(case: Case, pairs: Sequence[Pair]) -> list[str]:
    """Returns the sentences on what the measured pairs cannot speak for."""
    found = []
    distances = [pair.distance for pair in pairs]
    if case.distance is not None and not min(distances) / 1.5 <= max(case.distance, LEAST) <= max(distances) * 1.5:
        span = f"{min(distances):.3g} to {max(distances):.3g}"
        told = f"Your distance of {case.distance:.3g} {OWN} lies beyond the measured ones ({span})"
        found.append(f"{told}: take it as a guess.")
    if case.distance is None:
        found.append("The distance of your photos is not known in the features of the measured pairs: it had no say.")
    shots = sorted({pair.shots for pair in pairs})
    if not shots[0] <= case.shots <= shots[-1]:
        had = f"You have {count(case.shots, 'photo')}, the measured runs had {span_of(shots)}"
        found.append(f"{had}: nothing measured speaks for yours.")
    return [*found, *unlike(case, pairs)]


def unlike(case: Case, pairs: Sequence[Pair]) -> list[str]:
    """Returns the sentence on a source of another size or kind than any that was measured."""
    sides = sorted({pair.resolution for pair in pairs if pair.resolution})
    kinds = sorted({pair.network for pair in pairs if pair.network})
    told = []
    if case.resolution and sides and not sides[0] <= case.resolution <= sides[-1]:
        told.append(f"draws {case.resolution} px, the measured ones {span_of(sides)}")
    if case.network and kinds and case.network not in kinds:
        told.append(f"is of the kind {case.network}, the measured ones {listed(kinds)}")
    return [f"Your source {'; it '.join(told)}: nothing measured speaks for such a source."] if told else []


def span_of(amounts: Sequence[int]) -> str:
    """Returns the span of sorted amounts.

    Example:
        >>> span_of([10]), span_of([5, 10, 50])
        ('10', '5 to 50')
    """
    return f"{amounts[0]}" if len(amounts) == 1 else f"{amounts[0]} to {amounts[-1]}"


def budget_of(case: Case, entrant: str, heavy: Sequence[tuple[Pair, float]]) -> tuple[float | None, list[str]]:
    """Returns the budget that was enough on the measured pairs, in kimg, and its sentence.

    Formula: the latest moment that the watch of any run chose, over the pairs with at least half the weight of the
    heaviest, rounded up: too much costs time, too little costs the result. Where no watch chose, there is none.
    """
    known = [(pair, weight) for pair, weight in heavy if pair.chosen_kimg.get(entrant)]
    near = [pair for pair, weight in known if weight >= known[0][1] / 2]
    if not near:
        return None, []
    latest = max(max(pair.chosen_kimg[entrant]) for pair in near)
    kimg = float(max(1, math.ceil(latest - 1e-9)))
    given = max(pair.kimg for pair in near)
    said = f"Of {given:g} kimg the watch there took {entrant} at {latest:.3g} at the latest"
    said += f": more than {kimg:g} was not taken." if kimg < given else "."
    sides = sorted({pair.resolution for pair in near if pair.resolution})
    if case.resolution and sides and sides != [case.resolution]:
        said += f" That was at {listed([str(side) for side in sides])} px, your source draws {case.resolution}."
    return kimg, [said]


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
