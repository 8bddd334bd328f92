"""Zips: names are not trusted, declared sizes are not trusted, nothing is unpacked."""

import os
import stat
import struct
import zipfile

import numpy as np
import pytest

from graftgan.data import load_pictures, prepare_folder
from graftgan.data.entry import MAX_FILE_BYTES
from graftgan.data.source import open_source
from graftgan.errors import UserError


def rows_of(path, tmp_path):
    return load_pictures(path, 16, cache_dir=tmp_path / "cache").rows


def test_a_zip_reads_like_the_folder(tmp_path, photo, encode):
    (tmp_path / "photos/two").mkdir(parents=True)
    with zipfile.ZipFile(tmp_path / "photos.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for seed, name in enumerate(["b.png", "two/a.png", "a.png"]):
            (tmp_path / "photos" / name).write_bytes(encode(photo(seed)))
            archive.write(tmp_path / "photos" / name, name)
    folder = load_pictures(tmp_path / "photos", 16, cache_dir=tmp_path / "cache")
    zipped = load_pictures(tmp_path / "photos.zip", 16, cache_dir=tmp_path / "cache")
    assert folder.rows == zipped.rows and folder.digests == zipped.digests
    assert np.array_equal(folder.pixels, zipped.pixels)
    assert folder.classes == zipped.classes == [".", "two"]


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_every_compression_is_read(tmp_path, photo, encode, method):
    with zipfile.ZipFile(tmp_path / "p.zip", "w", method) as archive:
        archive.writestr("a.png", encode(photo(width=100)))
    assert rows_of(tmp_path / "p.zip", tmp_path)[0].kept


@pytest.mark.parametrize(
    "name",
    ["../up.png", "a/../../up.png", "/root.png", "C:/drive.png", "c:drive.png", "..\\up.png", "a\\b.png"],
)
def test_unsafe_names_are_refused_and_lead_nowhere(tmp_path, photo, encode, name):
    (tmp_path / "in").mkdir()
    with zipfile.ZipFile(tmp_path / "in/p.zip", "w") as archive:
        archive.writestr("good.png", encode(photo(0)))
        archive.writestr(name, encode(photo(1)))
    rows = prepare_folder(tmp_path / "in/p.zip", tmp_path / "in/out")
    refused = [row for row in rows if not row.kept]
    assert [row.reason for row in refused] == ["unsafe name in the zip"]
    assert [path.name for path in tmp_path.rglob("*.png")] == ["good.png"]


def test_links_special_members_and_nested_zips_are_refused(tmp_path, photo, encode, by_file):
    with zipfile.ZipFile(tmp_path / "p.zip", "w") as archive:
        archive.writestr("good.png", encode(photo(0)))
        archive.writestr("inner.zip", b"PK\x03\x04")
        archive.writestr("inner.png", b"PK\x03\x04" + bytes(60))
        archive.mkdir("folder")
        for kind, name in (
            (stat.S_IFLNK, "link.png"),
            (stat.S_IFIFO, "pipe.png"),
            (stat.S_IFCHR, "device.png"),
        ):
            info = zipfile.ZipInfo(name)
            info.external_attr = (kind | 0o644) << 16
            archive.writestr(info, b"/etc/passwd")
    rows = by_file(rows_of(tmp_path / "p.zip", tmp_path))
    assert {name: row.reason.split(": ")[-1] for name, row in rows.items() if not row.kept} == {
        "inner.zip": "the ending .zip is none of a picture's",
        "inner.png": "the content is a zip",
        "link.png": "a link",
        "pipe.png": "a pipe",
        "device.png": "a device",
    }
    assert rows["good.png"].kept and len(rows) == 6


def patched(path, offset_in_directory: int, form: str, value: int, which: int = -1) -> None:
    """Overwrite a field of the last entry in the zip's directory."""
    data = bytearray(path.read_bytes())
    at = data.rindex(b"PK\x01\x02") + offset_in_directory
    struct.pack_into(form, data, at, value)
    path.write_bytes(data)


def two_members(path, first: bytes, last: bytes, method: int = zipfile.ZIP_DEFLATED) -> None:
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.writestr("a.png", first)
        archive.writestr("b.png", last)


def test_encrypted_member_is_refused(tmp_path, photo, encode):
    two_members(tmp_path / "p.zip", encode(photo(0)), encode(photo(1)))
    patched(tmp_path / "p.zip", 8, "<H", 1)
    assert [row.reason for row in rows_of(tmp_path / "p.zip", tmp_path)] == ["", "encrypted"]


def test_wrong_checksum_is_refused(tmp_path, photo, encode):
    two_members(tmp_path / "p.zip", encode(photo(0)), encode(photo(1)))
    patched(tmp_path / "p.zip", 16, "<I", 12345)
    reasons = [row.reason for row in rows_of(tmp_path / "p.zip", tmp_path)]
    assert reasons[0] == "" and "Bad CRC-32" in reasons[1]


def test_unknown_compression_is_refused(tmp_path, photo, encode):
    two_members(tmp_path / "p.zip", encode(photo(0)), encode(photo(1)))
    patched(tmp_path / "p.zip", 10, "<H", 77)
    reasons = [row.reason for row in rows_of(tmp_path / "p.zip", tmp_path)]
    assert reasons[0] == "" and reasons[1].startswith("cannot be read")


def test_huge_declared_size_is_refused_unread(tmp_path, photo, encode):
    two_members(tmp_path / "p.zip", encode(photo(0)), encode(photo(1)))
    patched(tmp_path / "p.zip", 24, "<I", MAX_FILE_BYTES + 2**20)
    assert rows_of(tmp_path / "p.zip", tmp_path)[1].reason == "too large: 257 MB, the limit is 256 MB"


def test_too_small_declared_size_does_not_let_more_in(tmp_path, photo, encode):
    two_members(tmp_path / "p.zip", encode(photo(0)), encode(photo(1)) + bytes(2**20))
    patched(tmp_path / "p.zip", 24, "<I", 100)
    reasons = [row.reason for row in rows_of(tmp_path / "p.zip", tmp_path)]
    assert reasons[0] == "" and reasons[1] != ""


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_inflating_stops_at_the_cap(tmp_path, method):
    with zipfile.ZipFile(tmp_path / "p.zip", "w", method) as archive:
        archive.writestr("bomb.png", bytes(30 * 2**20))
    assert os.path.getsize(tmp_path / "p.zip") < 2**16
    source = open_source(tmp_path / "p.zip")
    assert len(source.read(source.entries[0], 10_000)) == 10_001
    source.close()


def test_a_bomb_of_zeros_is_refused_by_its_beginning(tmp_path, photo, encode):
    two_members(tmp_path / "p.zip", encode(photo(0)), bytes(50 * 2**20))
    row = rows_of(tmp_path / "p.zip", tmp_path)[1]
    assert (row.reason, row.sha256) == ("not a picture: the content is unknown", "")


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_members_of_one_name_each_get_a_row(tmp_path, photo, encode):
    with zipfile.ZipFile(tmp_path / "p.zip", "w") as archive:
        archive.writestr("a.png", encode(photo(0)))
        archive.writestr("a.png", encode(photo(1)))
    rows = prepare_folder(tmp_path / "p.zip", tmp_path / "out")
    assert [row.done.split("; ")[-1] for row in rows] == ["saved as a.png", "saved as a~2.png"]
    for seed, name in enumerate(["a.png", "a~2.png"]):
        assert (tmp_path / "out" / name).exists(), seed


@pytest.mark.parametrize("part", [0.1, 0.5, 0.9, 0.99])
def test_a_truncated_zip_is_refused_in_one_line(tmp_path, photo, encode, part):
    two_members(tmp_path / "p.zip", encode(photo(0)), encode(photo(1)))
    data = (tmp_path / "p.zip").read_bytes()
    (tmp_path / "p.zip").write_bytes(data[: int(len(data) * part)])
    with pytest.raises(UserError, match=r"p\.zip is neither a folder nor a readable zip"):
        rows_of(tmp_path / "p.zip", tmp_path)


def test_the_zip_is_not_written_and_nothing_is_unpacked(tmp_path, photo, encode, tree_digest):
    (tmp_path / "in").mkdir()
    two_members(tmp_path / "in/p.zip", encode(photo(0)), encode(photo(1)))
    before = tree_digest(tmp_path / "in")
    rows_of(tmp_path / "in/p.zip", tmp_path)
    assert tree_digest(tmp_path / "in") == before
    assert list(tmp_path.rglob("*.png")) == []
