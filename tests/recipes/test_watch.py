"""The watch chooses from the log alone, a run that was killed chooses the same, and the user gets what was chosen."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.torch
import torch

from graftgan.errors import UserError
from graftgan.features import ENCODERS
from graftgan.recipes import adapt, train, watch
from graftgan.recipes.adapt import AdaptOptions
from graftgan.recipes.judgement import Judgement
from graftgan.recipes.train import TrainOptions
from graftgan.recipes.watch import SCORE, Watch, best_step, ranked, typical_gap, what_was_seen
from graftgan.state import State
from graftgan.training import checkpoint
from graftgan.training.log import read_log
from graftgan.training.loop import Schedule

CPU = torch.device("cpu")


def tick(step: int, score: float | None = None, warned: str = "", **more: Any) -> dict[str, Any]:
    """A line of the log."""
    seen = {} if score is None else {SCORE: score, "watch_diversity": 2.0, "watch_nearest": 1.0, "watch_copies": 0.0}
    return {"step": step, "kimg": step / 100, **seen, **({"watch_warnings": [warned]} if warned else {}), **more}


def written(folder: Path, *ticks: dict[str, Any]) -> Path:
    """A folder with such a log."""
    (folder / "log.jsonl").write_text("".join(json.dumps(line) + "\n" for line in ticks))
    return folder


def test_the_lowest_score_wins_and_the_later_of_equal_ones() -> None:
    ticks = [tick(0), tick(10, 0.3), tick(20, 0.1), tick(30, 0.1), tick(40, 0.2)]
    assert [line["step"] for line in ranked(ticks)] == [30, 20, 40, 10]


def test_a_step_with_a_warning_wins_only_among_its_like(tmp_path: Path) -> None:
    ticks = [tick(10, 0.3), tick(20, 0.1, "copying: 60 of 64"), tick(30, 0.2, "collapse: 64 hold 1")]
    assert best_step(written(tmp_path, *ticks)) == 10
    assert best_step(written(tmp_path, *ticks[1:])) == 20
    assert best_step(written(tmp_path, tick(0), tick(10))) is None


def test_it_tells_the_curve_the_choice_and_the_rule(tmp_path: Path) -> None:
    seen = what_was_seen(written(tmp_path, tick(0), tick(10, 0.3), tick(15), tick(20, 0.1), tick(30, 0.2)))
    assert [look["step"] for look in seen.curve] == [10, 20, 30]
    assert [look["score"] for look in seen.curve] == [0.3, 0.1, 0.2]
    assert set(seen.curve[0]) == {"step", "kimg", "score", "diversity", "nearest", "copies", "warnings"}
    assert (seen.step, seen.kimg, seen.warnings) == (20, 0.2, [])
    assert "no hold-out was used" in seen.rule
    assert seen.to_json() == {"rule": seen.rule, "step": 20, "kimg": 0.2, "looks": 3, "holdout": False}


def test_it_warns_of_the_end_of_the_run_and_of_a_model_that_is_no_better(tmp_path: Path) -> None:
    ticks = [tick(10, 0.3), tick(20, 0.4, "copying: 60 of 64"), tick(30, 0.2, "collapse: 64 hold 1")]
    assert what_was_seen(written(tmp_path, *ticks)).warnings == [
        "collapse: 64 hold 1, at 0.3 kimg; the model is that of 0.1 kimg"
    ]
    assert what_was_seen(written(tmp_path, *ticks[:2], tick(30, 0.2))).warnings == []
    assert what_was_seen(written(tmp_path, *ticks[1:])).warnings == ["collapse: 64 hold 1, at 0.3 kimg"]


def test_without_looks_it_is_the_last_step_and_says_why(tmp_path: Path) -> None:
    assert what_was_seen(written(tmp_path, tick(0), tick(10))).rule == watch.LAST
    seen = what_was_seen(written(tmp_path, tick(0), tick(10, watch_missing="install it")))
    assert (seen.step, seen.curve) == (10, []) and seen.rule.endswith("There was no watch: install it.")
    with pytest.raises(UserError, match="has no log"):
        what_was_seen(tmp_path / "nothing")


@pytest.mark.parametrize(
    ("steps", "ticks", "looks"),
    [
        (625, 20, [31, 62, 124, 186, 248, 310, 372, 434, 496, 558, 625]),  # 620 is all but the end
        (600, 10, list(range(60, 601, 60))),
        (6, 3, [2, 4, 6]),
        (600, 1, [600]),
        (7, 200, list(range(1, 8))),
    ],
)
def test_it_looks_about_ten_times_at_ticks_and_at_the_end(steps: int, ticks: int, looks: list[int]) -> None:
    schedule = Schedule(16, steps * 16 / 1000, ticks, 1.0, 0.05)
    seeing = Watch(np.zeros((1, 8, 8, 3), np.uint8), "inception", schedule, CPU)
    assert schedule.steps == steps
    assert [step for step in range(steps + 1) if seeing.is_look(step)] == looks
    assert all(schedule.is_tick(step) for step in looks)


def test_typical_gap_by_hand() -> None:
    assert typical_gap(np.array([[0.0], [1.0], [4.0]])) == pytest.approx((1 + 1 + 3) / 3)


def test_a_look_at_made_generators(colours: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Colours of its own, the photos' own again, and one picture only; that every photo is given twice is no matter."""
    rng = np.random.default_rng(0)
    photos, others = (rng.integers(0, 256, (count, 2, 2, 3), dtype=np.uint8) for count in (10, 64))
    seeing = Watch(np.concatenate([photos, photos]), colours, Schedule(8, 1.0, 20, 1.0, 0.05), CPU)
    made = {"new": others, "copies": photos[np.arange(64) % 10], "constant": others[:1].repeat(64, axis=0)}
    seen = {}
    for name, pictures in made.items():
        monkeypatch.setattr(watch, "sample", lambda _, seeds, pictures=pictures: pictures[: len(seeds)])
        seen[name] = seeing.look(None)  # type: ignore[arg-type]
    assert "watch_warnings" not in seen["new"]
    assert seen["new"]["watch_copies"] < 0.1 and seen["new"]["watch_nearest"] == pytest.approx(1, abs=0.2)
    few, copied = seen["copies"]["watch_warnings"]  # ten pictures again and again are few, too
    assert few.startswith("collapse: 64 samples hold only 8.8") and copied.startswith("copying: 64 of 64")
    assert seen["copies"]["watch_nearest"] == 0 and seen["copies"]["watch_copies"] == 1
    assert seen["constant"]["watch_warnings"][0].startswith("collapse: 64 samples hold only 1.0")
    assert seen["copies"][SCORE] < seen["new"][SCORE] < seen["constant"][SCORE]


