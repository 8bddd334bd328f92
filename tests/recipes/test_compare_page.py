"""What a comparison says of its verdicts: means, spreads, missing numbers, controls that do not behave."""

import json
import math
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from graftgan.errors import UserError
from graftgan.recipes.compare_page import Scores, lines, missing_of, notes_of, read_scores
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
    lucky = notes_of(contest(), everyone(finetune=[card(-0.2)]))
    assert any("the KID of finetune (-0.2) is below that of one half of the hold-out" in note for note in lucky)
    assert "some of them in several draws" in notes_of(contest(2, overlap=True), everyone())[0]


def test_the_loss_against_the_oracle_is_a_sentence() -> None:
    oracle = [card(0.3, oracle={"loss": loss, "best": 0.1, "pictures": 200}) for loss in (0.0, 0.2)]
    (note,) = [note for note in notes_of(contest(), everyone(finetune=oracle)) if "oracle" in note]
    assert (
        note.startswith("finetune: the checkpoint that the run chose has a KID 0.1 above")
        and "largest loss 0.2" in note
    )


def test_the_terminal_has_a_line_for_each_contender() -> None:
    results = {
        "contenders": {one.name: one.to_json() for one in everyone(finetune=[card(0.3), card(failed="NaN", seed=1)])},
        "notes": ["A control does not behave: it sleeps.", "usual"],
        "missing": ["FID is missing"],
    }
    text = lines(results)
    assert text[0].split() == ["runs", "KID"] and text[2].split() == ["finetune", "2", "0.3", "failed"]
    assert text[3].split() == ["copies", "1", "0.4", "copying"]
    assert text[-2:] == ["A control does not behave: it sleeps.", "FID is missing"] and "usual" not in text


def test_a_damaged_verdict_is_named(tmp_path: Path) -> None:
    (tmp_path / "verdicts").mkdir()
    (tmp_path / "verdicts" / "source-d1.json").write_text("{")
    plan = SimpleNamespace(cells=lambda: [], entrants=[Entrant("finetune", "finetune")], draws=[0])
    with pytest.raises(UserError, match="source-d1.json cannot be read; delete it to measure again"):
        read_scores(cast(Contest, plan), tmp_path)
