"""What is recommended, and the words that say why."""

import importlib.util
import json
from pathlib import Path
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
    near = "Of 4 measured pairs those nearest to yours by distance in the source's own size are b (10 photos, distance"
    assert first.startswith(f"{near} 0.011")
    assert second.startswith("There the KID of freezed was ") and "below fine-tuning's" in second
    assert choice.nearest[0][0] == "b" and sum(weight for _, weight in choice.nearest) == pytest.approx(1, abs=1e-3)
    assert json.loads(json.dumps(to_json(choice)))["method"] == "freezed"


def test_it_says_what_it_cannot_know() -> None:
    told = " ".join(advise_method(Case(3, 90.0), Measured(tuple(CLUSTERS))).reasons)
    assert (
        "Your distance of 90 in the source's own size lies beyond the measured ones (0.01 to 11): take it as a guess."
        in told
    )
    assert "You have 3 photos, the measured runs had 10" in told
    assert "it had no say" in " ".join(advise_method(Case(10, None), Measured(tuple(CLUSTERS))).reasons)


def test_the_budget_is_what_the_watch_used_there() -> None:
    said = {"freezed": [1.0, 3.2]}
    table = Pair("p", 10, 0.1, {"finetune": [0.2], "freezed": [0.1]}, kimg=10.0, chosen_kimg=said)
    choice = advise_method(Case(10, 0.1), Measured((table,)))
    assert choice.kimg == 4 and "more than 4 was not taken." in choice.reasons[-1]
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


def test_what_the_source_bars_is_not_called_unmeasured() -> None:
    table = Measured((pair("p", 0.1, freezed=[0.1]),))
    told = advise_method(Case(10, 0.1), table, lambda name: name == "finetune").reasons[1]
    assert told == "Of what was measured there only fine-tuning can be used with this source."
    table = Measured((pair("p", 0.1, freezed=[0.1], modulate=[0.3]),))
    told = advise_method(Case(10, 0.1), table, lambda name: name != "freezed").reasons[1]
    assert told.startswith("No method that can be used with this source did better there")


def test_more_than_three_pairs_are_not_all_named() -> None:
    alike = [pair(name, 0.1, freezed=[0.1]) for name in "abcd"]
    assert "Among them are" in advise_method(Case(10, 0.1), Measured(tuple(alike))).reasons[0]
    assert "They are" in advise_method(Case(10, 0.1), Measured(tuple(alike[:3]))).reasons[0]
    assert "(1 photo, " in advise_method(Case(1, 0.1), Measured((pair("p", 0.1, shots=1),))).reasons[0]


def test_a_source_of_another_size_and_kind_is_said() -> None:
    table = Pair("p", 10, 0.1, {"finetune": [0.2], "freezed": [0.1]}, 32, 4.0, network="dcgan")
    table.chosen_kimg["freezed"] = [3.0]
    told = " ".join(advise_method(Case(10, 0.1, 256, "stylegan2"), Measured((table,))).reasons)
    assert "source draws 256 px, the measured ones 32; it is of the kind stylegan2, the measured ones dcgan" in told
    assert "That was at 32 px, your source draws 256." in told
    for case in (Case(10, 0.1, 32, "dcgan"), Case(10, 0.1)):
        assert "Your source" not in " ".join(advise_method(case, Measured((table,))).reasons)


def test_a_home_advantage_and_a_high_cost_are_said() -> None:
    table = pair("p", 0.1, projected=[0.05])
    table.seconds.update(finetune=10.0, projected=32.0)
    told = " ".join(advise_method(Case(10, 0.1), Measured((table,), "efficientnet-lite0")).reasons)
    assert "no other encoder was asked" in told and "about 3.2 times the time of fine-tuning" in told
    table.opinion.update(encoder="inception", kid={"finetune": [0.1, 0.3], "projected": [0.2, 0.3]})
    told = " ".join(advise_method(Case(10, 0.1), Measured((table,), "efficientnet-lite0")).reasons)
    assert "by inception its KID is 25 % above fine-tuning's (1 pair)" in told
    assert "flattered" not in " ".join(advise_method(Case(10, 0.1), Measured((table,), "inception")).reasons)


def test_the_second_opinion_is_read_and_shown(tmp_path: Path) -> None:
    path = Path(__file__).parents[2] / "tools" / "fit_advice.py"
    spec = importlib.util.spec_from_file_location("fit_advice", path)
    assert spec and spec.loader
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    assert tool.opinion_in(tmp_path) == {}
    card = {"kid": {"value": 0.25, "error": 0.01, "protocol": {"encoder": "inception"}}}
    names = ("floor", "source", "finetune-d1-s0", "finetune-d2-s0", "projected-d1-s0", "projected-d2-s0", "bsa-d1-s0")
    (tmp_path / "second-opinion.json").write_text(json.dumps(dict.fromkeys(names, card)))
    opinion = tool.opinion_in(tmp_path)
    assert opinion == {"encoder": "inception", "kid": {"finetune": [0.25, 0.25], "projected": [0.25, 0.25]}}
    pairs = [pair(name, 0.1, projected=[0.05]) for name in "abcd"]
    assert "second opinion" not in tool.page(pairs)
    pairs[0].opinion.update(opinion)
    assert "| a | projected | efficientnet-lite0 | inception | 0.2500 | 0.2500 | 1.00 |" in tool.page(pairs)
