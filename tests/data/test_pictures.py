"""The set: squares, sizes, classes, duplicates, shots, and the suggested resolution."""

import numpy as np
import pytest
from PIL import Image

from graftgan.data import choose_draw, choose_shots, load_pictures, suggest_resolution
from graftgan.errors import UserError


@pytest.fixture
def striped(tmp_path):
    """12 wide, 4 high: red, green and blue squares from left to right."""
    image = Image.new("RGB", (12, 4))
    for at, colour in enumerate(["red", "lime", "blue"]):
        image.paste(colour, (4 * at, 0, 4 * at + 4, 4))
    (tmp_path / "photos").mkdir()
    image.save(tmp_path / "photos/a.png")
    return tmp_path


def test_centre_crop_is_the_default(striped):
    pictures = load_pictures(striped / "photos", 4, cache_dir=striped / "cache")
    assert (pictures.pixels[0] == [0, 255, 0]).all()
    assert pictures.rows[0].done == "centre cropped 12x4 to 4x4"
    assert (pictures.rows[0].width, pictures.rows[0].height) == (12, 4)


def test_padding_adds_white_above_and_below(striped):
    pictures = load_pictures(striped / "photos", 12, square="pad", cache_dir=striped / "cache")
    assert (pictures.pixels[0, [0, 3, 8, 11]] == 255).all()
    assert pictures.pixels[0, 5, [1, 5, 9]].tolist() == [[255, 0, 0], [0, 255, 0], [0, 0, 255]]
    assert pictures.rows[0].done == "padded with white 12x4 to 12x12"


def test_an_unknown_rule_and_a_bad_size_are_refused(striped):
    with pytest.raises(UserError, match="--square stretch"):
        load_pictures(striped / "photos", 8, square="stretch", cache_dir=striped / "cache")
    with pytest.raises(UserError, match="--resolution 0"):
        load_pictures(striped / "photos", 0, cache_dir=striped / "cache")


@pytest.mark.parametrize(("stored", "wanted", "word"), [(28, 32, "enlarged"), (48, 16, "reduced")])
def test_scaling_is_lanczos_both_ways(tmp_path, photo, stored, wanted, word):
    photo(0, stored).save(tmp_path / "a.png")
    pictures = load_pictures(tmp_path, wanted, cache_dir=tmp_path.with_name("cache"))
    expected = photo(0, stored).resize((wanted, wanted), Image.Resampling.LANCZOS)
    assert np.array_equal(pictures.pixels[0], np.asarray(expected))
    assert pictures.rows[0].done == f"{word} {stored} to {wanted}"


def test_reducing_is_antialiased(tmp_path):
    board = (np.indices((64, 64)).sum(0) % 2 * 255).astype(np.uint8)
    Image.fromarray(board).save(tmp_path / "a.png")
    small = load_pictures(tmp_path, 16, cache_dir=tmp_path.with_name("cache")).pixels[0]
    assert np.abs(small.astype(int) - 127).max() <= 12


def folders(root, photo, names):
    for seed, name in enumerate(names):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        photo(seed).save(root / name)
    return load_pictures(root, 8, cache_dir=root.with_name("cache"))


@pytest.mark.parametrize(
    ("names", "classes", "labels"),
    [
        (["a.png", "b.png"], [], [0, 0]),
        (["in/a.png", "in/b.png"], [], [0, 0]),
        (["cat/a.png", "dog/b.png", "cat/c.png"], ["cat", "dog"], [0, 0, 1]),
        (["set/cat/a.png", "set/dog/b.png"], ["cat", "dog"], [0, 1]),
        (["test/0/a.png", "train/0/b.png"], ["test/0", "train/0"], [0, 1]),
        (["cat/a.png", "z.png"], [".", "cat"], [1, 0]),
        (["x/y/a.png", "x/b.png"], [".", "y"], [0, 1]),
    ],
)
def test_classes_are_the_folders(tmp_path, photo, names, classes, labels):
    pictures = folders(tmp_path, photo, names)
    assert pictures.classes == classes
    assert pictures.labels.tolist() == labels
    assert pictures.labels.dtype == np.int64


def test_a_class_without_a_good_picture_is_none(tmp_path, photo):
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty/x.png").write_bytes(b"nothing")
    assert folders(tmp_path, photo, ["cat/a.png", "dog/b.png"]).classes == ["cat", "dog"]


