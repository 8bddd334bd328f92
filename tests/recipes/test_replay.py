"""`replay` makes pictures and films again from what they say, with the model of their hash."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

import graftgan
from graftgan.cli.main import main
from graftgan.errors import UserError
from graftgan.networks import NETWORKS
from graftgan.randomness import generator_at
from graftgan.recipes import replay, sample
from graftgan.recipes.replay import ReplayOptions
from graftgan.recipes.sample import SampleOptions
from graftgan.sampling.carried import read_carried, read_frames, write_png
from graftgan.zoo.model_folder import Model, load_model, save_model


def save(folder: Path, network: str = "stylegan2", seed: int = 0, **options: int) -> Path:
    sizes = {"resolution": 16, "channel_base": 128, "channel_max": 8, "z_dim": 8, **options}
    generator = NETWORKS[network].generator(**sizes)
    generator.init_weights(generator_at(seed, 0))
    save_model(folder, Model(network, generator.eval(), None, {}), "# card")
    return folder


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A current folder with three runs."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GRAFTGAN_HOME", str(tmp_path / "home"))
    save(tmp_path / "runs" / "0001-ink" / "model", seed=1)
    save(tmp_path / "runs" / "0002-chalk" / "model", seed=2)
    save(tmp_path / "runs" / "0003-plain" / "model", "dcgan", seed=3)
    return tmp_path


def drawn(run: str, outdir: str, **options: Any) -> Path:
    return sample.run(SampleOptions(model=f"runs/{run}", outdir=outdir, **options))


def again(path: Path | str, **options: Any) -> replay.Replayed:
    return replay.run(ReplayOptions(picture=str(path), **options))


@pytest.mark.parametrize("run", ["0002-chalk", "0003-plain"])
def test_picture_and_grid_are_equal_and_the_model_is_found_by_its_hash(home: Path, run: str) -> None:
    out = drawn(run, "far/away", seeds="0-10", trunc=0.8)
    for name in ("seed000007.png", "grid.png"):
        done = again(out / name)
        assert done.equal and done.same and done.difference == 0 and done.note == ""
        assert done.model.resolve() == home / "runs" / run / "model"
        assert done.path == out / name.replace(".png", "-replayed.png")
        assert np.array_equal(next(read_frames(done.path, "png")), next(read_frames(out / name, "png")))
        assert read_carried(done.path).origin == read_carried(out / name).origin
        assert done.origin.name == run


def test_tables_and_films_of_styles_are_equal(home: Path) -> None:
    options = {"mix_with": "8-9", "mix_layers": "coarse", "film": "mixing", "seconds": 0.4, "fps": 5, "scale": 2}
    out = drawn("0001-ink", "out", seeds="0-2", single=False, grid=False, **options)
    assert sorted(path.name for path in out.iterdir()) == ["mixing.png", "mixing.webp"]
    for name, frames in (("mixing.png", 1), ("mixing.webp", 4)):
        done = again(out / name)
        assert done.equal
        one, other = (list(read_frames(path, path.suffix[1:])) for path in (out / name, done.path))
        assert len(one) == frames and all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize(("run", "form"), [("0001-ink", "webp"), ("0003-plain", "webp"), ("0003-plain", "mp4")])
def test_walks_are_equal(home: Path, run: str, form: str) -> None:
    options = {"film": "interpolation", "format": form, "seconds": 0.6, "fps": 5, "loop": False}
    out = drawn(run, "out", seeds="4,2", single=False, grid=False, **options)
    done = again(out / f"interpolation.{form}")
    assert done.equal and read_carried(done.path).frames == 4
    first = next(read_frames(done.path, form))
    assert first.shape == (256, 256, 3)
    own = np.asarray(graftgan.load(f"runs/{run}").sample([4])[0]).repeat(16, 0).repeat(16, 1)
    difference = np.abs(first.astype(int) - own)
    assert difference.max() <= 1 if form == "webp" else difference.mean() < 4


def test_grey_and_labelled_networks(home: Path) -> None:
    save(home / "runs" / "0004-grey" / "model", channels=1, c_dim=3)
    options = {"mix_with": "8,9", "film": "interpolation", "seconds": 0.4, "fps": 5}
    out = drawn("0004-grey", "out", seeds="0-3", **options)
    for name in ("seed000002.png", "grid.png", "mixing.png", "interpolation.webp"):
        assert again(out / name).equal, name
    assert read_carried(out / "grid.png").origin.classes == (0, 1, 2, 0)
    with Image.open(out / "grid.png") as picture:
        assert picture.mode == "L"


def test_a_picture_is_the_same_whatever_company_it_had(home: Path) -> None:
    out = drawn("0001-ink", "out", seeds="0-36", grid=False)
    assert read_carried(out / "seed000003.png").origin.batch == 32
    assert read_carried(out / "seed000036.png").origin.batch == 5
    assert again(out / "seed000036.png").equal


def test_a_changed_picture_is_told(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = drawn("0001-ink", "out", seeds="3", grid=False)
    path = out / "seed000003.png"
    origin = read_carried(path).origin
    pixels = next(read_frames(path, "png"))
    for name, move in (("near", 1), ("far", 40)):
        changed = pixels.copy()
        changed[2, 3, 0] = changed[2, 3, 0] - move if changed[2, 3, 0] >= move else changed[2, 3, 0] + move
        write_png(out / f"{name}.png", changed, origin)
    assert main(["replay", str(out / "near.png")]) == 0
    assert "differ by 1 level of 255 at most" in capsys.readouterr().out
    assert main(["replay", str(out / "far.png")]) == 2
    said = capsys.readouterr().err
    assert "far-replayed.png is not the same: pixels differ by up to 40 levels" in said and said.count("\n") == 1
    assert again(path).equal


def test_another_model_is_refused_by_both_hashes(home: Path) -> None:
    out = drawn("0001-ink", "out", seeds="3", grid=False)
    digests = [load_model(home / "runs" / run / "model").digest for run in ("0002-chalk", "0001-ink")]
    with pytest.raises(
        UserError, match=f"--model runs/0002-chalk: {digests[0][:12]} is not .*{digests[1][:12]}, 0001-ink"
    ):
        again(out / "seed000003.png", model="runs/0002-chalk")
    assert again(out / "seed000003.png", model="runs/0001-ink").equal


def test_a_model_that_is_not_here_is_asked_for(home: Path) -> None:
    out = drawn("0001-ink", "out", seeds="3", grid=False)
    shutil.rmtree(home / "runs" / "0001-ink")
    with pytest.raises(UserError, match=r"no model .* here \(it was called 0001-ink\): looked at \d+ .*--model"):
        again(out / "seed000003.png")


def test_a_picture_in_its_run_finds_it_from_anywhere(
    home: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = sample.run(SampleOptions(model="runs/0001-ink", seeds="3", grid=False)).resolve()
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    assert again(out / "seed000003.png").model == home / "runs" / "0001-ink" / "model"


def test_an_embedded_source_is_found(home: Path) -> None:
    out = sample.run(SampleOptions(model="avatars-64", seeds="3", grid=False, outdir="out"))
    done = again(out / "seed000003.png")
    assert done.equal and done.model.name == "avatars-64" == done.origin.name


def test_only_weights_are_hashed_and_not_without_end(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = drawn("0001-ink", "out", seeds="3", grid=False)
    shutil.rmtree(home / "runs" / "0001-ink")
    read: list[str] = []

    def watched(path: Path) -> str:
        read.append(path.name)
        return ""

    monkeypatch.setattr(replay, "file_digest", watched)
    monkeypatch.setattr(replay, "catalogue", lambda: [])
    monkeypatch.setattr(replay, "cache_home", lambda: home / "nothing")
    for most, looked in ((1000, 2), (1, 1)):
        monkeypatch.setattr(replay, "MOST_HASHED", most)
        with pytest.raises(UserError, match=f"looked at {looked} models"):
            again(out / "seed000003.png")
    assert read == ["generator.safetensors"] * 3


def test_nothing_is_overwritten(home: Path) -> None:
    out = drawn("0001-ink", "out", seeds="3", grid=False)
    path = out / "seed000003.png"
    (out / "seed000003-replayed.png").write_text("mine")
    for options in ({}, {"out": str(path)}):
        with pytest.raises(UserError, match="there is such a file, and nothing is overwritten"):
            again(path, **options)
    assert (out / "seed000003-replayed.png").read_text() == "mine"
    assert graftgan.replay(path, out=out / "new.png").path == out / "new.png"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"picture": None}, "name a picture or film"),
        ({"picture": "none.png"}, "none.png: there is no such file"),
        ({"out": "x.webp"}, "--out x.webp: it will be a png file"),
        ({"out": "no/where.png"}, "--out no/where.png: there is no folder no"),
        ({"model": "runs/0009"}, "no source runs/0009"),
    ],
)
def test_what_cannot_be_is_one_line(home: Path, options: dict[str, Any], message: str) -> None:
    out = drawn("0001-ink", "out", seeds="3", grid=False)
    with pytest.raises(UserError, match=message):
        replay.run(ReplayOptions(**{"picture": str(out / "seed000003.png"), **options}))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"classes": [1]}, "the classes that it names are not those of its seeds"),
        ({"kind": "grid", "seeds": [3, 4]}, "by its origin 1 x 34 x 16 pixels, and it has 1 x 16 x 16"),
        (
            {"kind": "interpolation", "seeds": [3, 4], "frames": 9, "fps": 9},
            "its origin is a film's, and it is a picture",
        ),
        ({"kind": "mixing", "columns": [4], "layers": [50]}, "by its origin 1 x 40 x 40 pixels"),
    ],
)
def test_an_origin_that_does_not_fit_is_refused_before_drawing(
    home: Path, changes: dict[str, Any], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = drawn("0001-ink", "out", seeds="3", grid=False)
    told = json.loads(read_carried(out / "seed000003.png").origin.to_json()) | changes
    info = PngInfo()
    info.add_text("graftgan:origin", json.dumps(told))
    Image.open(out / "seed000003.png").save(out / "lie.png", pnginfo=info)
    monkeypatch.setattr(replay, "still", None)
    with pytest.raises(UserError, match=message):
        again(out / "lie.png")


def test_an_engine_that_is_not_here_is_replaced_and_told(home: Path) -> None:
    out = drawn("0001-ink", "out", seeds="3", grid=False)
    told = json.loads(read_carried(out / "seed000003.png").origin.to_json()) | {"engine": "abacus"}
    info = PngInfo()
    info.add_text("graftgan:origin", json.dumps(told))
    Image.open(out / "seed000003.png").save(out / "other.png", pnginfo=info)
    done = again(out / "other.png")
    assert done.same and done.note == "drawn by torch: there is no engine abacus here"


def test_a_film_of_python_is_replayed(home: Path) -> None:
    run = graftgan.load("runs/0003-plain")
    path = run.film("film.webp", [1, 2], seconds=0.5, fps=4, scale=1)
    with Image.open(path) as film:
        assert film.n_frames == 4 and film.size == (16, 16)  # type: ignore[attr-defined]
    assert graftgan.replay(path).equal
    assert run.film("film.webp", [1, 2], seconds=0.25, fps=4) == path, "our own is replaced"
    Path("mine.webp").write_text("mine")
    with pytest.raises(UserError, match="mine.webp is not a picture of graftgan and stays as it is"):
        run.film("mine.webp", [1, 2])
    with pytest.raises(UserError, match="gif"):
        run.film("film.gif", [1, 2])
