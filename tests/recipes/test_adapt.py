"""`adapt` from a source and photos to model, metrics and report."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from graftgan.errors import NumericalError, UserError
from graftgan.features import ENCODERS, Encoder
from graftgan.recipes import adapt, train
from graftgan.recipes.adapt import AdaptOptions
from graftgan.recipes.judgement import Judgement
from graftgan.recipes.train import TrainOptions


@pytest.fixture(scope="module")
def source(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    sizes: dict[str, Any] = {"batch": 8, "resolution": 16, "cbase": 128, "cmax": 8, "z_dim": 8, "ticks": 1}
    outdir = str(tmp_path_factory.mktemp("sources"))
    return str(train.run(TrainOptions(images=str(photos), kimg=0.016, devices="cpu", outdir=outdir, **sizes)))


@pytest.fixture
def job(source: str, photos: Path, tmp_path: Path, colours: str) -> dict[str, Any]:
    outdir = str(tmp_path / "runs")
    sizes = {
        "method": "finetune",
        "kimg": 0.048,
        "batch": 8,
        "ticks": 3,
        "keep": 9,
        "encoder": colours,
        "metric_pictures": 8,
        "lpips": "none",
    }
    return {"photos": str(photos), "source": source, "outdir": outdir, "devices": "cpu", **sizes}


def test_photos_and_source_in_model_metrics_and_report_out(job: dict[str, Any], tmp_path: Path) -> None:
    result = adapt.run(AdaptOptions(**job, shots=6))
    assert result.folder == tmp_path / "runs" / "0001-fields-finetune"
    assert {"model", "metrics.json", "report.html", "run.json", "photos.csv"} <= {
        p.name for p in result.folder.iterdir()
    }
    metrics = json.loads((result.folder / "metrics.json").read_text())
    assert metrics == result.metrics
    assert set(metrics["kid"]) == {"adapted", "source", "floor"}
    assert "<html" in (result.folder / "report.html").read_text()
    assert result.sample(range(3))[2].size == (16, 16)
    assert not result.model.generator.training


def test_without_a_hold_out_it_says_what_is_missing(job: dict[str, Any]) -> None:
    metrics = adapt.run(AdaptOptions(**job)).metrics
    assert "kid" not in metrics
    assert any("no hold-out" in sentence for sentence in metrics["missing"])


@pytest.mark.parametrize("method", ["finetune", "modulate"])
def test_a_resumed_adaptation_is_the_same(
    job: dict[str, Any], method: str, assert_same_run: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    import shutil

    monkeypatch.setattr(adapt, "judge_adapted", lambda *_, **__: Judgement())
    monkeypatch.setattr(adapt, "write_page", lambda *_: None)
    settings = ("probe_steps=2", "fisher_steps=1") if method == "modulate" else ()
    through = adapt.run(AdaptOptions(**{**job, "method": method}, method_options=settings, shots=6)).folder
    for step in (0, 4):
        part = through.parent / f"part-{step}"
        shutil.copytree(through, part)
        for later in (part / "checkpoints").iterdir():
            if int(later.name.removeprefix("step-")) > step:
                shutil.rmtree(later)
        assert adapt.run(AdaptOptions(resume=str(part))).folder == part
        assert_same_run(through, part)


def test_frozen_blocks_stay_the_sources_to_the_bit(job: dict[str, Any], source: str) -> None:
    from graftgan.zoo.model_folder import load_model

    # not hinge: within the margin its two gradients of the last bias cancel
    options = AdaptOptions(**{**job, "method": "freezed"}, method_options=("frozen=1",), loss="non-saturating")
    adapted = adapt.run(options).model
    before = load_model(Path(source) / "model")
    assert before.discriminator is not None and adapted.discriminator is not None
    block = before.discriminator.blocks()[16][0]
    for name, parameter in before.discriminator.named_parameters():
        same = torch.equal(parameter, adapted.discriminator.get_parameter(name))
        assert same == name.startswith(block), name


def test_an_encoder_that_cannot_be_loaded_costs_only_its_numbers(
    job: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(*_: object) -> Encoder:
        raise UserError("install graftgan[metrics]")

    monkeypatch.setitem(ENCODERS, "colours", missing)  # type: ignore[arg-type]
    metrics = adapt.run(AdaptOptions(**job, shots=6)).metrics
    assert any("install graftgan[metrics]" in sentence for sentence in metrics["missing"])
    assert "kid" not in metrics and metrics["copies"]["adapted"]["protocol"]["encoder"] == "pixels"


def test_a_run_of_train_is_not_resumed_by_adapt_nor_the_other_way_round(job: dict[str, Any], source: str) -> None:
    with pytest.raises(UserError, match="that run was begun by `graftgan train`"):
        adapt.run(AdaptOptions(resume=source))
    folder = adapt.run(AdaptOptions(**{**job, "kimg": 0.008})).folder
    with pytest.raises(UserError, match="that run was begun by `graftgan adapt`"):
        train.run(TrainOptions(resume=str(folder)))


def test_the_folder_is_let_go_whatever_happens(job: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> Judgement:
        raise NumericalError("the judge fell over")

    with monkeypatch.context() as patch:
        patch.setattr(adapt, "judge_adapted", broken)
        with pytest.raises(NumericalError):
            adapt.run(AdaptOptions(**job))
    (folder,) = Path(job["outdir"]).iterdir()
    assert adapt.run(AdaptOptions(resume=str(folder))).folder == folder


def test_no_photos_are_asked_for() -> None:
    with pytest.raises(UserError, match="name the folder or zip of pictures to adapt to"):
        adapt.run(AdaptOptions())
