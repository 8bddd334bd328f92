"""A meta-learnt source is adapted by its own inner loop, by `adapt` and by `vary`; its facts are not trusted."""

import dataclasses
import json
import shlex
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

import graftgan
from graftgan.cli.arguments import given as given_words
from graftgan.cli.arguments import parse
from graftgan.devices import launch
from graftgan.errors import NumericalError, UserError
from graftgan.methods.inner_loop import Game, InnerLoop, draw
from graftgan.networks import NETWORKS
from graftgan.randomness import generator_at
from graftgan.recipes import adapt, vary
from graftgan.recipes.adapt import AdaptOptions
from graftgan.recipes.learnt_loop import learnt_loop, with_learnt_loop
from graftgan.recipes.pictures import read_pictures, real_batches
from graftgan.recipes.record import command
from graftgan.zoo.model_folder import Model, load_model, save_model

LOOP: dict[str, Any] = dict(
    loss="hinge", optimiser="sgd", lr_g=0.02, lr_d=0.03, r1=1.0, gradient_penalty=0.0, steps=3, shots=4
)


def pair(about: dict[str, Any]) -> Model:
    shapes: dict[str, Any] = dict(resolution=16, channel_base=64, channel_max=8, layer_norm=True)
    generator = NETWORKS["dcgan"].generator(**shapes, z_dim=4)
    discriminator = NETWORKS["dcgan"].discriminator(**shapes)
    for network in (generator, discriminator):
        network.init_weights(torch.Generator().manual_seed(0))
    return Model("dcgan", generator.eval(), discriminator.eval(), about)


@pytest.fixture
def source(tmp_path: Path) -> str:
    save_model(tmp_path / "source", pair({"inner_loop": LOOP}), "")
    return str(tmp_path / "source")


def job(source: str, photos: Path, tmp_path: Path, colours: str, **changes: Any) -> AdaptOptions:
    few: dict[str, Any] = {"encoder": colours, "metric_pictures": 8, "lpips": "none", "devices": "cpu"}
    return AdaptOptions(photos=str(photos), source=source, outdir=str(tmp_path / "runs"), **few | changes)


def test_adapt_plays_the_loop_that_the_source_has_learnt(
    source: str, photos: Path, tmp_path: Path, colours: str, capsys: pytest.CaptureFixture[str]
) -> None:
    result = adapt.run(job(source, photos, tmp_path, colours, shots=4, kimg=0.012, batch=4), {"kimg", "batch"})
    record = json.loads((result.folder / "run.json").read_text())
    options = record["options"]
    assert options["method"] == "learnt" and (options["batch"], options["augment"]) == (4, "none")
    assert options["ema_rampup"] == 0
    assert {"lr_g=0.02", "lr_d=0.03", "r1=1.0", "loss=hinge"} < set(options["method_options"])
    assert record["checkpoint"]["step"] == 3
    assert "its own inner loop (sgd): 3 steps of it" in capsys.readouterr().err
    # four photos, batches of four: every step sees all of them, so its weights are those of the inner loop
    loop, plain = learnt_loop(load_model(Path(source)), "it"), pair({})
    assert loop is not None and plain.discriminator is not None
    game = Game(plain.generator, plain.discriminator, loop.rules)
    played = AdaptOptions(**{**options, "method_options": tuple(options["method_options"])})
    shown, _ = read_pictures(played, options["photos"], 16, False)
    real_at, players = real_batches(played, shown, plain, launch("cpu")), game.start()
    for step in range(3):
        rng = generator_at(0, step)
        z_d, z_g = torch.randn(4, 4, generator=rng), torch.randn(4, 4, generator=rng)
        players, _, _ = game.step(players, real_at(step)[0], (z_d, z_g, torch.zeros(4, 1, 1, 1)))
    for name, weight in result.model.generator.named_parameters():
        assert torch.allclose(weight, players.generator[name], rtol=1e-4, atol=1e-6), name


