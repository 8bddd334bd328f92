"""run.json: all that the run depends on, and a command that really repeats it."""

import csv
import dataclasses
import hashlib
import json
import shlex
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from graftgan.cli.main import main
from graftgan.errors import UserError
from graftgan.recipes import train
from graftgan.recipes.train import TrainOptions


def record_of(folder: Path) -> dict[str, Any]:
    found = json.loads((folder / "run.json").read_text())
    assert isinstance(found, dict)
    return found


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_the_folder_holds_what_the_design_says(tiny: dict[str, Any]) -> None:
    folder = train.run(TrainOptions(**tiny))
    assert folder.name == "0001-fields-train"
    assert {path.name for path in folder.iterdir()} >= {
        *("run.json", "photos.csv", "log.jsonl", "samples", "checkpoints", "model", "events")
    }
    assert sorted(path.name for path in (folder / "model").iterdir()) == [
        *("README.md", "config.json", "discriminator.safetensors", "generator.safetensors")
    ]
    assert len(list((folder / "samples").glob("*.png"))) == 7
    assert len((folder / "photos.csv").read_text().splitlines()) == 13


def test_the_record_is_complete(tiny: dict[str, Any], tmp_path: Path) -> None:
    source = train.run(TrainOptions(**{**tiny, "kimg": 0.008}))
    folder = train.run(TrainOptions(**{**tiny, "source": str(source), "seed": 5, "network": "auto"}))
    record = record_of(folder)
    options = record["options"]
    assert options.keys() == {field.name for field in dataclasses.fields(TrainOptions)}
    assert (options["seed"], options["kimg"], options["source"]) == (5, 0.048, str(source))
    assert record["verb"] == "train" and record["images"] == tiny["images"]
    assert record["versions"]["torch"] == torch.__version__
    assert {"python", "graftgan", "numpy", "pillow", "lightning-fabric", "safetensors"} <= record["versions"].keys()
    assert record["source_sha256"] == {
        player: sha256(source / "model" / f"{player}.safetensors") for player in ("generator", "discriminator")
    }
    photos = sorted(Path(tiny["images"]).iterdir())
    assert record["photos"] == [[path.name, sha256(path)] for path in photos]
    assert record["photos_sha256"] == hashlib.sha256("\n".join(map(sha256, photos)).encode()).hexdigest()


@pytest.mark.parametrize(
    "changes",
    [
        {"network": "dcgan", "augment": "ada", "flip": True, "seed": 7, "shots": 9, "loss": "hinge", "r1": 0.5},
        {"method": "modulate", "method_options": ("probe_steps=1", "fisher_steps=1"), "square": "pad"},
    ],
)
def test_the_command_repeats_the_run_from_any_folder(
    changes: dict[str, Any],
    tiny: dict[str, Any],
    tmp_path: Path,
    assert_same_run: Callable[..., None],
    drawn_source: Callable[..., str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if "method" in changes:
        changes = changes | {"source": drawn_source("stylegan2")}
    images = Path(tiny["images"])
    monkeypatch.chdir(images.parent)
    first = train.run(TrainOptions(**{**tiny, **changes, "images": images.name}))
    words = shlex.split(record_of(first)["command"])
    assert words[:3] == ["graftgan", "train", str(images)]
    assert "--images" not in words and "--resume" not in words
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert main(words[1:]) == 0
    again = first.with_name(first.name.replace("0001", "0002"))
    assert_same_run(first, again)
    assert record_of(again) == record_of(first)


def test_a_path_with_blanks_and_quotes_survives_the_command(tiny: dict[str, Any], tmp_path: Path) -> None:
    odd = tmp_path / "my 'best' photos"
    shutil.copytree(tiny["images"], odd)
    folder = train.run(TrainOptions(**{**tiny, "kimg": 0.008, "images": str(odd)}))
    assert folder.name == "0001-my-best-photos-train"
    assert shlex.split(record_of(folder)["command"])[2] == str(odd)


def test_the_hold_out_is_recorded_too(tiny: dict[str, Any]) -> None:
    folder = train.run(TrainOptions(**{**tiny, "kimg": 0.008, "shots": 10}))
    record = record_of(folder)
    assert len(record["photos"]) == 10 and len(record["holdout_sha256"]) == 64
    rows = list(csv.DictReader((folder / "photos.csv").read_text().splitlines()))
    assert [row["verdict"] for row in rows].count("kept") == 10
    assert record_of(train.run(TrainOptions(**{**tiny, "kimg": 0.008})))["holdout_sha256"] is None


def test_another_model_under_the_sources_name_is_refused_on_resume(tiny: dict[str, Any], tmp_path: Path) -> None:
    sources = [train.run(TrainOptions(**{**tiny, "kimg": 0.008, "seed": seed})) for seed in (1, 2)]
    source = tmp_path / "source"
    shutil.copytree(sources[0] / "model", source)
    folder = train.run(TrainOptions(**{**tiny, "source": str(source), "kimg": 0.016}))
    shutil.rmtree(source)
    shutil.copytree(sources[1] / "model", source)
    with pytest.raises(UserError, match="--source .*source: no longer the model that .* began with"):
        train.run(TrainOptions(resume=str(folder)))


def test_a_full_disk_is_one_line_wherever_it_strikes(tiny: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    import errno
    import os

    import graftgan.files
    import graftgan.training.log

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    places: list[tuple[Any, str]] = [
        (graftgan.training.log.os, "fsync"),
        (graftgan.files.os, "replace"),
        (graftgan.recipes.training_run.Image.Image, "save"),
        (graftgan.training.log.SummaryWriter, "flush"),
    ]
    for owner, name in places:
        with monkeypatch.context() as patch:
            patch.setattr(owner, name, full)
            with pytest.raises(UserError, match="No space left on device") as refused:
                train.run(TrainOptions(**tiny))
            assert "\n" not in str(refused.value) and "runs" in str(refused.value)
