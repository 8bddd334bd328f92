"""`prepare`: a new folder of square PNGs, complete or not there, never over anything of the user's."""

import csv

import numpy as np
import pytest
from PIL import Image

from graftgan.data import load_pictures, prepare_folder
from graftgan.errors import UserError


@pytest.fixture
def photos(tmp_path, photo):
    for seed, name in enumerate(["cat/a.png", "cat/b.png", "dog/a.png"]):
        (tmp_path / "photos" / name).parent.mkdir(parents=True, exist_ok=True)
        photo(seed, 20 + seed, 30).save(tmp_path / "photos" / name)
    return tmp_path / "photos"


def test_prepared_pictures_load_as_the_same_pixels(photos, tmp_path):
    calls = []
    prepare_folder(photos, tmp_path / "out", 16, progress=lambda *at: calls.append(at))
    direct = load_pictures(photos, 16, cache_dir=tmp_path / "cache")
    prepared = load_pictures(tmp_path / "out", 16, cache_dir=tmp_path / "cache")
    assert np.array_equal(direct.pixels, prepared.pixels)
    assert direct.names == prepared.names and direct.classes == ["cat", "dog"] == prepared.classes[-2:]
    assert calls == [(1, 3), (2, 3), (3, 3)]


def test_without_a_resolution_each_keeps_its_own_side(photos, tmp_path):
    rows = prepare_folder(photos, tmp_path / "crop")
    prepare_folder(photos, tmp_path / "pad", square="pad")
    with Image.open(tmp_path / "crop/dog/a.png") as crop, Image.open(tmp_path / "pad/dog/a.png") as pad:
        assert crop.size == (22, 22) and pad.size == (30, 30)
    assert rows[2].done == "centre cropped 22x30 to 22x22; saved as dog/a.png"


def test_the_table_lies_beside_the_pictures(photos, tmp_path):
    (photos / "x.txt").write_text("hello")
    rows = prepare_folder(photos, tmp_path / "out", 16)
    with (tmp_path / "out/photos.csv").open(newline="", encoding="utf-8") as stream:
        table = list(csv.DictReader(stream))
    assert [line["file"] for line in table] == [row.file for row in rows]
    assert [line["verdict"] for line in table] == ["kept"] * 3 + ["refused"]


@pytest.mark.parametrize("where", ["photos", "photos/out", "photos/cat", "photos/../photos/new"])
def test_an_output_among_the_pictures_is_refused(photos, tmp_path, tree_digest, where):
    before = tree_digest(tmp_path)
    with pytest.raises(UserError, match="lies in the pictures' own folder"):
        prepare_folder(photos, tmp_path / where)
    assert tree_digest(tmp_path) == before


def test_an_output_behind_a_link_into_the_pictures_is_refused(photos, tmp_path):
    (tmp_path / "link").symlink_to(photos)
    with pytest.raises(UserError, match="lies in the pictures' own folder"):
        prepare_folder(photos, tmp_path / "link/out")


def test_nothing_is_ever_overwritten(photos, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out/mine.txt").write_text("mine")
    (tmp_path / "file").write_text("mine")
    for name in ("out", "file"):
        with pytest.raises(UserError, match=f"{name} exists already"):
            prepare_folder(photos, tmp_path / name)
    assert (tmp_path / "out/mine.txt").read_text() == (tmp_path / "file").read_text() == "mine"
    assert len(list((tmp_path / "out").iterdir())) == 1


def test_an_empty_folder_is_accepted_and_missing_parents_are_made(photos, tmp_path):
    (tmp_path / "empty").mkdir()
    prepare_folder(photos, tmp_path / "empty")
    prepare_folder(photos, tmp_path / "new/deep/out")
    assert (tmp_path / "empty/photos.csv").exists() and (tmp_path / "new/deep/out/photos.csv").exists()


def test_an_interrupted_run_leaves_nothing(photos, tmp_path):
    def interrupt(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        prepare_folder(photos, tmp_path / "out", progress=interrupt)
    assert [path.name for path in tmp_path.iterdir()] == ["photos"]


def test_a_place_that_cannot_be_written_gets_one_clear_line(photos, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(UserError, match="file/out cannot be written"):
        prepare_folder(photos, tmp_path / "file/out")


def test_names_are_made_safe_and_stay_apart(tmp_path, photo):
    names = [
        "a.png",
        "a.bmp",
        "A.gif",
        "b?*.png",
        "b__.png",
        "-rf.png",
        "con\n.png",
        ".x.png",
        "x" * 240 + ".png",
    ]
    (tmp_path / "photos").mkdir()
    for seed, name in enumerate(names):
        photo(seed).save(tmp_path / "photos" / name, {"bmp": "BMP", "gif": "GIF"}.get(name[-3:], "PNG"))
    rows = prepare_folder(tmp_path / "photos", tmp_path / "out")
    written = sorted(path.name for path in (tmp_path / "out").glob("*.png"))
    assert len(written) == len(names) == len({name.casefold() for name in written}) == len(rows)
    assert {
        "A.png",
        "a~2.png",
        "a~3.png",
        "_rf.png",
        "con_.png",
        "x.png",
        "b__.png",
        "b__~2.png",
        "x" * 100 + ".png",
    } <= set(written)


def test_class_folders_of_odd_names_stay_apart(tmp_path, photo):
    for seed, folder in enumerate(["c?", "c*", "C_"]):
        (tmp_path / "photos" / folder).mkdir(parents=True)
        photo(seed).save(tmp_path / "photos" / folder / "a.png")
    prepare_folder(tmp_path / "photos", tmp_path / "out")
    written = sorted(path.parent.name for path in (tmp_path / "out").rglob("*.png"))
    assert written == ["C_", "c_~2", "c_~3"]