def test_what_the_user_names_stays(source: str) -> None:
    named = AdaptOptions(
        source=source, kimg=0.02, batch=2, augment="diffaug", method="learnt", method_options=("lr_g=0.5",)
    )
    options, _ = with_learnt_loop(named, {"kimg", "batch", "augment", "method_options"})
    assert (options.kimg, options.batch, options.augment, options.checkpoint) == (0.02, 2, "diffaug", "last")
    assert options.method_options[0] == "lr_g=0.5" and "lr_d=0.03" in options.method_options
    assert not any(setting.startswith("lr_g=0.02") for setting in options.method_options)


def test_another_method_goes_on_from_there(source: str, photos: Path, tmp_path: Path, colours: str) -> None:
    first = adapt.run(job(source, photos, tmp_path, colours, shots=4))
    assert "inner_loop" not in first.model.about
    second = adapt.run(
        job(str(first.folder), photos, tmp_path, colours, shots=4, method="freezed", kimg=0.008, batch=4)
    )
    assert second.model.about["method"] == "freezed"


def test_learnt_says_when_the_source_has_learnt_nothing(tmp_path: Path) -> None:
    save_model(tmp_path / "plain", pair({}), "")
    options, line = with_learnt_loop(AdaptOptions(source=str(tmp_path / "plain"), method="learnt"), {"method"})
    assert options.batch == AdaptOptions().batch and "has learnt no inner loop" in line
    assert with_learnt_loop(AdaptOptions(source=str(tmp_path / "plain")), ())[1] == ""


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"steps": 0}, "0 steps on 4 pictures"),
        ({"steps": 10**9}, "1000000000 steps"),
        ({"lr_g": 10**400}, "is of another kind"),
        ({"loss": "\x1b[31mx\ny"}, r"'\\x1b\[31mx\\ny' is of another kind"),
        ({"shots": -1}, "-1 pictures"),
        ({"steps": 2.5}, "inner_loop.steps: '2.5' is of another kind"),
        ({"lr_g": "fast"}, "inner_loop.lr_g: 'fast'"),
        ({"lr_g": True}, "inner_loop.lr_g: 'True'"),
        ({"lr_d": 7.0}, "its inner loop: --inner-lr-d 7.0"),
        ({"r1": float("nan")}, "--r1 nan"),
        ({"r1": 1e5}, "--r1 100000.0: 0 to 65536"),
        ({"loss": "hing"}, "did you mean hinge"),
        ({"more": 1}, "another version"),
    ],
)
def test_facts_of_strangers_are_read_with_care(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        learnt_loop(pair({"inner_loop": LOOP | changes}), "it")
    for odd in ([1], "x", 3):
        with pytest.raises(UserError, match="another version"):
            learnt_loop(pair({"inner_loop": odd}), "it")


def test_whole_numbers_are_rates_too() -> None:
    found = learnt_loop(pair({"inner_loop": LOOP | {"r1": 1, "lr_g": 1}}), "it")
    assert found is not None and found.rules.r1 == 1.0 and isinstance(found.rules.r1, float)


def pictures(count: int, size: tuple[int, int] = (20, 16)) -> list[Image.Image]:
    rng = np.random.default_rng(1)
    return [Image.fromarray(rng.integers(0, 255, (size[1], size[0], 3), np.uint8)) for _ in range(count)]


def test_one_breath_is_the_inner_loop_and_its_samples(source: str) -> None:
    photos = pictures(3)
    varied = graftgan.vary(photos, source, steps=2, count=5)
    assert [picture.size for picture in varied.pictures] == [(16, 16)] * 5 and varied.steps == 2
    plain = pair({})
    assert plain.discriminator is not None
    loop = learnt_loop(load_model(Path(source)), "it")
    assert loop is not None
    game = Game(plain.generator, plain.discriminator, loop.rules)
    real = torch.from_numpy(np.stack([np.asarray(photo.crop((2, 0, 18, 16))) for photo in photos]))
    real = real.permute(0, 3, 1, 2).float() / 127.5 - 1
    players = game.start()
    for step in (1, 2):
        players, _, _ = game.run(players, real, draw(1, 3, 4, generator_at(0, step, purpose="vary")))
    for name, weight in varied.model.generator.named_parameters():
        assert torch.allclose(weight, players.generator[name], rtol=1e-5, atol=1e-7)
    again = varied.sample([1])[0]
    assert np.abs(np.asarray(again, int) - np.asarray(varied.pictures[1], int)).max() <= 1


def test_a_longer_loop_draws_more_latents_and_averages(source: str) -> None:
    photos = pictures(3)
    varied = graftgan.vary(photos, source, count=1)
    assert varied.steps == 30
    plain, loop = pair({}), learnt_loop(load_model(Path(source)), "it")
    assert plain.discriminator is not None and loop is not None
    game = Game(plain.generator, plain.discriminator, loop.rules)
    real = torch.from_numpy(np.stack([np.asarray(photo.crop((2, 0, 18, 16))) for photo in photos]))
    real = real.permute(0, 3, 1, 2).float() / 127.5 - 1
    players = game.start()
    average = players.generator
    for step in range(1, 31):
        players, _, _ = game.run(players, real, draw(1, 32, 4, generator_at(0, step, purpose="vary")))
        keep = 0.5 ** (1 / (0.3 * step))
        average = {name: keep * old + (1 - keep) * players.generator[name] for name, old in average.items()}
    for name, weight in varied.model.generator.named_parameters():
        assert torch.allclose(weight, average[name], rtol=1e-4, atol=1e-6)


def test_a_run_is_long_unless_its_budget_is_named(source: str) -> None:
    options, _ = with_learnt_loop(AdaptOptions(source=source), ())
    assert (options.batch, options.schedule().steps, options.ema_rampup) == (32, 30, 0.3)
    assert options.schedule().half_life_kimg >= options.kimg  # the ramp-up alone says how long the average is
    named, _ = with_learnt_loop(AdaptOptions(source=source, kimg=0.32), {"kimg"})
    assert (named.batch, named.schedule().steps, named.kimg) == (32, 10, 0.32)


@pytest.mark.parametrize(("loss", "penalty"), [("relativistic", 0.0), ("wasserstein", 10.0), ("hinge", 0.0)])
def test_more_fakes_than_pictures_take_each_picture_in_turn(loss: str, penalty: float) -> None:
    plain = pair({})
    assert plain.discriminator is not None
    game = Game(plain.generator, plain.discriminator, InnerLoop(loss=loss, r1=0.0, gradient_penalty=penalty))
    rng = torch.Generator().manual_seed(0)
    real, draws = torch.randn(2, 3, 16, 16, generator=rng), draw(1, 4, 4, rng)
    few, _, _ = game.run(game.start(), real, draws)
    many, _, _ = game.run(game.start(), real.repeat(2, 1, 1, 1), draws)
    for name, weight in few.generator.items():
        assert torch.allclose(weight, many.generator[name], rtol=1e-4, atol=1e-5)


def test_variations_are_kept_as_a_source(source: str, photos: Path, tmp_path: Path) -> None:
    varied = graftgan.vary(photos, source, count=2)
    folder = varied.save(tmp_path / "kept")
    assert np.array_equal(np.asarray(graftgan.load(folder).sample([1])[0]), np.asarray(varied.sample([1])[0]))
    with pytest.raises(UserError, match="kept holds a model already"):
        varied.save(folder)


def test_vary_refuses(source: str, tmp_path: Path) -> None:
    save_model(tmp_path / "plain", pair({}), "")
    for photos, where, options, message in (
        (pictures(2), tmp_path / "plain", {}, "plain has learnt no inner loop: `graftgan meta` makes"),
        (pictures(2), source, {"steps": 0}, "steps 0: a whole number from 1"),
        (pictures(2), source, {"steps": 2.5}, "steps 2.5: a whole number"),
        (pictures(2), source, {"count": 0}, "count 0: a whole number from 1"),
        (pictures(2), source, {"seed": -1}, "seed -1: a whole number from 0"),
        (pictures(2), source, {"square": "round"}, "--square round"),
        ([], source, {}, "0 pictures"),
        (pictures(65), source, {}, "65 pictures"),
        (["a.png"], source, {}, "name a folder or zip, or give PIL pictures"),
        (tmp_path / "none", source, {}, "none"),
    ):
        with pytest.raises(UserError, match=message):
            vary.run(photos, where, **options)  # type: ignore[arg-type]


def test_a_loop_that_runs_away_is_said(tmp_path: Path) -> None:
    save_model(tmp_path / "wild", pair({"inner_loop": LOOP | {"lr_g": 1.0, "lr_d": 1.0, "r1": 6e4}}), "")
    with pytest.raises(NumericalError, match="NaN or infinity after 30 steps: take fewer"):
        vary.run(pictures(2), tmp_path / "wild", steps=30)


def test_pictures_in_memory_are_read_as_from_files(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    clear = Image.fromarray(rng.integers(0, 255, (16, 16, 4), np.uint8), "RGBA")
    wide = Image.fromarray(rng.integers(0, 65535, (16, 16)).astype(np.uint16))
    turned = Image.fromarray(rng.integers(0, 255, (16, 16, 3), np.uint8))
    turned.getexif()[0x0112] = 6
    inks = Image.fromarray(rng.integers(0, 255, (16, 16, 3), np.uint8)).convert("CMYK")
    for name, picture in {"clear": clear, "wide": wide, "turned": turned}.items():
        (tmp_path / name).mkdir()
        picture.save(tmp_path / name / "a.png", exif=picture.getexif())
        from_file = vary.pixels_of(tmp_path / name, 16, "crop")
        assert np.array_equal(vary.pixels_of([picture], 16, "crop"), from_file), name
        assert np.array_equal(vary.pixels_of(picture, 16, "crop"), from_file), "one picture"  # type: ignore[arg-type]
    assert np.array_equal(vary.pixels_of([inks], 16, "crop")[0], np.asarray(inks.convert("RGB")))


def test_nan_in_the_generator_alone_is_seen(source: str, monkeypatch: pytest.MonkeyPatch) -> None:
    played = vary.played

    def spoilt(*arguments: Any) -> Any:
        generator, discriminator = played(*arguments)
        next(generator.parameters()).data.fill_(float("nan"))
        return generator, discriminator

    monkeypatch.setattr(vary, "played", spoilt)
    with pytest.raises(NumericalError, match="NaN or infinity"):
        vary.run(pictures(2), source, steps=1)


def test_the_command_of_a_run_plays_the_same_again(source: str) -> None:
    given = {"batch": 16, "kimg": 10.0, "augment": "diffaug", "checkpoint": "watch"}
    options, _ = with_learnt_loop(AdaptOptions(source=source, photos="photos", **given), given)  # type: ignore[arg-type]
    words = shlex.split(command("adapt", options))[2:]
    again = parse(AdaptOptions, words, "adapt", positional=("photos",))
    assert with_learnt_loop(again, given_words(words))[0] == options
    assert again == options


def test_a_rate_and_a_loss_that_are_named_are_the_loops(source: str) -> None:
    options, _ = with_learnt_loop(AdaptOptions(source=source, lr_g=0.001, loss="relativistic"), {"lr_g", "loss"})
    assert {"lr_g=0.001", "loss=relativistic", "lr_d=0.03"} < set(options.method_options)


def test_an_inner_loop_wants_both_players() -> None:
    alone = dataclasses.replace(pair({"inner_loop": LOOP}), discriminator=None)
    with pytest.raises(UserError, match="it: an inner loop is played by a generator and its discriminator"):
        learnt_loop(alone, "it")