def scored(monkeypatch: pytest.MonkeyPatch, scores: dict[int, float]) -> None:
    """Lets the look after each step come out as said, so that the choice is known."""
    now: list[int] = []
    true = Watch.is_look

    def is_look(self: Watch, step: int) -> bool:
        now.append(step)
        return true(self, step)

    def look(*_: object) -> dict[str, Any]:
        return {name: value for name, value in tick(0, scores[now[-1]]).items() if name.startswith("watch")}

    monkeypatch.setattr(Watch, "is_look", is_look)
    monkeypatch.setattr(Watch, "look", look)


@pytest.fixture(scope="module")
def source(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    sizes: dict[str, Any] = {
        "batch": 8,
        "resolution": 16,
        "cbase": 128,
        "cmax": 8,
        "z_dim": 8,
        "ticks": 1,
        "network": "dcgan",
    }
    outdir = str(tmp_path_factory.mktemp("sources"))
    return str(train.run(TrainOptions(images=str(photos), kimg=0.016, devices="cpu", outdir=outdir, **sizes)))


@pytest.fixture
def job(source: str, photos: Path, tmp_path: Path, colours: str) -> dict[str, Any]:
    """Keywords of an `adapt` of six steps, with a look after each."""
    return {
        "photos": str(photos),
        "source": source,
        "outdir": str(tmp_path / "runs"),
        "devices": "cpu",
        "method": "finetune",
        "kimg": 0.048,
        "batch": 8,
        "ticks": 6,
        "keep": 1,
        "encoder": colours,
    }


@pytest.fixture
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leaves out what comes after the model."""
    monkeypatch.setattr(adapt, "judge_adapted", lambda *_, **__: Judgement())
    monkeypatch.setattr(adapt, "write_page", lambda *_: None)


def average_at(folder: Path, step: int) -> dict[str, torch.Tensor]:
    tensors, _ = checkpoint.read(folder / "checkpoints" / f"step-{step:08d}")
    return {name.removeprefix("average."): value for name, value in tensors.items() if name.startswith("average.")}


@pytest.mark.usefixtures("quiet")
def test_the_model_is_that_of_the_best_look_however_old(job: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    scored(monkeypatch, {1: 0.3, 2: 0.1, 3: 0.4, 4: 0.2, 5: 0.5, 6: 0.6})
    result = adapt.run(AdaptOptions(**job))
    assert [path.name for path in checkpoint.steps(result.folder / "checkpoints")] == ["step-00000002", "step-00000006"]
    model = safetensors.torch.load_file(result.folder / "model" / "generator.safetensors")
    assert all(torch.equal(model[name], value) for name, value in average_at(result.folder, 2).items())
    assert result.model.about["kimg"] == 0.016
    said = {"rule": watch.RULE, "step": 2, "kimg": 0.016, "looks": 6, "holdout": False}
    assert result.metrics["checkpoint"] == said
    assert json.loads((result.folder / "run.json").read_text())["checkpoint"] == said


@pytest.mark.usefixtures("quiet")
def test_last_and_train_keep_the_last_and_do_not_look(job: dict[str, Any], tiny: dict[str, Any]) -> None:
    folder = adapt.run(AdaptOptions(**job, checkpoint="last")).folder
    model = safetensors.torch.load_file(folder / "model" / "generator.safetensors")
    assert all(torch.equal(model[name], value) for name, value in average_at(folder, 6).items())
    for run in (folder, train.run(TrainOptions(**tiny))):
        assert not any(name.startswith("watch") for line in read_log(run) for name in line)
        assert json.loads((run / "run.json").read_text())["checkpoint"]["rule"] == watch.LAST
    with pytest.raises(UserError, match="--checkpoint best: did you mean"):
        AdaptOptions(checkpoint="best")


@pytest.mark.usefixtures("quiet")
def test_the_watch_draws_nothing_from_the_run(job: dict[str, Any]) -> None:
    watched = adapt.run(AdaptOptions(**job)).folder
    alone = adapt.run(AdaptOptions(**job, checkpoint="last")).folder
    one, other = checkpoint.newest(watched / "checkpoints"), checkpoint.newest(alone / "checkpoints")
    assert one is not None and other is not None
    assert all(torch.equal(value, other[1][name]) for name, value in one[1].items())


class Killed(BaseException):
    """What no one catches."""


@pytest.mark.usefixtures("quiet")
def test_killed_at_any_moment_of_a_look_it_chooses_the_same(
    job: dict[str, Any], monkeypatch: pytest.MonkeyPatch, assert_same_run: Callable[..., None]
) -> None:
    """The best is first step 2, then step 4: a kill there meets a new best, and an old one that must outlive it."""
    scored(monkeypatch, {1: 0.3, 2: 0.1, 3: 0.4, 4: 0.05, 5: 0.5, 6: 0.6})
    through = adapt.run(AdaptOptions(**job)).folder
    assert json.loads((through / "run.json").read_text())["checkpoint"]["step"] == 4
    true_save = checkpoint.save
    for step, moment in ((2, "saved"), (4, "logged"), (4, "not yet cleared"), (5, "saved")):

        def save(*arguments: Any, step: int = step, moment: str = moment) -> Path:
            if arguments[1] != step:
                return true_save(*arguments)
            if moment == "saved":
                true_save(*arguments)
            elif moment == "not yet cleared":
                with monkeypatch.context() as patch:
                    patch.setattr(checkpoint.shutil, "rmtree", lambda *_, **__: None)
                    true_save(*arguments)
            raise Killed

        before = set(through.parent.iterdir())
        with monkeypatch.context() as patch:
            patch.setattr(checkpoint, "save", save)
            with pytest.raises(Killed):
                adapt.run(AdaptOptions(**job))
        (killed,) = set(through.parent.iterdir()) - before
        adapt.run(AdaptOptions(resume=str(killed)))
        assert_same_run(through, killed)


@pytest.mark.usefixtures("quiet")
def test_a_chosen_checkpoint_that_is_gone_gives_way_to_the_next_best(
    job: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    scored(monkeypatch, {1: 0.3, 2: 0.2, 3: 0.4, 4: 0.1, 5: 0.3, 6: 0.3})
    folder = adapt.run(AdaptOptions(**{**job, "keep": 9})).folder
    shutil.rmtree(folder / "checkpoints" / "step-00000004")
    with pytest.warns(UserWarning, match="the step that was chosen cannot be had .*step-00000004"):
        result = adapt.run(AdaptOptions(resume=str(folder)))
    assert result.metrics["checkpoint"]["step"] == 2


@pytest.mark.usefixtures("quiet")
def test_where_there_is_nothing_to_see_it_says_so_and_keeps_the_last(
    job: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    one = adapt.run(AdaptOptions(**job, shots=1)).metrics["checkpoint"]
    assert one["step"] == 6 and "one photo has no variety" in one["rule"]

    def missing(_: torch.device) -> None:
        raise UserError("install graftgan[metrics]")

    monkeypatch.setitem(ENCODERS, "colours", missing)  # type: ignore[arg-type]
    none = adapt.run(AdaptOptions(**job)).metrics["checkpoint"]
    assert none["step"] == 6 and none["rule"].endswith("There was no watch: install graftgan[metrics].")


@pytest.mark.usefixtures("quiet")
def test_networks_of_a_step_are_those_of_its_checkpoint(job: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    caught, true = [], train.choose

    def choose(folder: Path, state: State, watched: bool) -> watch.Chosen:
        caught.append(state)
        return true(folder, state, watched)

    monkeypatch.setattr(train, "choose", choose)
    folder = adapt.run(AdaptOptions(**{**job, "keep": 9, "kimg": 0.016, "ticks": 2})).folder
    (state,), path = caught, folder / "checkpoints" / "step-00000001"
    found = watch.networks_at(path, state)
    assert (found.step, found.kimg) == (1, 0.008)
    expected, last = average_at(folder, 1), average_at(folder, 2)
    assert all(torch.equal(value, expected[name]) for name, value in found.average.state_dict().items())
    assert all(torch.equal(value, last[name]) for name, value in state.average.state_dict().items())
    shutil.rmtree(path)
    with pytest.raises(UserError, match="step-00000001 cannot be read"):
        watch.networks_at(path, state)
    state.average = torch.nn.Linear(1, 1)  # type: ignore[assignment]
    with pytest.raises(UserError, match="step-00000002 holds other networks"):
        watch.networks_at(path.with_name("step-00000002"), state)
