"""`evaluate`: a model or a folder of pictures against pictures that were not trained on."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from graftgan.errors import UserError
from graftgan.recipes import evaluate, train
from graftgan.recipes.evaluate import EvaluateOptions
from graftgan.recipes.table import lines
from graftgan.recipes.train import TrainOptions


def fields(folder: Path, count: int, seed: int) -> Path:
    folder.mkdir()
    rng = np.random.default_rng(seed)
    for index in range(count):
        corners = Image.fromarray(rng.integers(0, 256, (3, 3, 3), dtype=np.uint8))
        corners.resize((16, 16), Image.Resampling.BICUBIC).save(folder / f"{index:03d}.png")
    return folder


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fields(tmp_path_factory.mktemp("reference") / "held", 60, 7)


@pytest.fixture(scope="module")
def run_folder(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    sizes: dict[str, Any] = {"batch": 8, "resolution": 16, "cbase": 128, "cmax": 8, "z_dim": 8, "ticks": 1}
    outdir = str(tmp_path_factory.mktemp("trained"))
    return str(train.run(TrainOptions(images=str(photos), kimg=0.016, devices="cpu", outdir=outdir, **sizes)))


@pytest.fixture
def options(reference: Path, colours: str) -> Callable[..., EvaluateOptions]:
    def made(model: str | Path, **others: Any) -> EvaluateOptions:
        usual: dict[str, Any] = {"reference": str(reference), "encoder": (colours,), "lpips": "none", "devices": "cpu"}
        return EvaluateOptions(model=str(model), **{**usual, **others})

    return made


def test_a_run_is_measured_and_knows_its_own_photos(
    run_folder: str, options: Callable[..., EvaluateOptions], tmp_path: Path
) -> None:
    table = evaluate.run(options(run_folder, pictures=70, json=str(tmp_path / "t.json"), html=str(tmp_path / "t.html")))
    found = json.loads((tmp_path / "t.json").read_text())
    assert found == json.loads(json.dumps(table.to_json()))
    for name in ("kid", "precision", "recall", "coverage", "nearest_ratio", "authpct"):
        assert set(found["metrics"][name]) == {"value", "error", "protocol"}
        assert found["metrics"][name]["protocol"]["seeds"] == "1000000-1000069"
    assert found["floor"]["kid"]["protocol"]["real"] == 30
    page = (tmp_path / "t.html").read_text()
    assert "KID" in page and "Evaluation of" in page


def test_each_row_of_the_text_has_its_protocol(run_folder: str, options: Callable[..., EvaluateOptions]) -> None:
    text = lines(evaluate.run(options(run_folder, pictures=70)))
    (kid,) = [line for line in text if line.startswith("kid")]
    assert "±" in kid and "lower" in kid and "real 60" in kid and "all pairs, unbiased" in kid
    (every,) = [line for line in text if line.startswith("every row:")]
    assert "fake 70" in every and "encoder colours" in every and "seeds 1000000-1000069" in every


def test_a_folder_of_pictures_is_measured(options: Callable[..., EvaluateOptions], tmp_path: Path) -> None:
    table = evaluate.run(options(fields(tmp_path / "made", 70, 9)))
    assert table.to_json()["metrics"]["kid"]["protocol"]["fake"] == 70
    assert any("give --shots" in line for line in table.warnings)
    fewer = evaluate.run(options(tmp_path / "made", pictures=55)).to_json()
    assert fewer["metrics"]["kid"]["protocol"]["of"] == "55 of the 70 pictures of made, in an order drawn by seed 0"


def test_what_was_trained_on_is_left_out_of_the_reference(
    run_folder: str, photos: Path, reference: Path, options: Callable[..., EvaluateOptions], tmp_path: Path
) -> None:
    both = tmp_path / "both"
    shutil.copytree(reference, both)
    for picture in photos.iterdir():
        shutil.copy(picture, both / f"trained-{picture.name}")
    mixed = evaluate.run(options(run_folder, reference=str(both), pictures=70))
    assert any(line.startswith("12 pictures of the reference were trained on") for line in mixed.warnings)
    clean = evaluate.run(options(run_folder, pictures=70))
    for name, (measure, _) in clean.measures().items():
        assert mixed.measures()[name][0] == measure, name
    with pytest.raises(UserError, match="every picture in it is trained on"):
        evaluate.run(options(run_folder, reference=str(photos)))


def test_what_the_run_knows_of_its_photos_counts_even_where_they_are_gone(
    run_folder: str, photos: Path, reference: Path, options: Callable[..., EvaluateOptions], tmp_path: Path
) -> None:
    both, gone = tmp_path / "both", tmp_path / "gone"
    shutil.copytree(reference, both)
    shutil.copy(next(photos.iterdir()), both / "trained.png")
    shutil.copytree(run_folder, gone)
    record = json.loads((gone / "run.json").read_text())
    (gone / "run.json").write_text(json.dumps({**record, "images": str(tmp_path / "nowhere")}))
    for model in (gone, gone / "model"):
        table = evaluate.run(options(model, reference=str(both), pictures=70))
        assert any(line.startswith("1 pictures of the reference were trained on") for line in table.warnings)
        assert "authpct" not in table.measures() and table.measures()["kid"][0].protocol["real"] == 60


def test_files_that_cannot_be_read_are_named(
    run_folder: str, reference: Path, options: Callable[..., EvaluateOptions], tmp_path: Path
) -> None:
    mixed = tmp_path / "mixed"
    shutil.copytree(reference, mixed)
    (mixed / "broken.png").write_bytes(b"no picture")
    table = evaluate.run(options(run_folder, reference=str(mixed), pictures=70))
    assert any("not every file could be read" in line and "broken.png" in line for line in table.warnings)


def test_nothing_measured_is_no_success(options: Callable[..., EvaluateOptions], tmp_path: Path) -> None:
    with pytest.raises(UserError, match="nothing could be measured"):
        evaluate.run(options(fields(tmp_path / "one", 1, 9)))


def test_judging_a_reference_by_itself_is_said(reference: Path, options: Callable[..., EvaluateOptions]) -> None:
    table = evaluate.run(options(reference))
    assert any("60 of the judged pictures are also in the reference" in line for line in table.warnings)


def test_two_encoders_stand_side_by_side(
    run_folder: str, options: Callable[..., EvaluateOptions], monkeypatch: pytest.MonkeyPatch
) -> None:
    from graftgan.features import ENCODERS

    class Other(ENCODERS["colours"]):  # type: ignore[misc, name-defined]
        name = "other"

    monkeypatch.setitem(ENCODERS, "other", Other)
    found = evaluate.run(options(run_folder, encoder=("colours", "other"), pictures=70)).to_json()
    assert found["metrics"]["kid:other"]["protocol"]["encoder"] == "other"
    assert found["metrics"]["kid:other"]["value"] == found["metrics"]["kid"]["value"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"reference": None}, "--reference: name a folder"),
        ({"model": "no-such"}, "no source no-such"),
        ({"reference": "no-such"}, "no folder or zip of pictures at no-such"),
        ({"encoder": ("inceptoin",)}, "did you mean inception"),
        ({"metrics": ("kdi",)}, "did you mean kid"),
        ({"resize": "cleen"}, "did you mean clean"),
        ({"pictures": 1}, "--pictures 1: at least 2"),
        ({"json": "/no/such/folder/t.json"}, "--json /no/such/folder/t.json: there is no folder /no/such/folder"),
        ({"html": "/tmp"}, "--html /tmp: is a folder"),
        ({"resolution": 32}, "the model makes pictures of 16 px"),
    ],
)
def test_refusals_name_the_option(
    run_folder: str, options: Callable[..., EvaluateOptions], change: dict[str, Any], words: str
) -> None:
    with pytest.raises(UserError, match=words):
        evaluate.run(options(**{"model": run_folder, **change}))


def test_a_number_to_be_doubted_says_so_in_its_row(run_folder: str, options: Callable[..., EvaluateOptions]) -> None:
    from dataclasses import replace

    table = evaluate.run(options(run_folder, pictures=70))
    (verdict,) = table.verdicts.values()
    doubted = replace(verdict.measures["kid"], protocol={**verdict.measures["kid"].protocol, "warning": "few pictures"})
    changed = replace(table, verdicts={"colours": replace(verdict, measures={**verdict.measures, "kid": doubted})})
    (kid,) = [line for line in lines(changed) if line.startswith("kid")]
    assert kid.endswith("; few pictures")


def test_two_pictures_or_more_but_too_few_for_fid_leave_kid(
    run_folder: str, options: Callable[..., EvaluateOptions]
) -> None:
    table = evaluate.run(options(run_folder, pictures=10))
    assert "kid" in table.measures() and "fid" not in table.measures()
    assert any("10 fake pictures means nothing" in words for words in table.missing)
