"""`sample` writes one PNG a seed, which says how it was made."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from graftgan.errors import UserError
from graftgan.recipes import sample, train
from graftgan.recipes.sample import SampleOptions
from graftgan.recipes.train import TrainOptions
from graftgan.zoo.model_folder import load_model


@pytest.fixture(scope="module")
def folder(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    sizes: dict[str, Any] = {"batch": 8, "resolution": 16, "cbase": 128, "cmax": 8, "z_dim": 8, "ticks": 1}
    outdir = str(tmp_path_factory.mktemp("runs"))
    return train.run(TrainOptions(images=str(photos), kimg=0.016, devices="cpu", outdir=outdir, **sizes))


def test_pictures_and_grid_are_written_into_the_run(folder: Path) -> None:
    out = sample.run(SampleOptions(model=str(folder), seeds="0-2,40"))
    assert out == folder / "pictures"
    names = ["seed000000.png", "seed000001.png", "seed000002.png", "seed000040.png"]
    assert sorted(path.name for path in out.iterdir()) == ["grid.png", *names]
    with Image.open(out / "grid.png") as grid:
        assert grid.size == (4 * 16 + 3 * 2, 16)


def test_every_picture_carries_what_it_takes_to_draw_it_again(folder: Path, tmp_path: Path) -> None:
    out = sample.run(SampleOptions(model=str(folder / "model"), seeds="7", trunc=0.5, outdir=str(tmp_path / "a" / "b")))
    with Image.open(out / "seed000007.png") as picture:
        text = picture.text  # type: ignore[attr-defined]
        pixels = np.asarray(picture)
    digest = load_model(folder / "model").digest
    assert text == {"graftgan:seed": "7", "graftgan:truncation": "0.5", "graftgan:model-sha256": digest}
    again = sample.run(
        SampleOptions(
            model=str(folder),
            seeds=f"3,{text['graftgan:seed']},9",
            trunc=float(text["graftgan:truncation"]),
            outdir=str(tmp_path / "again"),
        )
    )
    with Image.open(again / "seed000007.png") as picture:
        assert np.abs(np.asarray(picture).astype(int) - pixels).max() <= 1


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model": None}, "name a run's folder, a model folder or a source"),
        ({"model": "avatar-64"}, "no source avatar-64: .*did you mean avatars-64"),
        ({"seeds": "3-1"}, "--seeds 3-1"),
        ({"trunc": -0.1}, "--trunc -0.1: from 0 to 2"),
        ({"trunc": float("nan")}, "--trunc nan: from 0 to 2"),
    ],
)
def test_what_cannot_be_is_one_line(folder: Path, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        sample.run(SampleOptions(**{"model": str(folder), **changes}))


def test_an_outdir_that_cannot_be_written_is_named(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="--outdir .*file"):
        sample.run(SampleOptions(model=str(folder), outdir=str(tmp_path / "file")))
