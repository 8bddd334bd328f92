"""`sample` writes one PNG a seed, which says how it was made."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from graftgan.cli.main import main
from graftgan.errors import UserError
from graftgan.recipes import sample, train
from graftgan.recipes.engines import ENGINES
from graftgan.recipes.result import load
from graftgan.recipes.sample import SampleOptions
from graftgan.recipes.train import TrainOptions
from graftgan.sampling.carried import read_carried, read_frames
from graftgan.sampling.drawn import line
from graftgan.sampling.origin import from_json
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
    origin = text.pop("graftgan:origin")
    assert text == {"graftgan:seed": "7", "graftgan:truncation": "0.5", "graftgan:model-sha256": digest}
    assert from_json(origin).name == folder.name and str(folder.parent) not in origin
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
        ({"engine": "tensorflow"}, "--engine tensorflow: unknown .choose from torch"),
        ({"film": "mixin"}, "--film mixin: did you mean mixing?"),
        ({"film": "interpolation", "format": "gif"}, "--format gif: unknown .choose from webp, mp4"),
        ({"film": "interpolation", "fps": 0}, "--fps 0: from 1 to 60"),
        ({"film": "interpolation", "seconds": float("nan")}, "--seconds nan: more than 0"),
        ({"film": "interpolation", "seconds": 300.0}, "--seconds 300.0: a film of more than 36000 frames"),
        ({"film": "interpolation", "scale": 65}, "--scale 65: from 1 to 64"),
        ({"film": "interpolation", "seeds": "3"}, "--seeds: a film passes through two seeds at least"),
        ({"film": "interpolation", "seeds": "0-1024"}, "--seeds: a film of more than 1024 seeds"),
        ({"film": "mixing", "mix_with": "3"}, "--mix-with: a film passes through two seeds at least"),
        ({"film": "mixing", "mix_with": "3,4", "scale": 32}, "a film of 9152 x 512 pixels: at most 4096 a side"),
        ({"film": "mixing"}, "--film mixing: name the seeds whose styles it walks through with --mix-with"),
        ({"fps": 10}, "--fps is for films: add --film"),
        ({"loop": False}, "--no-loop is for films"),
        ({"mix_layers": "0-1"}, "--mix-layers: name the seeds that give these styles with --mix-with"),
        ({"mix_with": "1-0"}, "--mix-with 1-0: write numbers"),
        ({"mix_with": "1", "mix_layers": "0-9"}, "--mix-layers 0-9: this network has 6 style layers"),
        ({"mix_with": "0-1024"}, "--mix-with: a table of more than 1024"),
        ({"seeds": "0-999", "mix_with": "0-999"}, "a picture of 18022 x 18022 pixels: at most 40 megapixels"),
        ({"single": False, "grid": False}, "nothing is left to write"),
    ],
)
def test_what_cannot_be_is_one_line_and_writes_nothing(
    folder: Path, changes: dict[str, Any], message: str, tmp_path: Path
) -> None:
    with pytest.raises(UserError, match=message):
        sample.run(SampleOptions(**{"model": str(folder), "outdir": str(tmp_path / "out"), **changes}))
    assert not (tmp_path / "out").exists()


def test_an_outdir_that_cannot_be_written_is_named(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="--outdir .*file"):
        sample.run(SampleOptions(model=str(folder), outdir=str(tmp_path / "file")))


def test_the_grid_carries_all_its_seeds(folder: Path, tmp_path: Path) -> None:
    out = sample.run(SampleOptions(model=str(folder), seeds="0-2,40", trunc=0.7, outdir=str(tmp_path)))
    origin = read_carried(out / "grid.png").origin
    assert (origin.kind, origin.seeds, origin.truncation) == ("grid", (0, 1, 2, 40), 0.7)
    with Image.open(out / "grid.png") as grid:
        assert grid.info["graftgan:seed"] == "0-2,40"


def test_switches_leave_out_pictures_or_grid(folder: Path, tmp_path: Path) -> None:
    for name, options in (("seed000001.png", {"grid": False}), ("grid.png", {"single": False})):
        out = sample.run(SampleOptions(model=str(folder), seeds="1", outdir=str(tmp_path / name), **options))
        assert [path.name for path in out.iterdir()] == [name]


def test_very_many_are_written_as_they_are_drawn(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    there: list[int] = []
    draw = sample.sample

    def watched(generator: Any, seeds: Any, **options: Any) -> Any:
        there.append(len(list(tmp_path.glob("seed*.png"))))
        return draw(generator, seeds, **options)

    monkeypatch.setattr(sample, "sample", watched)
    assert main(["sample", str(folder), "--seeds", "0-299", "--outdir", str(tmp_path)]) == 0
    assert there == list(range(0, 300, 32))
    assert len(list(tmp_path.glob("seed*.png"))) == 300
    assert read_carried(tmp_path / "grid.png").origin.seeds == tuple(range(64))
    assert "grid.png shows the first of them, and leaves out 236." in capsys.readouterr().out


@pytest.mark.parametrize(
    ("count", "side", "shown"),
    [(256, 64, 256), (257, 64, 64), (100, 1024, 32), (256, 512, 144), (5, 1024, 5), (256, 256, 256)],
)
def test_a_grid_stays_below_forty_megapixels(count: int, side: int, shown: int) -> None:
    assert sample.shown_in_grid(count, side) == shown
    assert line(8, side) * line(-(-shown // 8), side) <= 40_000_000 or shown <= 8


@pytest.mark.parametrize("name", ["seed000001.png", "grid.png", "interpolation.webp"])
def test_files_of_others_stay_as_they_are(folder: Path, tmp_path: Path, name: str) -> None:
    options = {"seeds": "0-1", "outdir": str(tmp_path), "film": "interpolation", "seconds": 0.1}
    Image.new("RGB", (9, 9)).save(tmp_path / name)
    before = (tmp_path / name).read_bytes()
    with pytest.raises(UserError, match=f"{name} is not a picture of graftgan and stays as it is"):
        sample.run(SampleOptions(model=str(folder), **options))
    assert (tmp_path / name).read_bytes() == before and len(list(tmp_path.iterdir())) == 1


def test_our_own_are_replaced_also_an_old_grid(folder: Path, tmp_path: Path) -> None:
    options = SampleOptions(model=str(folder), seeds="0-1", outdir=str(tmp_path), film="interpolation", seconds=0.1)
    sample.run(options)
    Image.new("RGB", (9, 9)).save(tmp_path / "grid.png")  # as versions before wrote it, without a word of its own
    sample.run(options)
    assert read_carried(tmp_path / "grid.png").width == 34


def test_films_are_named_counted_and_scaled(folder: Path, tmp_path: Path) -> None:
    options = {"seeds": "0-2", "seconds": 0.5, "fps": 8, "single": False, "grid": False}
    for form in ("webp", "mp4"):
        done = sample.draw(
            SampleOptions(model=str(folder), outdir=str(tmp_path), film="interpolation", format=form, **options)
        )
        assert done.files == (tmp_path / f"interpolation.{form}",)
        found = read_carried(done.files[0])
        assert (found.frames, found.width, found.height) == (12, 256, 256)
        assert found.origin.fps == 8 and found.origin.frames == 4 and found.origin.loop


def test_an_engine_is_used_and_told(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def black(model: Any) -> Any:
        return lambda z, c, truncation: torch.full((len(z), 3, 16, 16), -1.0)

    monkeypatch.setitem(ENGINES, "onnx", black)
    options = {"seeds": "0-1", "film": "interpolation", "seconds": 0.1, "engine": "onnx"}
    out = sample.run(SampleOptions(model=str(folder), outdir=str(tmp_path), **options))
    assert read_carried(out / "seed000001.png").origin.engine == "onnx"
    assert not next(read_frames(out / "grid.png", "png")).any(axis=2)[:16, :16].any()
    assert read_carried(out / "interpolation.webp").origin.engine == "torch", "styles are torch's"


def test_pictures_of_python_say_how_they_were_made(folder: Path) -> None:
    result = load(folder)
    pictures = result.sample(range(34), truncation=0.5)
    info = pictures[33].info
    assert info["graftgan:seed"] == "33" and info["graftgan:model-sha256"] == result.model.digest
    assert from_json(info["graftgan:origin"]).truncation == 0.5
    with pytest.raises(UserError, match="--seeds"):
        result.sample([])