def test_duplicates_are_named_across_classes(tmp_path, photo):
    (tmp_path / "cat").mkdir()
    (tmp_path / "dog").mkdir()
    photo(0).save(tmp_path / "cat/a.png")
    photo(0).save(tmp_path / "dog/b.png", compress_level=0)
    photo(1).save(tmp_path / "dog/c.png")
    rows = load_pictures(tmp_path, 8, cache_dir=tmp_path.with_name("cache")).rows
    assert [row.reason for row in rows] == ["", "duplicate of cat/a.png", ""]


def test_same_bytes_in_another_shape_are_no_duplicate(tmp_path):
    Image.new("RGB", (4, 9)).save(tmp_path / "a.png")
    Image.new("RGB", (9, 4)).save(tmp_path / "b.png")
    assert len(load_pictures(tmp_path, 8, cache_dir=tmp_path.with_name("cache"))) == 2


def test_taking_keeps_order_history_and_classes(tmp_path, photo):
    (tmp_path / "bad.png").write_bytes(b"nothing")
    pictures = folders(tmp_path, photo, ["cat/a.png", "cat/b.png", "dog/c.png", "dog/d.png"])
    taken = pictures.take([3, 1])
    assert taken.names == ["dog/d.png", "cat/b.png"] and taken.labels.tolist() == [1, 0]
    assert np.array_equal(taken.pixels, pictures.pixels[[3, 1]])
    assert not isinstance(taken.pixels, np.memmap)
    assert taken.digests == [pictures.digests[3], pictures.digests[1]]
    assert taken.classes == pictures.classes and len(taken.rows) == 5
    assert sorted(row.file for row in taken.rows if row.kept) == ["cat/b.png", "dog/d.png"]
    assert [row.reason for row in taken.rows if row.file == "cat/a.png"] == ["not among the 2 pictures chosen"]


def test_shots_are_seeded_sorted_distinct_and_nested():
    chosen = choose_shots(1000, 10, seed=3)
    assert chosen.tolist() == sorted(set(chosen.tolist())) and len(chosen) == 10
    assert chosen.tolist() == choose_shots(1000, 10, seed=3).tolist()
    assert chosen.tolist() != choose_shots(1000, 10, seed=4).tolist()
    assert set(choose_shots(1000, 5, seed=3)) < set(chosen)
    assert choose_shots(10, 10, seed=-1).tolist() == list(range(10))
    for shots in (0, 11):
        with pytest.raises(UserError, match=f"--shots {shots}: there are 10 pictures"):
            choose_shots(10, shots, seed=0)


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ([(28, 28)], 32),
        ([(64, 64)], 64),
        ([(65, 300)], 128),
        ([(5, 5)], 16),
        ([(40, 99), (40, 41), (2000, 2000)], 64),
        ([(1500, 1400)], 1024),
    ],
)
def test_suggested_resolution_follows_the_median_shorter_side(tmp_path, sizes, expected):
    for at, size in enumerate(sizes):
        Image.new("RGB", size, (at, 0, 0)).save(tmp_path / f"{at}.png")
    (tmp_path / "x.png").write_bytes(b"nothing")
    assert suggest_resolution(tmp_path) == expected


def test_large_pictures_pass_through_the_one_at_a_time_gate(tmp_path):
    Image.new("RGB", (2600, 2000), "red").save(tmp_path / "a.png")
    Image.new("RGB", (2600, 2000), "blue").save(tmp_path / "b.png")
    pictures = load_pictures(tmp_path, 8, cache_dir=tmp_path.with_name("cache"))
    assert pictures.pixels[:, 0, 0].tolist() == [[255, 0, 0], [0, 0, 255]]


def test_draws_are_disjoint_while_pictures_last_and_the_same_again() -> None:
    draws = [choose_draw(35, 10, draw) for draw in range(1, 7)]
    for three in (draws[:3], draws[3:]):
        assert len(set(np.concatenate(three).tolist())) == 30
    assert draws[3].tolist() not in [draw.tolist() for draw in draws[:3]]
    assert all((draw == choose_draw(35, 10, number)).all() for number, draw in enumerate(draws, 1))
    assert choose_draw(4, 4, 9).tolist() == [0, 1, 2, 3]
    for shots, draw in ((0, 1), (36, 1), (10, 0)):
        with pytest.raises(UserError, match="--shots" if draw else "--draw 0"):
            choose_draw(35, shots, draw)
