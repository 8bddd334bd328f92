"""`advise`: the true source first among two, one line for what cannot be looked at, and a page of its own."""

import json
import shlex
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

import graftgan
from graftgan.cli.arguments import parse
from graftgan.cli.main import main
from graftgan.errors import UserError
from graftgan.networks import NETWORKS
from graftgan.recipes import advise, train
from graftgan.recipes.adapt import AdaptOptions
from graftgan.recipes.advise import AdviseOptions
from graftgan.recipes.advise_page import lines
from graftgan.recipes.measured import Measured, Pair
from graftgan.recipes.train import TrainOptions
from graftgan.sampling.sample import sample
from graftgan.zoo.catalogue import catalogue
from graftgan.zoo.model_folder import Model, load_model, save_model


def drawn(seed: int, folder: Path, channels: int = 3, discriminator: bool = True) -> Path:
    """A random DCGAN whose pictures have contrast, as a model folder."""
    sizes: dict[str, Any] = {"resolution": 16, "channel_base": 128, "channel_max": 8, "channels": channels}
    generator = NETWORKS["dcgan"].generator(**sizes, z_dim=8)
    judge = NETWORKS["dcgan"].discriminator(**sizes)
    for network in (generator, judge):
        network.init_weights(torch.Generator().manual_seed(seed))
    for weight in generator.parameters():
        if weight.ndim == 4:
            weight.data *= 6
    save_model(folder, Model("dcgan", generator, judge if discriminator else None, {}), "a card")
    return folder


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return drawn(1, tmp_path_factory.mktemp("sources") / "one")


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return drawn(2, tmp_path_factory.mktemp("sources") / "other")


