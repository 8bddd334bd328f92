"""A folder of everything that can go wrong: one row each, nothing stops, nothing is written."""

import csv
import os
import socket

import numpy as np
import pytest
from PIL import Image

from graftgan.data import load_pictures, prepare_folder, suggest_resolution, write_rows
from graftgan.data.rows import PictureRow, printable_name
from graftgan.errors import UserError

pytestmark = pytest.mark.skipif(os.name != "posix", reason="special files")


@pytest.fixture
def zoo(tmp_path, photo, encode):
    """The folder, and what each file's verdict must say."""
    root = tmp_path / "photos"
    (root / "deep/er/still").mkdir(parents=True)
    outside = tmp_path / "outside.png"
    outside.write_bytes(encode(photo(99)))
    good = encode(photo(1))
    files = {
        "a.png": (good, ""),
        "b.JPG": (encode(photo(2), "JPEG"), ""),
        "c.WebP": (encode(photo(3), "WEBP"), ""),
        "d.bMp": (encode(photo(4), "BMP"), ""),
        "e.GIF": (encode(photo(5), "GIF"), ""),
        "f.TIFF": (encode(photo(6), "TIFF"), ""),
        "g.jpg": (encode(photo(7)), ""),
        "no_ending": (encode(photo(8)), ""),
        "deep/er/still/h.jpeg": (encode(photo(9, 31, 17), "JPEG"), ""),
        "-rf.png": (encode(photo(10)), ""),
        "new\nline.png": (encode(photo(11)), ""),
        "=1+1,\"'.png": (encode(photo(12)), ""),
        "é😀.png": (encode(photo(13)), ""),
        "y" * 200 + ".png": (encode(photo(14)), ""),
        "zz copy.png": (good, "duplicate of a.png"),
        "zz same pixels.bmp": (encode(photo(1), "BMP"), "duplicate of a.png"),
        "text.jpg": (b"not a picture at all", "content is text"),
        "zip.png": (b"PK\x03\x04" + bytes(50), "content is a zip"),
        "empty.png": (b"", "empty file"),
        "cut.png": (good[: len(good) // 2], "broken PNG"),
        "notes.txt": (b"hello", "not a picture: the ending .txt"),
        "photos.csv": (b"file\n", "not a picture"),
        "picture.txt": (encode(photo(15)), "not a picture"),
        ".DS_Store": (b"\0\0", "not a picture"),
    }
    expected = {}
    for name, (data, words) in files.items():
        (root / name).write_bytes(data)
        expected[printable_name(name)] = words
    with open(os.fsencode(root) + b"/\xff\xfe.png", "wb") as stream:
        stream.write(encode(photo(16)))
    os.mkfifo(root / "pipe.png")
    listener = socket.socket(socket.AF_UNIX)
    folder = os.open(root, os.O_RDONLY)
    listener.bind(f"/proc/self/fd/{folder}/socket.png" if os.path.exists("/proc/self/fd") else str(root / "s.png"))
    os.close(folder)
    listener.close()
    os.symlink("loop.png", root / "loop.png")
    os.symlink("nowhere.png", root / "dangling.png")
    os.symlink(outside, root / "out.png")
    os.symlink("/dev/zero", root / "zero.png")
    os.symlink(root, root / "deep/round")
    os.symlink("a.png", root / "link.png")
    expected |= {
        "\\xff\\xfe.png": "",
        "pipe.png": "a pipe",
        "socket.png": "a socket",
        "loop.png": "cannot be read",
        "dangling.png": "cannot be read",
        "out.png": "leads out of the folder",
        "zero.png": "leads out of the folder",
        "deep/round": "link to a folder",
        "link.png": "duplicate of a.png",
    }
    return root, expected


def test_every_file_gets_the_right_row_and_nothing_is_written(zoo, tmp_path, tree_digest, by_file):
    root, expected = zoo
    before = tree_digest(root)
    pictures = load_pictures(root, 16, cache_dir=tmp_path / "cache")
    suggest_resolution(root)
    rows = by_file(pictures.rows)
    assert set(rows) == set(expected)
    for name, words in expected.items():
        assert rows[name].kept == (not words), rows[name]
        assert words in rows[name].reason
        assert not rows[name].kept or len(rows[name].sha256) == 64
    assert pictures.names == [row.file for row in pictures.rows if row.kept]
    assert len(pictures) == len(pictures.pixels) == sum(not words for words in expected.values())
    assert tree_digest(root) == before


def test_the_table_has_one_line_a_file(zoo, tmp_path):
    root, expected = zoo
    pictures = load_pictures(root, 16, cache_dir=tmp_path / "cache")
    write_rows(pictures.rows, tmp_path / "photos.csv")
    lines = (tmp_path / "photos.csv").read_text(encoding="utf-8").splitlines()
    table = list(csv.DictReader(lines))
    assert len(table) == len(lines) - 1 == len(expected)
    assert {line["file"] for line in table} == set(expected)
    assert list(tmp_path.glob(".*tmp")) == []


def test_prepare_writes_what_was_kept_and_leaves_the_source_alone(zoo, tmp_path, tree_digest):
    root, expected = zoo
    before = tree_digest(root)
    rows = prepare_folder(root, tmp_path / "out", 16)
    assert tree_digest(root) == before
    written = [path for path in (tmp_path / "out").rglob("*") if path.is_file()]
    kept = [row for row in rows if row.kept]
    assert len(written) == len(kept) + 1 and len(rows) == len(expected)
    for row in kept:
        with Image.open(tmp_path / "out" / row.done.rpartition("saved as ")[2]) as image:
            assert (image.size, image.mode) == ((16, 16), "RGB")
    assert (tmp_path / "out/deep/er/still/h.png").is_file()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "outside.png", "photos"]


def test_an_unreadable_file_is_refused(tmp_path, photo, monkeypatch):
    for seed in range(2):
        photo(seed).save(tmp_path / f"{seed}.png")
    really_open = os.open

    def refusing_open(path, *arguments, **options):
        if str(path).endswith("0.png"):
            raise PermissionError(13, "Permission denied")
        return really_open(path, *arguments, **options)

    monkeypatch.setattr(os, "open", refusing_open)
    rows = load_pictures(tmp_path, 16, cache_dir=tmp_path.with_name("cache")).rows
    assert [(row.verdict, row.reason) for row in rows] == [
        ("refused", "cannot be read: Permission denied"),
        ("kept", ""),
    ]


def test_a_file_that_became_a_pipe_is_not_waited_for(tmp_path, photo):
    from graftgan.data.header import Refused
    from graftgan.data.read import read_picture_bytes
    from graftgan.data.source import open_source

    photo().save(tmp_path / "a.png")
    source = open_source(tmp_path)
    (tmp_path / "a.png").unlink()
    os.mkfifo(tmp_path / "a.png")
    with pytest.raises(Refused, match="no longer a plain file"):
        read_picture_bytes(source, source.entries[0])


def test_a_file_removed_during_the_run_is_refused(tmp_path, photo):
    from graftgan.data.read import as_pixels, read_pictures
    from graftgan.data.source import open_source

    photo(0).save(tmp_path / "a.png")
    photo(1).save(tmp_path / "b.png")
    source = open_source(tmp_path)
    (tmp_path / "a.png").unlink()
    verdicts = [read.row.verdict for read in read_pictures(source, 16, "crop", as_pixels)]
    assert verdicts == ["refused", "kept"]


def test_too_large_a_file_is_refused_unread(tmp_path, photo):
    photo().save(tmp_path / "a.png")
    with open(tmp_path / "huge.jpg", "wb") as stream:
        stream.truncate(300 * 2**20)  # takes no room on disk
    rows = load_pictures(tmp_path, 16, cache_dir=tmp_path.with_name("cache")).rows
    assert rows[1].reason == "too large: 300 MB, the limit is 256 MB"


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda path: None, "no folder or zip of pictures at .*photos.*No such file"),
        (lambda path: path.mkdir(), "no file in .*photos"),
        (lambda path: path.write_text("hello"), "photos is neither a folder nor a readable zip"),
        (lambda path: os.mkfifo(path), "neither a folder nor a zip"),
    ],
)
def test_a_source_that_is_none_gets_one_clear_line(tmp_path, make, words):
    make(tmp_path / "photos")
    for job in (
        lambda: load_pictures(tmp_path / "photos", 16, cache_dir=tmp_path / "cache"),
        lambda: suggest_resolution(tmp_path / "photos"),
        lambda: prepare_folder(tmp_path / "photos", tmp_path / "out"),
    ):
        with pytest.raises(UserError, match=words) as caught:
            job()
        assert "\n" not in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_a_folder_of_text_files_is_refused_with_counts(tmp_path):
    for at in range(3):
        (tmp_path / f"{at}.txt").write_text("hello")
    words = r"no picture could be read in .* \(3 files, all refused: 3 x not a picture \(0.txt\)\)"
    cache = tmp_path.with_name("cache")
    for _ in range(2):  # the second time from the cache
        with pytest.raises(UserError, match=words):
            load_pictures(tmp_path, 16, cache_dir=cache)
    with pytest.raises(UserError, match=words):
        suggest_resolution(tmp_path)
    with pytest.raises(UserError, match=words):
        prepare_folder(tmp_path, tmp_path.with_name("out"))
    assert not tmp_path.with_name("out").exists()


def test_a_list_of_rows_survives_odd_text(tmp_path):
    row = PictureRow('a,b"c.png', "refused", 'broken PNG: "x", y')
    write_rows([row], tmp_path / "photos.csv")
    with (tmp_path / "photos.csv").open(newline="", encoding="utf-8") as stream:
        line = next(csv.DictReader(stream))
    assert (line["file"], line["reason"]) == (row.file, row.reason)


def test_order_is_by_name_whatever_the_system_lists(tmp_path, photo):
    for seed, name in enumerate(["b/1.png", "a/2.png", "a/10.png", "c.png"]):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        photo(seed).save(tmp_path / name)
    pictures = load_pictures(tmp_path, 24, cache_dir=tmp_path.with_name("cache"))
    assert pictures.names == ["a/10.png", "a/2.png", "b/1.png", "c.png"]
    assert np.array_equal(pictures.pixels[1], np.asarray(photo(1)))
