"""A VAE as the other kind of generator: trained, grafted, sampled and compared by the same recipes."""

import json
from pathlib import Path
from typing import Any

import pytest

from graftgan.errors import UserError
from graftgan.methods import METHODS
from graftgan.recipes import adapt, compare, train
from graftgan.recipes.adapt import AdaptOptions
from graftgan.recipes.compare import fitting
from graftgan.recipes.contest import CompareOptions
from graftgan.recipes.train import TrainOptions
from graftgan.training.log import read_log
from graftgan.zoo.model_folder import load_model

SIZES: dict[str, Any] = {"batch": 8, "resolution": 16, "cbase": 128, "cmax": 8, "ticks": 1, "devices": "cpu"}


@pytest.fixture(scope="module")
def source(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    outdir = str(tmp_path_factory.mktemp("sources"))
    return str(train.run(TrainOptions(images=str(photos), network="vae", kimg=0.016, outdir=outdir, **SIZES)))


@pytest.fixture
def job(source: str, photos: Path, tmp_path: Path, colours: str) -> dict[str, Any]:
    sizes = {
        "method": "finetune",
        "kimg": 0.032,
        "batch": 8,
        "ticks": 2,
        "encoder": colours,
        "metric_pictures": 8,
        "lpips": "none",
    }
    return {"photos": str(photos), "source": source, "outdir": str(tmp_path / "runs"), "devices": "cpu", **sizes}


def test_a_vae_is_trained_and_read_back_with_its_encoder(source: str) -> None:
    model = load_model(Path(source) / "model")
    assert model.network == "vae" and model.discriminator is not None and not model.discriminator.adversary
    assert model.generator.z_dim == model.discriminator.z_dim == 16  # its own length, where the user names none


def test_a_vae_is_grafted_like_any_source(job: dict[str, Any]) -> None:
    result = adapt.run(AdaptOptions(**job, shots=6))
    assert result.model.network == "vae"
    assert set(result.metrics["kid"]) == {"adapted", "source", "floor"}
    assert result.sample(range(3))[2].size == (16, 16)
    last = read_log(result.folder)[-1]
    assert {"loss_g", "loss_d", "reconstruction", "kl", "sigma"} <= last.keys() and "logit_real" not in last
    page = (result.folder / "report.html").read_text()
    assert "Encoder" in page and "What the" not in page


def test_augmentation_has_no_part_in_it(photos: Path, tmp_path: Path) -> None:
    changes: tuple[dict[str, Any], ...] = ({"augment": "none"}, {"augment": "ada"}, {"augment": "diffaug"})
    sizes: dict[str, Any] = {"images": str(photos), "network": "vae", "kimg": 0.024, **SIZES}
    made = [train.run(TrainOptions(**sizes, **change, outdir=str(tmp_path))) for change in changes]
    weights = {(folder / "model" / "generator.safetensors").read_bytes() for folder in made}
    assert len(weights) == 1 and not any("augment_p" in tick for folder in made for tick in read_log(folder))


def test_a_folder_whose_networks_disagree_on_the_latents_is_refused(source: str, tmp_path: Path) -> None:
    config = json.loads((Path(source) / "model" / "config.json").read_text())
    for name in ("generator.safetensors", "discriminator.safetensors"):
        (tmp_path / name).write_bytes((Path(source) / "model" / name).read_bytes())
    config["discriminator"]["z_dim"] = 8
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(UserError, match="discriminator.safetensors: main"):
        load_model(tmp_path)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"method": "freezed"}, "--method freezed: needs a discriminator, and a vae has none"),
        ({"lecam": 0.3}, "--lecam 0.3: a vae has no discriminator to hold back"),
        ({"r2": 1.0}, "--r2 1.0: a vae has no discriminator to hold back"),
        ({"gradient_penalty": 10.0}, "--gradient-penalty 10.0: a vae has no discriminator to hold back"),
        ({"path_length": 2.0}, "--path-length 2.0: a vae has no intermediate latents"),
    ],
)
def test_what_a_vae_cannot_do_is_one_line(job: dict[str, Any], changes: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        adapt.run(AdaptOptions(**{**job, **changes}))
    assert not list(Path(job["outdir"]).glob("*"))


def test_classes_are_refused(tmp_path: Path, photos: Path) -> None:
    folder = tmp_path / "classes"
    for index, path in enumerate(sorted(photos.iterdir())):
        (folder / "ab"[index % 2]).mkdir(parents=True, exist_ok=True)
        (folder / "ab"[index % 2] / path.name).write_bytes(path.read_bytes())
    options = TrainOptions(images=str(folder), network="vae", classes=True, outdir=str(tmp_path / "runs"), **SIZES)
    with pytest.raises(UserError, match="vae knows no classes"):
        train.run(options)


def test_a_comparison_leaves_out_what_needs_a_discriminator(source: str, job: dict[str, Any]) -> None:
    model = load_model(Path(source) / "model")
    named = fitting(CompareOptions(photos=job["photos"], source=source), model).methods
    assert set(named) == {name for name, method in METHODS.items() if not method.needs_adversary}
    chosen = CompareOptions(photos=job["photos"], source=source, methods=("finetune",))
    assert fitting(chosen, model).methods == ("finetune",)
    asked = CompareOptions(photos=job["photos"], source=source, methods=("finetune,freezed:frozen=1",))
    with pytest.raises(UserError, match="--methods freezed:frozen=1: needs a discriminator, and a vae has none"):
        compare.run(asked)


def test_a_comparison_on_a_gan_keeps_its_options(photos: Path, tmp_path: Path) -> None:
    made = train.run(TrainOptions(images=str(photos), network="dcgan", kimg=0.008, outdir=str(tmp_path), **SIZES))
    options = CompareOptions(photos=str(photos), source=str(made))
    assert fitting(options, load_model(made / "model")) is options
