"""What is trained on, what is held out, and which class a picture trains."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from graftgan.data import load_pictures
from graftgan.data.tasks import as_tasks
from graftgan.errors import UserError
from graftgan.networks import NETWORKS
from graftgan.recipes.pictures import class_of_each, read_pictures
from graftgan.recipes.subject import drawn
from graftgan.recipes.train import TrainOptions
from graftgan.zoo.model_folder import Model


def folder_of(path: Path, names: list[str]) -> Path:
    for number, name in enumerate(names):
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        rng = np.random.default_rng(number)
        Image.fromarray(rng.integers(0, 255, (16, 16, 3), np.uint8)).save(path / name)
    return path


def model_of(classes: int, names: list[str]) -> Model:
    generator = NETWORKS["stylegan2"].generator(resolution=16, channel_base=64, channel_max=4, z_dim=4, c_dim=classes)
    return Model("stylegan2", generator, None, {"classes": names})


def options(tmp_path: Path, **changes: Any) -> TrainOptions:
    return TrainOptions(outdir=str(tmp_path / "runs"), **changes)


def test_the_holdout_is_a_fair_draw_of_the_rest_and_shares_nothing_with_the_shots(tmp_path: Path) -> None:
    photos = folder_of(tmp_path / "photos", [f"{i:02}.png" for i in range(20)])
    chosen, held = read_pictures(options(tmp_path, shots=5), str(photos), 16, False)
    assert held is not None
    assert len(chosen) == 5 and len(held) == 15 and not set(chosen.names) & set(held.names)


def test_pictures_that_are_trained_on_are_taken_out_of_a_given_holdout(tmp_path: Path) -> None:
    photos = folder_of(tmp_path / "photos", [f"{i:02}.png" for i in range(8)])
    chosen, held = read_pictures(options(tmp_path, shots=3, holdout=str(photos)), str(photos), 16, False)
    assert held is not None and len(held) == 5 and not set(chosen.digests) & set(held.digests)
    with pytest.raises(UserError, match="every picture in it is trained on"):
        read_pictures(options(tmp_path, holdout=str(photos)), str(photos), 16, False)


def test_a_run_below_its_own_pictures_is_refused(tmp_path: Path) -> None:
    photos = folder_of(tmp_path / "photos", ["a.png", "b.png"])
    with pytest.raises(UserError, match="--outdir"):
        read_pictures(TrainOptions(outdir=str(photos / "runs")), str(photos), 16, False)


def test_what_is_measured_on_is_drawn_and_not_the_first_by_name() -> None:
    numbered = np.arange(1000)
    some = drawn(numbered, 100)
    assert len(set(some.tolist())) == 100 and some.max() > 900
    assert (drawn(numbered, 100) == some).all()
    assert (drawn(numbered, 5000) == numbered).all()


def test_folders_train_the_class_of_their_name_and_strangers_are_refused(tmp_path: Path) -> None:
    photos = load_pictures(folder_of(tmp_path / "photos", ["b/0.png", "c/1.png", "c/2.png"]), 16)
    assert class_of_each(photos, model_of(3, ["a", "b", "c"])).tolist() == [1, 2, 2]
    with pytest.raises(UserError, match="no class b"):
        class_of_each(photos, model_of(2, ["a", "c"]))


def test_flat_pictures_train_every_class(tmp_path: Path) -> None:
    photos = load_pictures(folder_of(tmp_path / "photos", ["0.png", "1.png", "2.png", "3.png"]), 16)
    assert class_of_each(photos, model_of(3, ["a", "b", "c"])).tolist() == [0, 1, 2, 0]
    assert class_of_each(photos, model_of(0, [])).tolist() == [0, 0, 0, 0]


def test_whole_classes_are_held_out_the_same_as_meta_does(tmp_path: Path) -> None:
    photos = folder_of(tmp_path / "photos", [f"{letter}/{i}.png" for letter in "abcdef" for i in range(3)])
    chosen, held = read_pictures(options(tmp_path, held_out_classes=2, seed=3), str(photos), 16, False)
    assert held is not None and len(chosen) == 12 and len(held) == 6
    tasks = as_tasks(load_pictures(photos, 16), 2, 3, 3)
    names = {chosen.classes[label] for label in chosen.labels}
    assert names == {tasks.pictures.classes[task] for task in tasks.train}
    assert not names & {held.classes[label] for label in held.labels}
    with pytest.raises(UserError, match="--held-out-classes 5: .*at least 2"):
        read_pictures(options(tmp_path, held_out_classes=5), str(photos), 16, False)
