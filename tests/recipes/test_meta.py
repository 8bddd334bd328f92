"""`graftgan meta` on made tasks: bit-exact resume, what the source knows of itself, and refusals."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from graftgan.errors import UserError
from graftgan.recipes.meta import run
from graftgan.recipes.meta_options import MetaOptions
from graftgan.zoo.model_folder import load_model

SMALL: dict[str, Any] = dict(resolution=16, cbase=64, cmax=8, z_dim=4, inner_steps=2, shots=2, queries=2, at_once=2)


@pytest.fixture
def tasks(tmp_path: Path) -> Path:
    """Five classes of five pictures: each class a colour, its pictures a little apart."""
    rng = np.random.default_rng(0)
    for colour in range(5):
        folder = tmp_path / "tasks" / f"class{colour}"
        folder.mkdir(parents=True)
        for at in range(5):
            pixels = np.clip(rng.normal(50 * colour, 10, (16, 16, 3)), 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(folder / f"{at}.png")
    return tmp_path / "tasks"


def options(tasks: Path, out: Path, **changes: Any) -> MetaOptions:
    return MetaOptions(tasks=str(tasks), outdir=str(out), held_out_classes=2, devices="cpu", **{**SMALL, **changes})


@pytest.mark.parametrize(
    ("algorithm", "network", "optimiser"),
    [
        ("reptile", "dcgan", "sgd"),
        ("reptile", "stylegan2", "adam"),
        ("fomaml", "dcgan", "adam"),
        ("maml", "dcgan", "sgd"),
    ],
)
def test_a_resumed_run_is_the_uninterrupted_one(
    tasks: Path, tmp_path: Path, algorithm: str, network: str, optimiser: str
) -> None:
    kind = dict(algorithm=algorithm, network=network, inner_optimiser=optimiser, ticks=2)
    whole = run(options(tasks, tmp_path / "whole", episodes=8, **kind))
    half = run(options(tasks, tmp_path / "half", episodes=4, **kind))
    more = run(MetaOptions(resume=str(half), episodes=8, devices="cpu"), {"episodes"})
    assert more == half
    for name in ("generator", "discriminator"):
        made, wanted = (path / "model" / f"{name}.safetensors" for path in (more, whole))
        assert made.read_bytes() == wanted.read_bytes()


def test_the_source_knows_its_inner_loop_and_what_was_held_out(tasks: Path, tmp_path: Path) -> None:
    folder = run(options(tasks, tmp_path / "out", episodes=4, inner_lr_g=0.02))
    about = load_model(folder / "model").about
    assert about["inner_loop"]["lr_g"] == 0.02 and about["inner_loop"]["steps"] == 2
    assert len(about["held_out_classes"]) == 2 and about["classes_learnt"] == 3 and about["episodes"] == 4
    record = json.loads((folder / "run.json").read_text())
    assert set(record["classes"]).isdisjoint(record["held_out_classes"])
    sheets = sorted((folder / "samples").glob("*.png"))
    with Image.open(sheets[-1]) as sheet:
        assert sheet.size[0] > 16 * (2 + 8)  # a row: the shots, then eight samples


def test_one_batch_of_tasks_is_the_mean_of_its_tasks(tasks: Path, tmp_path: Path) -> None:
    # an outer step of SGD-like size would differ; Adam's first step is a sign, so the slopes themselves are compared
    from graftgan.devices import launch
    from graftgan.methods.inner_loop import Game
    from graftgan.recipes.meta import as_tasks, outer_slopes, read_classes, starting_pair

    both = options(tasks, tmp_path, at_once=2)
    split = as_tasks(read_classes(both, False), 2, 4, 0)
    model = starting_pair(both)
    assert model.discriminator is not None
    game = Game(model.generator, model.discriminator, both.inner_loop())
    fabric = launch("cpu")
    together = outer_slopes(both, split, game, 3, fabric)
    single = options(tasks, tmp_path, at_once=1)
    apart = [outer_slopes(single, split, game, index, fabric) for index in (6, 7)]
    for network in range(2):
        for name, slope in together[network].items():
            mean = (apart[0][network][name] + apart[1][network][name]) / 2
            assert slope.numpy() == pytest.approx(mean.numpy(), rel=1e-3, abs=1e-6)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"algorithm": "reptil"}, "did you mean reptile"),
        ({"inner_optimiser": "adm"}, "did you mean adam"),
        ({"inner_lr_g": 0.0}, "--inner-lr-g 0.0: above 0"),
        ({"outer_optimiser": "rmsprop"}, "--outer-optimiser rmsprop"),
        ({"ema_episodes": -1.0}, "--ema-episodes -1.0: 0 or more"),
        ({"shots": 0}, "--shots 0: at least 1"),
        ({"algorithm": "maml", "queries": 0}, "--queries 0: at least 1"),
        ({"network": "vae"}, "--network vae"),
        ({"resolution": 48}, "power of two"),
        ({"held_out_classes": 4}, "--held-out-classes 4"),
        ({"shots": 9}, "of the other 3 classes 0 have the 9 pictures"),
        ({"source": "avatars-64"}, "avatars-64: a dcgan of 64 px, not a dcgan of 16 px"),
        ({"source": "avatars-64", "resolution": 64}, "--source avatars-64: DCGANGenerator normalises over its batch"),
        ({"seed": -1}, "--seed -1"),
        ({"z_dim": 10**9}, "--z-dim 1000000000: at most 65536"),
        ({"shots": 1000}, "--shots 1000: too many"),
    ],
)
def test_refusals_leave_nothing_behind(tasks: Path, tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        arguments: dict[str, Any] = dict(held_out_classes=2, devices="cpu") | SMALL | changes
        run(MetaOptions(tasks=str(tasks), outdir=str(tmp_path / "out"), episodes=2, **arguments))
    assert not (tmp_path / "out").exists()


def test_other_pictures_are_not_gone_on_with(tasks: Path, tmp_path: Path) -> None:
    folder = run(options(tasks, tmp_path / "out", episodes=2))
    Image.new("RGB", (16, 16), "red").save(tasks / "class0" / "0.png")
    with pytest.raises(UserError, match="no longer those"):
        run(MetaOptions(resume=str(folder), episodes=4, devices="cpu"), {"episodes"})


def test_a_stopped_run_can_end_where_it_stands(tasks: Path, tmp_path: Path) -> None:
    short = run(options(tasks, tmp_path / "short", episodes=4))
    folder = run(options(tasks, tmp_path / "long", episodes=4))
    record = json.loads((folder / "run.json").read_text())
    record["options"]["episodes"] = 40  # as of a run that was stopped after four of forty
    (folder / "run.json").write_text(json.dumps(record))
    (folder / "model" / "generator.safetensors").unlink()
    run(MetaOptions(resume=str(folder), episodes=1, devices="cpu"), {"episodes"})
    assert load_model(folder / "model").about["episodes"] == 4
    assert json.loads((folder / "run.json").read_text())["options"]["episodes"] == 4
    for name in ("generator", "discriminator"):
        made, wanted = (path / "model" / f"{name}.safetensors" for path in (folder, short))
        assert made.read_bytes() == wanted.read_bytes()


def test_a_source_brings_its_own_widths(tasks: Path, tmp_path: Path) -> None:
    first = run(options(tasks, tmp_path / "first", episodes=2, grey=True))
    again = run(options(tasks, tmp_path / "again", episodes=2, source=str(first), cbase=384, cmax=64, z_dim=64))
    record = json.loads((again / "run.json").read_text())["options"]
    assert (record["grey"], record["cbase"], record["cmax"], record["z_dim"]) == (True, 64, 8, 4)
    with pytest.raises(UserError, match="--z-dim 9: the source .* has 4"):
        run(options(tasks, tmp_path / "other", episodes=2, source=str(first), z_dim=9), {"z_dim"})
    assert not (tmp_path / "other").exists()


def test_runs_among_the_tasks_are_refused(tasks: Path) -> None:
    with pytest.raises(UserError, match="--outdir .*: lies in the pictures"):
        run(options(tasks, tasks / "runs", episodes=2))


def test_a_learnt_stylegan2_knows_its_mean_style(tasks: Path, tmp_path: Path) -> None:
    folder = run(
        options(tasks, tmp_path / "out", episodes=8, network="stylegan2", inner_optimiser="sgd", inner_lr_g=0.001)
    )
    generator: Any = load_model(folder / "model").generator
    assert generator.mapping.w_avg.norm() > 0
