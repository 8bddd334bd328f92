"""`--method auto`: the advice is taken before training, kept with the run, and never asked for twice."""

import json
from pathlib import Path
from typing import Any

import pytest

from graftgan.errors import UserError
from graftgan.features import ENCODERS, Encoder
from graftgan.recipes import adapt, auto, train
from graftgan.recipes.adapt import AdaptOptions
from graftgan.recipes.judgement import Judgement
from graftgan.recipes.measured import Measured, Pair
from graftgan.recipes.train import TrainOptions


@pytest.fixture(scope="module")
def source(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    sizes: dict[str, Any] = {"batch": 8, "resolution": 16, "cbase": 128, "cmax": 8, "z_dim": 8, "ticks": 1}
    outdir = str(tmp_path_factory.mktemp("sources"))
    return str(train.run(TrainOptions(images=str(photos), kimg=0.008, devices="cpu", outdir=outdir, **sizes)))


@pytest.fixture
def job(source: str, photos: Path, tmp_path: Path, colours: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """An adaptation of a few steps; the measured pairs were told by an encoder that loads at once."""
    pair = Pair("made up", 6, 0.1, {"finetune": [0.2], "freezed:frozen=1": [0.1]})
    monkeypatch.setattr(auto, "read_measured", lambda: Measured((pair,), colours, "made up"))
    monkeypatch.setattr(auto, "SAMPLES", 8)
    few = {"kimg": 0.016, "batch": 8, "ticks": 1, "encoder": colours, "metric_pictures": 8, "lpips": "none"}
    outdir = str(tmp_path / "runs")
    return {"photos": str(photos), "source": source, "outdir": outdir, "devices": "cpu", "checkpoint": "last", **few}


def test_it_is_the_default_of_adapt_alone() -> None:
    assert AdaptOptions().method == "auto" and TrainOptions().method == "finetune"
    with pytest.raises(UserError, match="--method auto: .*choose from"):
        TrainOptions(method="auto")
    with pytest.raises(UserError, match="--method-options frozen=3: name the --method that it belongs to"):
        AdaptOptions(method_options=("frozen=3",))


def test_the_run_holds_the_method_and_says_why(job: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    folder = adapt.run(AdaptOptions(**job, shots=6)).folder
    assert folder.name == "0001-fields-freezed"
    record = json.loads((folder / "run.json").read_text())
    assert (record["options"]["method"], record["options"]["method_options"]) == ("freezed", ["frozen=1"])
    assert "--method freezed --method-options frozen=1" in record["command"] and "auto" not in record["command"]
    assert record["advice"]["method"] == "freezed" and isinstance(record["advice"]["distance"], float)
    (said,) = [line for line in capsys.readouterr().err.splitlines() if "auto" in line]
    assert said.startswith("adapt: --method auto takes freezed:frozen=1. ")
    assert "50 % below fine-tuning's" in said
    page = (folder / "report.html").read_text()
    assert "Method chosen by auto" in page and "50 % below" in page


def test_a_resumed_run_keeps_its_method(job: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adapt, "judge_adapted", lambda *_, **__: Judgement())
    monkeypatch.setattr(adapt, "write_page", lambda *_: None)
    folder = adapt.run(AdaptOptions(**job, shots=6)).folder

    def asked(*_: object) -> None:
        raise AssertionError("advice was asked for again")

    monkeypatch.setattr(adapt, "resolved", asked)
    for given in ((), ("method", "resume")):
        assert adapt.run(AdaptOptions(resume=str(folder)), given).folder == folder
    record = json.loads((folder / "run.json").read_text())
    assert record["options"]["method"] == "freezed" and record["advice"]["method"] == "freezed"
    with pytest.raises(UserError, match="--method modulate: the run began with freezed, and keeps it"):
        adapt.run(AdaptOptions(resume=str(folder), method="modulate"))


def test_a_named_method_asks_for_no_advice(job: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adapt, "resolved", lambda *_: pytest.fail("advice was asked for"))
    folder = adapt.run(AdaptOptions(**job, method="finetune")).folder
    assert "advice" not in json.loads((folder / "run.json").read_text())


@pytest.mark.parametrize("why", ["encoder", "nothing", "unreadable"])
def test_without_encoder_or_measurement_it_is_fine_tuning(
    job: dict[str, Any], why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(*_: object) -> Encoder:
        raise UserError("install graftgan[metrics]")

    if why == "encoder":
        monkeypatch.setitem(ENCODERS, "colours", missing)  # type: ignore[arg-type]
    elif why == "nothing":
        monkeypatch.setattr(auto, "read_measured", Measured)
    else:
        monkeypatch.setattr(auto, "read_measured", missing)
    options, told = auto.resolved(AdaptOptions(**job), job["photos"])
    assert options.method == "finetune" and told["distance"] is None
    assert ("Nothing was measured" if why == "nothing" else "install graftgan") in told["reasons"][0]


def test_without_a_source_nothing_is_looked_at(job: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auto, "read_pictures", lambda *_: pytest.fail("pictures were read"))
    options, told = auto.resolved(AdaptOptions(**{**job, "source": "none"}), job["photos"])
    assert options.method == "finetune" and told["reasons"] == ["Without a source there is nothing to advise on."]


def test_what_the_run_would_refuse_is_refused_alike(job: dict[str, Any]) -> None:
    for changes, message in (
        ({"source": "avatar-64"}, "no source avatar-64"),
        ({"photos": "/nowhere"}, "no folder or zip of pictures at /nowhere"),
        ({"resolution": 128}, "--resolution 128"),
    ):
        with pytest.raises(UserError, match=message):
            adapt.run(AdaptOptions(**{**job, **changes}))
    assert not Path(job["outdir"]).exists()
