"""What a comparison says of its verdicts: means, spreads, missing numbers, controls that do not behave."""

import json
import math
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from graftgan.errors import UserError
from graftgan.recipes.compare_page import Scores, columns, lines, missing_of, notes_of, read_scores, whose_features
from graftgan.recipes.contest import Contest, Entrant


def card(kid: float | None = None, **changes: Any) -> dict[str, Any]:
    measures = {} if kid is None else {"kid": {"value": kid, "error": 0.1, "protocol": {"real": 9, "threshold": kid}}}
    return {"draw": 1, "seed": 0, "measures": measures, "missing": [], "warnings": [], **changes}


def everyone(**cards: list[dict[str, Any]]) -> list[Scores]:
    usual = {"source": [card(0.5)], "finetune": [card(0.3)], "copies": [card(0.4, warnings=["copying: all"])]}
    return [Scores(name, "control", found) for name, found in {**usual, "floor": [card(0.0)], **cards}.items()]


def contest(draws: int = 1, overlap: bool = False) -> Contest:
    options = SimpleNamespace(seeds=1)
    found = SimpleNamespace(
        draws=[[0] * 10] * draws, options=options, holdout=[0] * 9, held_from="rest", overlap=overlap
    )
    return cast(Contest, found)


def test_mean_spread_and_every_value() -> None:
    found = Scores("m", "method", [card(1.0), card(None, failed="NaN", seed=1), card(3.0, seed=2)]).to_json()
    kid = found["metrics"]["kid"]
    assert (kid["value"], kid["spread"], kid["values"]) == (2.0, pytest.approx(math.sqrt(2)), [1.0, None, 3.0])
    assert kid["errors"] == [0.1, None, 0.1] and kid["protocol"] == {"real": 9}
    assert [run["failed"] for run in found["runs"]] == [None, "NaN", None]
    json.dumps(found, allow_nan=False)


def test_a_missing_number_is_said_once_with_all_whom_it_is_about() -> None:
    scores = everyone(
        source=[card(missing=["FID of source is missing: too few", "no LPIPS"])] * 2,
        finetune=[card(missing=["FID of finetune is missing: too few", "no LPIPS"], failed="step 3")],
        copies=[card(missing=["no LPIPS"])],
        floor=[card(missing=["no LPIPS"])],
    )
    assert missing_of(scores) == [
        "finetune, draw 1, seed 0: failed: step 3.",
        "FID is missing: too few (of source, finetune)",
        "no LPIPS",
    ]


def test_controls_that_do_not_behave_are_named() -> None:
    assert not any("does not behave" in note for note in notes_of(contest(), everyone()))
    silent = everyone(copies=[card(0.4, warnings=["copying: all"]), card(0.4, draw=2)])
    assert any("no warning of copying in draw 2" in note for note in notes_of(contest(2), silent))
    unseen = everyone(copies=[card(copies={"value": 0.0, "error": None, "protocol": {"encoder": "pixels"}})])
    assert not any("does not behave" in note for note in notes_of(contest(), unseen)), "nobody who could have warned"
    lucky = notes_of(contest(), everyone(finetune=[card(-0.2)]))
    assert any("the KID of finetune (-0.2) is below that of one half of the hold-out" in note for note in lucky)
    assert "some of them in several draws" in notes_of(contest(2, overlap=True), everyone())[0]


def diverse(value: float, **changes: Any) -> dict[str, Any]:
    protocol = {"net": "lpips-alex", "warning": "not the published protocol"}
    return card(**changes) | {"measures": {"intra_lpips": {"value": value, "error": None, "protocol": protocol}}}


def test_copies_that_are_more_diverse_than_a_method_are_no_merit() -> None:
    def noted(copies: float) -> list[str]:
        found = [Scores("a", "method", [diverse(0.2), diverse(0.3)]), Scores("b", "method", [diverse(0.5)])]
        scores = [*found, Scores("copies", "control", [diverse(copies)]), Scores("floor", "control", [diverse(0.1)])]
        return [note for note in notes_of(contest(), scores) if "intra-cluster LPIPS" in note]

    (note,) = noted(0.4)
    assert note.startswith("Copies of the photos have a higher intra-cluster LPIPS (0.4) than a: mirroring")
    assert noted(0.2) == []


def test_a_protocol_that_is_not_the_published_one_says_so_in_its_column() -> None:
    (column,) = columns({"contenders": {"a": Scores("a", "method", [diverse(0.2)]).to_json()}})
    assert column.protocol == "net lpips-alex; not the published protocol"


def test_whose_features_are_compared_is_a_sentence() -> None:
    plan, adapt = contest(), {"encoder": "colours", "lpips": "lpips-alex", "metric_pictures": 24}
    plan.adapt = SimpleNamespace(**adapt)  # type: ignore[misc, assignment]
    expected = "All numbers by features of colours; intra-cluster LPIPS by lpips-alex. 24 pictures of each contender, 9"
    assert whose_features(plan).startswith(expected)
    plan.adapt.lpips = "none"  # type: ignore[misc]
    assert "LPIPS" not in whose_features(plan)


def test_the_loss_against_the_oracle_is_a_sentence() -> None:
    oracle = [card(0.3, oracle={"loss": loss, "best": 0.1, "pictures": 200}) for loss in (0.0, 0.2)]
    (note,) = [note for note in notes_of(contest(), everyone(finetune=oracle)) if "oracle" in note]
    assert (
        note.startswith("finetune: the checkpoint that the run chose has a KID 0.1 above")
        and "largest loss 0.2" in note
    )


def test_the_terminal_has_a_line_for_each_contender() -> None:
    cards = {"finetune": [card(0.3), card(failed="NaN", seed=1)], "source": [card(0.5), card(0.5, draw=2)]}
    scores = [*everyone(**cards, floor=[card(0.1), card(0.2)]), Scores("modulate", "method", [card(0.2)] * 2)]
    results = {
        "measured": "All numbers by features of colours.",
        "contenders": {one.name: one.to_json() for one in scores},
        "notes": ["A control does not behave: it sleeps.", "usual"],
        "missing": ["FID is missing"],
    }
    text = lines(results)
    assert text[0] == "All numbers by features of colours." and text[1].split() == ["runs", "KID"]
    assert text[2].split() == ["source", "2", "0.5"], "a control that was measured once has no spread"
    assert text[3].split() == ["finetune", "2", "0.3", "failed"]
    assert text[4].split() == ["copies", "1", "0.4", "copying"]
    assert text[5].split() == ["floor", "2", "0.15", "±", "0.071"]
    assert text[6].split() == ["modulate", "2", "0.2", "±", "0"]
    assert text[-2:] == ["A control does not behave: it sleeps.", "FID is missing"] and "usual" not in text


def test_a_damaged_verdict_is_named(tmp_path: Path) -> None:
    (tmp_path / "verdicts").mkdir()
    (tmp_path / "verdicts" / "source-d1.json").write_text("{")
    plan = SimpleNamespace(cells=lambda: [], entrants=[Entrant("finetune", "finetune")], draws=[0])
    with pytest.raises(UserError, match="source-d1.json cannot be read; delete it to measure again"):
        read_scores(cast(Contest, plan), tmp_path)
