"""What is recommended, and the words that say why."""

import json
from typing import Any

import pytest

from graftgan.methods import METHODS
from graftgan.recipes.advice import advise_method, to_json
from graftgan.recipes.advice_rule import Case, leave_one_pair_out
from graftgan.recipes.measured import Measured, Pair, read_measured


def pair(name: str, distance: float, shots: int = 10, **kid: Any) -> Pair:
    return Pair(name, shots, distance, {"finetune": [0.2, 0.2], **kid})


# Four pairs in two clusters far apart: freezed is best in one, modulate in the other; alike weights cannot tell.
CLUSTERS = [
    pair("a", 0.01, freezed=[0.1, 0.1], modulate=[0.4, 0.4]),
    pair("b", 0.011, freezed=[0.1, 0.1], modulate=[0.4, 0.4]),
    pair("c", 10.0, freezed=[0.6, 0.6], modulate=[0.1, 0.1]),
    pair("d", 11.0, freezed=[0.6, 0.6], modulate=[0.1, 0.1]),
]


def test_it_says_why_in_plain_words() -> None:
    choice = advise_method(Case(10, 0.012), Measured(tuple(CLUSTERS)))
    assert (choice.method, choice.settings) == ("freezed", ())
    first, second = choice.reasons[:2]
    assert first.startswith("Of 4 measured pairs those nearest to yours by distance are b (10 photos, distance 0.011")
    assert second.startswith("There the KID of freezed was ") and "below fine-tuning's" in second
    assert choice.nearest[0][0] == "b" and sum(weight for _, weight in choice.nearest) == pytest.approx(1, abs=1e-3)
    assert json.loads(json.dumps(to_json(choice)))["method"] == "freezed"


def test_it_says_what_it_cannot_know() -> None:
    told = " ".join(advise_method(Case(3, 90.0), Measured(tuple(CLUSTERS))).reasons)
    assert "Your distance of 90 lies beyond the measured ones (0.01 to 11): take it as a guess." in told
    assert "You have 3 photos, the measured runs had 10" in told
    assert "it had no say" in " ".join(advise_method(Case(10, None), Measured(tuple(CLUSTERS))).reasons)


def test_the_budget_is_what_the_watch_used_there() -> None:
    said = {"freezed": [1.0, 3.2]}
    table = Pair("p", 10, 0.1, {"finetune": [0.2], "freezed": [0.1]}, kimg=10.0, chosen_kimg=said)
    choice = advise_method(Case(10, 0.1), Measured((table,)))
    assert choice.kimg == 4 and "more than 4 would have been for nothing" in choice.reasons[-1]
    assert advise_method(Case(10, 0.1), Measured((pair("p", 0.1, freezed=[0.1]),))).kimg is None


@pytest.mark.parametrize("measured", [Measured(), Measured((pair("p", 0.1),))])
def test_with_nothing_to_go_by_it_is_fine_tuning(measured: Measured) -> None:
    choice = advise_method(Case(1, None), measured)
    assert choice.entrant == "finetune" and choice.reasons
    assert ("Nothing was measured" in choice.reasons[0]) == (not measured.pairs)


def test_a_small_lead_is_said_to_be_too_small() -> None:
    told = advise_method(Case(10, 0.1), Measured((pair("p", 0.1, freezed=[0.19]),))).reasons[1]
    assert (
        told
        == "There the best, freezed, was 5 % below plain fine-tuning's KID: too little to count on (10 % is asked for)."
    )


def test_what_the_package_carries_can_be_used() -> None:
    measured = read_measured()
    assert measured.pairs and measured.encoder and measured.protocol
    rows = leave_one_pair_out(measured.pairs)
    assert all(row.regret >= 0 for row in rows)
    assert advise_method(Case(10, 0.2), measured).method in METHODS