@pytest.fixture(scope="module")
def of_one(one: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight pictures of the first source, by seeds that nobody else takes."""
    folder = tmp_path_factory.mktemp("photos") / "eight"
    folder.mkdir()
    for at, picture in enumerate(sample(load_model(one).generator, range(8))):
        Image.fromarray(picture).save(folder / f"{at}.png")
    return folder


def options(photos: Path, tmp_path: Path, *sources: Path | str, **changes: Any) -> AdviseOptions:
    given = {"samples": 24, "outdir": str(tmp_path / "runs"), "devices": "cpu", **changes}
    return AdviseOptions(photos=str(photos), sources=tuple(map(str, sources)), **given)


def test_the_true_source_stands_first_with_the_published_encoder(
    of_one: Path, one: Path, other: Path, tmp_path: Path
) -> None:
    advice = advise.run(options(of_one, tmp_path, other, one, samples=16))
    assert advice.source == str(one)
    first, second = (found["measures"] for found in advice.found["sources"])
    assert first["distance"]["value"] < 0.3 * second["distance"]["value"]
    assert first["missed"]["value"] < second["missed"]["value"]
    assert first["recall"]["value"] > second["recall"]["value"]
    assert first["own_distance"]["value"] == first["distance"]["value"]  # 16 px, as the photos
    assert "it had no say" not in " ".join(advice.found["reasons"])


@pytest.fixture
def quick(of_one: Path, one: Path, other: Path, tmp_path: Path, colours: str) -> AdviseOptions:
    """An advice that sees four colours of a picture."""
    return options(of_one, tmp_path, other, one, encoder=colours)


def test_it_leaves_json_a_page_and_a_command_that_parses(quick: AdviseOptions, one: Path) -> None:
    advice = advise.run(replace(quick, seed=3))
    assert advice.folder.name == "0001-eight-advice"
    assert {path.name for path in advice.folder.iterdir()} >= {"advice.json", "advice.html", "run.json"}
    assert json.loads((advice.folder / "advice.json").read_text()) == advice.found
    html = (advice.folder / "advice.html").read_text()
    assert html.count("<figure>") == 16 and "What to type" in html
    _, verb, *words = shlex.split(advice.found["command"])
    job = parse(AdaptOptions, words, verb, positional=("photos",))
    assert (job.source, job.method, job.seed) == (str(one), advice.method.split(":")[0], 3)
    again = shlex.split(json.loads((advice.folder / "run.json").read_text())["command"])
    assert again[:2] == ["graftgan", "advise"]
    assert parse(AdviseOptions, again[2:], "advise", positional=("photos",)) == replace(quick, seed=3)
    assert "it had no say" in " ".join(advice.found["reasons"])  # another encoder than the measured pairs'


def test_the_same_advice_twice(quick: AdviseOptions) -> None:
    before = torch.get_rng_state()
    assert advise.run(quick).found == advise.run(quick).found
    assert torch.equal(torch.get_rng_state(), before)


def test_what_cannot_be_looked_at_is_skipped_in_one_line(
    quick: AdviseOptions, other: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = drawn(5, tmp_path / "broken")
    (broken / "generator.safetensors").write_bytes(b"cut")
    advice = advise.run(replace(quick, sources=(str(broken), "avatar-64", str(other))))
    assert advice.source == str(other) and len(advice.found["sources"]) == 1
    said = [line for line in lines(advice.found) if line.startswith("skipped")]
    assert "skipped" not in capsys.readouterr().err  # said once
    assert len(said) == 2 and "broken" in said[0] and "did you mean avatars-64?" in said[1]
    assert advice.found["notes"] == said


def test_no_source_at_all(quick: AdviseOptions) -> None:
    with pytest.raises(UserError, match="no source to advise on .skipped nowhere") as refused:
        advise.run(replace(quick, sources=("nowhere",)))
    assert "\n" not in str(refused.value) and not Path(quick.outdir).exists()


def test_a_source_that_adapt_refuses_stands_last(quick: AdviseOptions, other: Path, tmp_path: Path) -> None:
    headless = tmp_path / "headless"
    decoder = NETWORKS["vae"].generator(resolution=16, channel_base=128, channel_max=8, z_dim=8)
    decoder.init_weights(torch.Generator().manual_seed(0))
    save_model(headless, Model("vae", decoder, None, {}), "a card")
    advice = advise.run(replace(quick, sources=(str(headless), str(other))))
    assert [Path(found["source"]).name for found in advice.found["sources"]] == ["other", "headless"]
    assert advice.found["sources"][1]["refusal"] == "it is a vae without its encoder"
    alone = advise.run(replace(quick, sources=(str(headless),)))
    assert "No source here can be adapted" in " ".join(alone.found["source_reasons"])
    assert (alone.source, alone.method, alone.kimg, alone.command) == (None, None, None, None)
    said = "\n".join(lines(alone.found))
    assert "so nothing is recommended" in said and "graftgan adapt" not in said
    html = (alone.folder / "advice.html").read_text()
    assert "so nothing is recommended" in html and "What to type" not in html
    assert "Your photos beside headless<" in html


def test_a_source_without_a_discriminator_is_advised_on_but_with_no_method_that_needs_the_sources(
    quick: AdviseOptions, one: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pairs = (Pair("made up", 8, 0.1, {"finetune": [0.2], "freezed:frozen=1": [0.05], "weditgan": [0.1]}),)
    monkeypatch.setattr(advise, "read_measured", lambda: Measured(pairs, "colours", "made up"))
    assert advise.run(quick).method == "freezed:frozen=1"
    headless = drawn(1, tmp_path / "headless", discriminator=False)
    advice = advise.run(replace(quick, sources=(str(headless),)))
    (found,) = advice.found["sources"]
    assert not found["refusal"] and found["remarks"]["discriminator"].startswith("none: one is drawn")
    assert (advice.source, advice.method) == (str(headless), "weditgan")
    assert "Discriminator: none: one is drawn" in " ".join(advice.found["source_reasons"])


def test_a_file_in_the_place_of_the_outdir_is_refused_before_any_work(
    quick: AdviseOptions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "taken").write_text("")
    monkeypatch.setattr(advise, "launch", lambda *_: pytest.fail("work began"))
    for outdir in (tmp_path / "taken", tmp_path / "taken" / "below"):
        with pytest.raises(UserError, match="--outdir .*: a file is in the place of the folder"):
            advise.run(replace(quick, outdir=str(outdir)))


def test_one_grey_photo_of_another_size_and_a_grey_source(quick: AdviseOptions, tmp_path: Path) -> None:
    folder = tmp_path / "grey"
    folder.mkdir()
    Image.fromarray(np.linspace(0, 255, 40 * 50).reshape(40, 50).astype(np.uint8)).save(folder / "a.png")
    grey = drawn(3, tmp_path / "plain", channels=1)
    (found,) = advise.run(replace(quick, photos=str(folder), sources=(str(grey),))).found["sources"]
    assert found["remarks"] == {
        "size": "16 px, your photos call for 64: finer detail is lost",
        "colour": "grey, as your photos",
    }
    assert found["measures"]["distance"]["error"] is None and "frechet" not in found["measures"]
    assert "one photo has no spread" in found["measures"]["distance"]["protocol"]["warning"]


def test_of_many_photos_some_are_drawn_and_it_is_said(quick: AdviseOptions, monkeypatch: pytest.MonkeyPatch) -> None:
    from graftgan.recipes import source_look

    monkeypatch.setattr(source_look.some, "__defaults__", (5,))
    monkeypatch.setattr(advise, "MOST_PHOTOS", 5)
    found = advise.run(quick).found
    assert found["notes"] == ["Of the 8 photos 5 were looked at, drawn once."] and found["photos"]["count"] == 8
    assert found["sources"][0]["measures"]["distance"]["protocol"]["real"] == 5


def test_finished_runs_of_train_are_found_by_themselves(
    quick: AdviseOptions, photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sizes: dict[str, Any] = {"network": "dcgan", "batch": 8, "resolution": 16, "cbase": 128, "cmax": 8, "z_dim": 8}
    run = train.run(TrainOptions(images=str(photos), kimg=0.008, ticks=1, devices="cpu", outdir=quick.outdir, **sizes))
    (Path(quick.outdir) / "0002-half-way").mkdir()
    (Path(quick.outdir) / "0002-half-way" / "run.json").write_text("{")
    found = list(advise.named(replace(quick, sources=())))
    assert found[0][0] == "avatars-64" and found[-1] == (str(run), "trained on fields")
    assert [name for name, _ in found[:-1]] == [one.name for one in catalogue() if one.usable]
    assert list(advise.named(replace(quick, sources=(quick.outdir, str(run))))) == [(str(run), "trained on fields")]
    capsys.readouterr()
    words = ["advise", str(quick.photos), "--sources", quick.outdir, "--samples", "16", "--encoder", quick.encoder]
    assert main([*words, "--outdir", quick.outdir, "--devices", "cpu"]) == 0
    out = capsys.readouterr().out.splitlines()
    assert out[0].split() == ["source", "distance", "recall", "missed"] and out[1].startswith(f"1  {run}")
    assert out[-1].endswith("0003-eight-advice/advice.html") and out[-2].startswith("graftgan adapt ")


def test_from_python(quick: AdviseOptions, one: Path) -> None:
    settings = {"samples": 16, "outdir": quick.outdir, "devices": "cpu", "encoder": quick.encoder}
    assert graftgan.advise(str(quick.photos), sources=str(one), **settings).source == str(one)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"photos": None}, "name the folder or zip of pictures to advise on"),
        ({"photos": "/nowhere/at/all"}, "no folder or zip of pictures at /nowhere/at/all"),
        ({"samples": 3}, "--samples 3: at least 16"),
        ({"encoder": "incepton"}, "--encoder incepton: did you mean inception?"),
        ({"seed": -1}, "--seed -1"),
    ],
)
def test_a_mistake_is_one_line(changes: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=message):
        advise.run(AdviseOptions(**{"photos": "x", "outdir": str(tmp_path / "runs"), "devices": "cpu", **changes}))


def test_the_page_does_not_go_among_the_photos(quick: AdviseOptions) -> None:
    with pytest.raises(UserError, match="lies in the pictures"):
        advise.run(replace(quick, outdir=f"{quick.photos}/runs"))


def test_ctrl_c_is_one_line_and_leaves_no_folder(
    quick: AdviseOptions, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def pressed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(advise, "look", pressed)
    words = ["--sources", *quick.sources, "--outdir", quick.outdir, "--encoder", quick.encoder, "--devices", "cpu"]
    assert main(["advise", str(quick.photos), *words]) == 130
    assert capsys.readouterr().err == "graftgan advise: interrupted\n" and not Path(quick.outdir).exists()
