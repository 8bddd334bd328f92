"""`compare`: every method and control under one budget, the same pictures for all, and no trace of an interruption."""

import csv
import dataclasses
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from graftgan.errors import NumericalError, StoppedEarly, UserError
from graftgan.features import ENCODERS
from graftgan.recipes import adapt, compare, stage, train
from graftgan.recipes.adapt import AdaptOptions
from graftgan.recipes.compare import Compared
from graftgan.recipes.compare_page import lines
from graftgan.recipes.contest import CompareOptions
from graftgan.recipes.stage import Stage
from graftgan.recipes.train import TrainOptions
from graftgan.training import checkpoint

TINY = ("batch=8", "ticks=2", "encoder=colours", "metric_pictures=24", "lpips=none")


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("compared") / "fields"
    folder.mkdir()
    rng = np.random.default_rng(5)
    for index in range(30):
        corners = Image.fromarray(rng.integers(0, 256, (3, 3, 3), dtype=np.uint8))
        corners.resize((16, 16), Image.Resampling.BICUBIC).save(folder / f"{index:02d}.png")
    return folder


@pytest.fixture(scope="module")
def source(pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    sizes: dict[str, Any] = {"batch": 8, "resolution": 16, "cbase": 128, "cmax": 8, "z_dim": 8, "ticks": 1}
    outdir = str(tmp_path_factory.mktemp("sources"))
    return str(train.run(TrainOptions(images=str(pictures), kimg=0.016, devices="cpu", outdir=outdir, **sizes)))


@pytest.fixture
def job(pictures: Path, source: str, tmp_path: Path, colours: str) -> dict[str, Any]:
    shared: dict[str, Any] = {"photos": str(pictures), "source": source, "outdir": str(tmp_path / "runs")}
    return {**shared, "kimg": 0.016, "devices": "cpu", "adapt": TINY, "shots": 5, "seeds": 1}


@pytest.fixture(scope="module")
def finished() -> dict[str, Compared]:
    """Comparisons that several tests look at, by name."""
    return {}


@pytest.fixture
def compared(job: dict[str, Any], finished: dict[str, Compared], tmp_path_factory: pytest.TempPathFactory) -> Compared:
    """Two methods, one of them named twice, on two draws."""
    if "two methods" not in finished:
        options = {**job, "outdir": str(tmp_path_factory.mktemp("two"))}
        methods = ("freezed:frozen=1,finetune", "freezed:frozen=1")
        finished["two methods"] = compare.run(CompareOptions(**options, methods=methods, draws=2))
    return finished["two methods"]


def sets(folder: Path) -> dict[str, set[str]]:
    """Hashes of every set of draws.csv."""
    found: dict[str, set[str]] = {}
    with open(folder / "draws.csv", newline="") as file:
        for row in csv.DictReader(file):
            found.setdefault(row["set"], set()).add(row["sha256"])
    return found


def runs(folder: Path) -> dict[str, dict[str, Any]]:
    """The record of every run, by the name of its cell."""
    return {path.parts[-3]: json.loads(path.read_text()) for path in folder.glob("cells/*/*/run.json")}


def test_every_method_once_beside_the_controls(compared: Compared) -> None:
    found = compared
    assert found.folder.name == "0001-fields-compare"
    assert list(found.results["contenders"]) == ["source", "finetune", "freezed:frozen=1", "copies", "floor"]
    kids = {who: one["metrics"]["kid"] for who, one in found.results["contenders"].items()}
    for who, kid in kids.items():
        assert len(kid["values"]) == 2 and kid["value"] == pytest.approx(np.mean(kid["values"])), who
    assert kids["finetune"]["spread"] == pytest.approx(np.std(kids["finetune"]["values"], ddof=1))
    assert kids["source"]["values"][0] == kids["source"]["values"][1]
    for name in ("results.json", "results.md", "report.html", "run.json"):
        assert (found.folder / name).stat().st_size > 100, name
    assert json.loads((found.folder / "results.json").read_text()) == json.loads(json.dumps(found.results))
    told = lines(found.results)
    assert [line.split()[0] for line in told[2:7]] == list(kids) and "KID" in told[1]
    features = "All numbers by features of colours. 24 pictures of each contender, 20 held out."
    assert told[0] == features and (found.folder / "results.md").read_text().splitlines()[2] == features


def test_a_measured_run_keeps_what_it_goes_on_from(compared: Compared) -> None:
    for run in compared.folder.glob("cells/*/*"):
        assert 1 <= len(list((run / "checkpoints").iterdir())) <= 2
        assert checkpoint.newest(run / "checkpoints") is not None
        assert 0 < stage.seconds_of(run) < 60


def test_draws_are_disjoint_saved_and_never_held_out(compared: Compared) -> None:
    found = sets(compared.folder)
    assert {name: len(digests) for name, digests in found.items()} == {"draw 1": 5, "draw 2": 5, "hold-out": 20}
    assert len(set.union(*found.values())) == 30
    records = runs(compared.folder)
    cells = ["finetune-d1-s0", "finetune-d2-s0", "freezed-frozen=1-d1-s0", "freezed-frozen=1-d2-s0"]
    assert sorted(records) == cells
    for name, record in records.items():
        draw = name.split("-")[-2].replace("d", "draw ")
        assert {digest for _, digest in record["photos"]} == found[draw], name


def test_the_command_of_a_run_repeats_it(
    compared: Compared, tmp_path: Path, assert_same_run: Callable[..., None], colours: str
) -> None:
    (mine,) = compared.folder.glob("cells/freezed-frozen=1-d2-s0/*/run.json")
    options = json.loads(mine.read_text())["options"] | {"outdir": str(tmp_path / "again")}
    options = {name: tuple(value) if isinstance(value, list) else value for name, value in options.items()}
    assert_same_run(mine.parent, adapt.run(AdaptOptions(**options)).folder)


@pytest.mark.parametrize("moment", ["a run", "a measurement", "the next run"])
def test_a_stopped_comparison_ends_as_an_uninterrupted_one(
    job: dict[str, Any],
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
    finished: dict[str, Compared],
    monkeypatch: pytest.MonkeyPatch,
    moment: str,
) -> None:
    options = CompareOptions(**job, methods=("finetune",), draws=2)
    if "through" not in finished:
        finished["through"] = compare.run(dataclasses.replace(options, outdir=str(tmp_path_factory.mktemp("through"))))
    asked = {"now": False, "runs": 0}

    class Asked:
        def __enter__(self) -> "Asked":
            return self

        def __exit__(self, *_: object) -> None: ...

        @property
        def asked(self) -> bool:
            return asked["now"]

    before, watched = Stage.run_cell, Stage.watched

    def run_cell(self: Stage, cell: Any) -> None:
        asked["now"] |= moment == "a run" and cell.draw == 2
        with monkeypatch.context() as patch:
            patch.setattr("graftgan.recipes.training_run.Interrupt", Asked)
            patch.setattr(Stage, "check", lambda *_: None) if moment == "a run" else None
            before(self, cell)
        asked["runs"] += 1
        asked["now"] |= moment == "the next run"

    def begins(self: Stage, subject: Any) -> Any:
        asked["now"] |= moment == "a measurement" and subject.name == "source" and asked["runs"] == 1
        return watched(self, subject)

    with monkeypatch.context() as patch:
        patch.setattr(compare, "Interrupt", Asked)
        patch.setattr(Stage, "run_cell", run_cell)
        patch.setattr(Stage, "watched", begins)
        with pytest.raises(StoppedEarly, match="go on with: graftgan compare --resume .*0001-fields-compare") as stop:
            compare.run(options)
    when = {"a run": "after step", "a measurement": "while source was measured", "the next run": "before source was"}
    assert stop.value.exit_code == 3 and str(stop.value).startswith(f"stopped {when[moment]}")
    part = tmp_path / "runs" / "0001-fields-compare"
    first = part / "verdicts" / "finetune-d1-s0.json"
    assert first.exists() and not first.with_name("finetune-d2-s0.json").exists()
    began = first.stat().st_mtime_ns
    assert compare.run(CompareOptions(resume=str(part))).folder == part
    assert (part / "results.json").read_bytes() == (finished["through"].folder / "results.json").read_bytes()
    assert first.stat().st_mtime_ns == began
    assert sorted(runs(part)) == ["finetune-d1-s0", "finetune-d2-s0"]


def test_a_run_that_fails_numerically_is_a_result(job: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    before = stage.train_run

    def broken(options: AdaptOptions, *rest: Any) -> Any:
        if options.method == "freezed":
            raise NumericalError("step 3: loss_g is not finite")
        return before(options, *rest)

    monkeypatch.setattr(stage, "train_run", broken)
    found = compare.run(CompareOptions(**job, methods=("freezed",)))
    failed = found.results["contenders"]["freezed"]
    assert failed["runs"][0]["failed"] == "step 3: loss_g is not finite" and failed["metrics"] == {}
    assert "freezed, draw 1, seed 0: failed: step 3: loss_g is not finite." in found.results["missing"]
    assert "failed" in next(line for line in lines(found.results) if line.startswith("freezed"))


def test_a_setting_that_a_network_refuses_names_its_method(job: dict[str, Any]) -> None:
    with pytest.raises(UserError, match="^--methods freezed:frozen=99: D has "):
        compare.run(CompareOptions(**job, methods=("freezed:frozen=99",)))


def test_without_an_encoder_nothing_is_begun(job: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(*_: Any) -> Any:
        raise UserError("the encoder colours needs the weights of a package")

    monkeypatch.setitem(ENCODERS, "colours", absent)
    why = "nothing would be measured: the encoder colours needs the weights of a package; or take .*encoder=inception"
    with pytest.raises(UserError, match=why):
        compare.run(CompareOptions(**job))
    assert not Path(job["outdir"]).exists()


def test_the_oracle_is_no_worse_than_what_was_chosen(job: dict[str, Any]) -> None:
    found = compare.run(CompareOptions(**job, methods=("finetune",), oracle=True))
    oracle = found.results["contenders"]["finetune"]["runs"][0]["oracle"]
    assert [kimg for kimg, _ in oracle["looks"]] == [0.008, 0.016]
    assert oracle["best"] == min(kid for _, kid in oracle["looks"])
    assert oracle["kid"] in [kid for _, kid in oracle["looks"]] and oracle["loss"] >= 0 and oracle["error"] > 0
    assert any("above the oracle's" in note for note in found.results["notes"])


def test_a_resumed_comparison_keeps_its_options_and_pictures(compared: Compared, tmp_path: Path, colours: str) -> None:
    folder = tmp_path / "moved"
    shutil.copytree(compared.folder, folder)
    for change, message in (
        ({"kimg": 9.0}, "--kimg 9.0: the comparison began with 0.016, and keeps it"),
        ({"kimg": 0.008}, "--kimg 0.008: the comparison began with 0.016, and keeps it"),
        ({"seeds": 5}, "--seeds 5: the comparison began with 1, and keeps it"),
        ({"methods": ("modulated",)}, "--methods modulated: .*modulate"),
        ({"oracle": True}, "--oracle True: the comparison began with False"),
        ({"holdout": str(folder / "cells")}, "3 pictures that no draw trains on, 8 at least|no longer the pictures"),
    ):
        with pytest.raises(UserError, match=message):
            compare.run(CompareOptions(resume=str(folder), **change))
    with pytest.raises(UserError, match="that comparison was begun by `graftgan compare`"):
        adapt.run(AdaptOptions(resume=str(folder)))
    before = (folder / "results.json").read_bytes()
    (folder / "results.json").unlink()
    compare.run(CompareOptions(resume=str(folder)))
    assert (folder / "results.json").read_bytes() == before
    verdict = folder / "verdicts" / "finetune-d1-s0.json"
    written = verdict.stat().st_mtime_ns
    more = compare.run(CompareOptions(resume=str(folder), methods=("freezed:frozen=0",)))
    assert [name for name in more.results["contenders"] if "=" in name] == ["freezed:frozen=1", "freezed:frozen=0"]
    assert verdict.stat().st_mtime_ns == written and "freezed:frozen=0" in (folder / "run.json").read_text()
    record = json.loads((folder / "run.json").read_text())
    (folder / "run.json").write_text(json.dumps(record | {"holdout_sha256": "other"}))
    with pytest.raises(UserError, match="the hold-out: no longer the pictures that .* began with"):
        compare.run(CompareOptions(resume=str(folder)))
