"""A run that was resumed, from whichever checkpoint, is the run that never stopped, to the bit."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from graftgan.augment import AdaptiveAugment
from graftgan.errors import UserError
from graftgan.recipes import pair, train
from graftgan.recipes.train import TrainOptions
from graftgan.training import checkpoint
from graftgan.training.log import read_log

QUICK_PROBE = ("probe_steps=2", "fisher_steps=1")
EVERY = range(6)
SOME = (0, 3, 5)
CASES: dict[str, tuple[dict[str, Any], Any]] = {
    "stylegan2 ada": ({"augment": "ada"}, EVERY),
    "stylegan2 diffaug": ({"augment": "diffaug", "flip": True}, SOME),
    "stylegan2 modulate": ({"method": "modulate", "method_options": QUICK_PROBE, "augment": "ada"}, EVERY),
    "stylegan2 path length": ({"path_length": 2.0, "loss": "relativistic", "r1": 0.1, "r2": 0.1}, SOME),
    "dcgan ada": ({"network": "dcgan", "augment": "ada"}, SOME),
    "dcgan diffaug": ({"network": "dcgan", "augment": "diffaug"}, EVERY),
    "dcgan modulate": ({"network": "dcgan", "method": "modulate", "method_options": QUICK_PROBE}, SOME),
    "dcgan freezed": ({"network": "dcgan", "method": "freezed", "loss": "hinge"}, SOME),
    "dcgan wasserstein": ({"network": "dcgan", "loss": "wasserstein"}, SOME),
    "dcgan without a discriminator": ({"network": "dcgan", "d_first": 3, "augment": "ada"}, EVERY),
    "stylegan2 grown": ({"d_first": 2, "resolution": 32}, EVERY),
    "vae": ({"network": "vae"}, SOME),
    "odd batch": ({"batch": 5, "kimg": 0.03, "ema_rampup": 0.0}, SOME),
}


def cut(folder: Path, step: int, copy: Path) -> Path:
    """A copy of a run as it stood after a step: later checkpoints and the model are not there yet."""
    shutil.copytree(folder, copy)
    shutil.rmtree(copy / "model", ignore_errors=True)
    for later in checkpoint.steps(copy / "checkpoints"):
        if int(later.name.removeprefix("step-")) > step:
            shutil.rmtree(later)
    return copy


@pytest.mark.parametrize("case", CASES)
def test_resumed_from_any_checkpoint_it_is_the_same_run(
    case: str,
    tiny: dict[str, Any],
    tmp_path: Path,
    assert_same_run: Callable[..., None],
    drawn_source: Callable[..., str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pair, "AdaptiveAugment", lambda kimg: AdaptiveAugment(p=0.3, kimg=0.1))
    changes, steps = CASES[case]
    if "method" in changes or "d_first" in changes:  # both want a source
        of = drawn_source(changes.get("network", "stylegan2"), discriminator="d_first" not in changes)
        changes = changes | {"source": of}
    through = train.run(TrainOptions(**{**tiny, **changes}))
    assert len(checkpoint.steps(through / "checkpoints")) == 7
    if changes.get("augment") == "ada":
        assert len({tick["augment_p"] for tick in read_log(through)}) > 2  # the strength really moves
    for step in steps:
        part = cut(through, step, tmp_path / f"cut-{step}")
        assert train.run(TrainOptions(resume=str(part))) == part
        assert_same_run(through, part)


def test_the_seed_and_only_the_seed_makes_the_run(tiny: dict[str, Any], assert_same_run: Callable[..., None]) -> None:
    first, again = (train.run(TrainOptions(**tiny)) for _ in range(2))
    assert_same_run(first, again)
    other = train.run(TrainOptions(**{**tiny, "seed": 1}))
    with pytest.raises(AssertionError, match="tensors, such as"):
        assert_same_run(first, other)


def test_a_raised_budget_goes_on_as_if_it_had_been_so_from_the_start(
    tiny: dict[str, Any], assert_same_run: Callable[..., None]
) -> None:
    short = train.run(TrainOptions(**{**tiny, "kimg": 0.032}))
    through = train.run(TrainOptions(**tiny))
    train.run(TrainOptions(resume=str(short), kimg=0.048))
    assert_same_run(through, short)
    record = json.loads((short / "run.json").read_text())
    assert record["options"]["kimg"] == 0.048 and "--kimg 0.048" in record["command"]
    train.run(TrainOptions(resume=str(short)))  # nothing left to do
    assert_same_run(through, short)


def test_resumed_from_another_folder_by_a_relative_path(
    tiny: dict[str, Any], tmp_path: Path, assert_same_run: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    photos = Path(tiny["images"])
    monkeypatch.chdir(photos.parent)
    through = train.run(TrainOptions(**{**tiny, "images": photos.name}))
    part = cut(through, 2, tmp_path / "part")
    monkeypatch.chdir(tmp_path)
    train.run(TrainOptions(resume="part"))
    assert_same_run(through, part)


def test_photos_that_moved_may_be_named_again(
    tiny: dict[str, Any], tmp_path: Path, assert_same_run: Callable[..., None]
) -> None:
    before, moved = tmp_path / "before", tmp_path / "moved"
    shutil.copytree(tiny["images"], before)
    through = train.run(TrainOptions(**{**tiny, "images": str(before)}))
    part = cut(through, 2, tmp_path / "part")
    before.rename(moved)
    with pytest.raises(UserError, match="before"):
        train.run(TrainOptions(resume=str(part)))
    train.run(TrainOptions(resume=str(part), images=str(moved)))
    assert_same_run(through, part)


def test_a_damaged_newest_checkpoint_costs_only_its_steps(
    tiny: dict[str, Any], tmp_path: Path, assert_same_run: Callable[..., None]
) -> None:
    through = train.run(TrainOptions(**tiny))
    part = cut(through, 4, tmp_path / "part")
    (part / "checkpoints" / "step-00000004" / checkpoint.WEIGHTS).write_bytes(b"cut")
    with pytest.warns(UserWarning, match="step-00000004 is damaged.*going on from step-00000003"):
        train.run(TrainOptions(resume=str(part)))
    assert_same_run(through, part)


def refused(options: TrainOptions, message: str) -> None:
    with pytest.raises(UserError, match=message):
        train.run(options)


def test_what_a_resumed_run_may_not_change_is_refused(tiny: dict[str, Any], tmp_path: Path) -> None:
    folder = train.run(TrainOptions(**{**tiny, "kimg": 0.016}))
    again = str(folder)
    refused(TrainOptions(resume=again, batch=4), "--batch 4: the run began with 8, and keeps it")
    refused(TrainOptions(resume=again, seed=3), "--seed 3: the run began with 0")
    refused(TrainOptions(resume=again, kimg=0.008), "--kimg 0.008: the run began with 0.016; it can only be raised")
    refused(TrainOptions(resume=str(tmp_path)), "--resume .*: not the folder of a run")
    refused(TrainOptions(resume=str(tmp_path / "missing")), "--resume .*missing: not the folder of a run")

    other = tmp_path / "other"
    shutil.copytree(tiny["images"], other)
    (other / "00.png").unlink()
    refused(TrainOptions(resume=again, images=str(other)), "other no longer holds the pictures that .* began with")

    for checkpoints in checkpoint.steps(folder / "checkpoints"):
        (checkpoints / checkpoint.NUMBERS).unlink()
    refused(TrainOptions(resume=again), "every checkpoint in .* is damaged")


def edited_record(folder: Path, **changes: Any) -> None:
    record = json.loads((folder / "run.json").read_text())
    (folder / "run.json").write_text(json.dumps({**record, **changes}))


def test_a_run_of_another_kind_version_or_world_is_told_apart(tiny: dict[str, Any]) -> None:
    folder = train.run(TrainOptions(**{**tiny, "kimg": 0.016}))
    options = TrainOptions(resume=str(folder))
    record = json.loads((folder / "run.json").read_text())

    edited_record(folder, versions={**record["versions"], "torch": "1.0"})
    with pytest.warns(UserWarning, match="began with .*'torch': '1.0'.*may differ"):
        train.run(options)
    edited_record(folder, versions=record["versions"], verb="adapt")
    refused(options, "that run was begun by `graftgan adapt`")
    edited_record(folder, verb="train", options={**record["options"], "later_option": 1})
    refused(options, "run.json holds options of another version: later_option")
    edited_record(folder, options={**record["options"], "kimg": "much"})
    refused(options, "run.json")
    edited_record(folder, options=record["options"])

    newest = checkpoint.newest(folder / "checkpoints")
    assert newest is not None
    checkpoint.save(folder / "checkpoints", 2, newest[1], {**newest[2], "world_size": 2})
    refused(options, "step-00000002 was written by 2 devices, not 1")
    tensors = {name: tensor for name, tensor in newest[1].items() if name != "generator.synthesis.b4.const"}
    checkpoint.save(folder / "checkpoints", 2, tensors, newest[2])
    refused(options, "does not fit this run: the checkpoint lacks generator.synthesis.b4.const")
