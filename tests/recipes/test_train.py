"""`train` from pictures to a model folder, and its refusals."""

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from graftgan.errors import UserError
from graftgan.recipes import train
from graftgan.recipes.result import load
from graftgan.recipes.train import TrainOptions
from graftgan.zoo.model_folder import load_model


def test_a_run_leaves_a_model_that_samples_and_serves_as_a_source(tiny: dict[str, Any]) -> None:
    folder = train.run(TrainOptions(**tiny))
    model = load_model(folder / "model")
    assert model.network == "stylegan2"
    assert model.about == {
        **{
            "kimg": 0.048,
            "seed": 0,
            "pictures": 12,
            "classes": [],
            "credits": "",
        }
    }
    assert load(folder).sample([3])[0].size == (16, 16)
    grafted = train.run(TrainOptions(**{**tiny, "source": str(folder), "network": "auto", "resolution": None}))
    assert load_model(grafted / "model").generator.config() == model.generator.config()


def test_the_model_is_the_average_and_not_the_newest(tiny: dict[str, Any]) -> None:
    import torch

    from graftgan.training import checkpoint

    folder = train.run(TrainOptions(**{**tiny, "ema_rampup": 0.0, "ema_kimg": 0.05}))
    newest = checkpoint.newest(folder / "checkpoints")
    assert newest is not None
    const = load_model(folder / "model").generator.get_parameter("synthesis.b4.const")
    assert torch.equal(const, newest[1]["average.synthesis.b4.const"])
    assert not torch.equal(const, newest[1]["generator.synthesis.b4.const"])


def test_folders_become_classes_when_asked(tiny: dict[str, Any], tmp_path: Path) -> None:
    for index in range(6):
        folder = tmp_path / "sets" / ["cats", "dogs", "newts"][index % 3]
        folder.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (16, 16), (index * 40, 9, 200)).save(folder / f"{index}.png")
    options = {**tiny, "images": str(tmp_path / "sets"), "kimg": 0.016}
    model = load_model(train.run(TrainOptions(**options, classes=True)) / "model")
    assert model.generator.c_dim == 3 and model.about["classes"] == ["cats", "dogs", "newts"]
    assert load_model(train.run(TrainOptions(**options)) / "model").generator.c_dim == 0


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"images": None}, "name the folder or zip of pictures to train on"),
        ({"images": "/nowhere/at/all"}, "/nowhere/at/all"),
        ({"source": "avatar-64"}, "no source .*avatar-64"),
        ({"classes": True}, "--classes: .* has no folders to take classes from"),
        ({"shots": 13}, "--shots 13: .* has 12 readable pictures"),
        ({"holdout": "/nowhere"}, "/nowhere"),
        ({"devices": "gpu"}, "--devices gpu"),
        ({"precision": "16"}, "--precision 16"),
        ({"cbase": 8}, "channel_base 8"),
        ({"network": "dcgan", "path_length": 2.0}, "--path-length 2.0: a dcgan has no intermediate latents"),
        ({"method": "freezed"}, "--method freezed: adapts a source, and --source none has none"),
    ],
)
def test_what_cannot_be_is_one_line(tiny: dict[str, Any], changes: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message) as refused:
        train.run(TrainOptions(**{**tiny, **changes}))
    assert "\n" not in str(refused.value)


def test_a_source_and_options_that_contradict_it(tiny: dict[str, Any]) -> None:
    source = str(train.run(TrainOptions(**{**tiny, "kimg": 0.008})))
    grafted = {**tiny, "source": source}
    for changes, message in (
        ({"network": "dcgan"}, "--network dcgan: the source .* is a stylegan2"),
        ({"resolution": 128}, "--resolution 128: the source .* possible: 16, 32, 64"),
        ({"method": "freezed", "method_options": ("frozen=99",)}, "--method-options frozen=99: D has"),
        ({"classes": True}, "--classes: the classes of a source are its own"),
    ):
        with pytest.raises(UserError, match=message):
            train.run(TrainOptions(**{**grafted, **changes}))
    (Path(source) / "model" / "discriminator.safetensors").unlink()
    with pytest.raises(UserError, match="discriminator.safetensors"):
        train.run(TrainOptions(**grafted))
    config = Path(source) / "model" / "config.json"
    config.write_text(json.dumps({**json.loads(config.read_text()), "discriminator": None}))
    with pytest.raises(UserError, match="--method freezed: freezes blocks .*, and this source has none"):
        train.run(TrainOptions(**grafted, method="freezed"))


def test_nothing_is_written_beside_the_pictures(tiny: dict[str, Any]) -> None:
    images = Path(tiny["images"])
    before = sorted((path.name, path.stat().st_mtime_ns) for path in images.iterdir())
    train.run(TrainOptions(**{**tiny, "kimg": 0.008}))
    assert sorted((path.name, path.stat().st_mtime_ns) for path in images.iterdir()) == before
