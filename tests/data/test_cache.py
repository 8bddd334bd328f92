"""The cache is found again, made anew when anything changed, and never half there."""

import os
import subprocess
import sys
import zipfile

import numpy as np
import pytest

from graftgan.data import load_pictures
from graftgan.data.cache import cache_home
from graftgan.errors import UserError


@pytest.fixture
def photos(tmp_path, photo):
    (tmp_path / "photos").mkdir()
    for seed in range(5):
        photo(seed).save(tmp_path / f"photos/{seed}.png")
    return tmp_path / "photos"


def load(photos, resolution=16, **options):
    """The set, and whether it had to be read."""
    calls = []
    home = photos.parent / "cache"
    progress = lambda done, total: calls.append((done, total))  # noqa: E731
    pictures = load_pictures(photos, resolution, cache_dir=home, progress=progress, **options)
    return pictures, calls


def test_second_load_reads_nothing_and_gives_the_same(photos):
    first, calls = load(photos)
    assert calls == [(done, 5) for done in range(1, 6)]
    second, calls = load(photos)
    assert calls == []
    assert np.array_equal(first.pixels, second.pixels)
    assert (first.rows, first.names, first.digests) == (second.rows, second.names, second.digests)


def test_pixels_are_mapped_from_disk_and_read_only(photos):
    pictures, _ = load(photos)
    assert isinstance(pictures.pixels, np.memmap)
    assert pictures.pixels.shape == (5, 16, 16, 3) and pictures.pixels.dtype == np.uint8
    with pytest.raises(ValueError, match="read-only"):
        pictures.pixels[0] = 0


@pytest.mark.parametrize(
    "change", ["add", "remove", "rename", "touch", "content", "permission", "resolution", "square"]
)
def test_any_change_makes_a_new_cache(photos, photo, change):
    load(photos)
    options = {}
    if change == "add":
        photo(9).save(photos / "9.png")
    elif change == "remove":
        (photos / "0.png").unlink()
    elif change == "rename":
        (photos / "0.png").rename(photos / "7.png")
    elif change == "touch":
        os.utime(photos / "0.png", (1, 1))
    elif change == "content":  # of the same length, under the old time
        before = os.stat(photos / "0.png")
        data = bytearray((photos / "0.png").read_bytes())
        data[-20] ^= 1
        (photos / "0.png").write_bytes(data)
        os.utime(photos / "0.png", ns=(before.st_atime_ns, before.st_mtime_ns))
    elif change == "permission":
        (photos / "0.png").chmod(0o600)
    elif change == "resolution":
        options["resolution"] = 32
    else:
        options["square"] = "pad"
    _, calls = load(photos, **options)
    assert calls


def test_a_changed_zip_makes_a_new_cache(tmp_path, photo, encode):
    for seed in range(2):
        with zipfile.ZipFile(tmp_path / "p.zip", "w") as archive:
            archive.writestr("a.png", encode(photo(seed)))
        pictures = load_pictures(tmp_path / "p.zip", 24, cache_dir=tmp_path / "cache")
        assert np.array_equal(pictures.pixels[0], np.asarray(photo(seed)))


@pytest.mark.parametrize("name", ["pixels.u8", "rows.json", "meta.json"])
@pytest.mark.parametrize("damage", ["cut", "gone"])
def test_a_damaged_cache_is_made_anew(photos, name, damage):
    expected = load(photos)[0].pixels.copy()
    (path,) = (photos.parent / "cache").glob(f"*/{name}")
    if damage == "cut":
        os.truncate(path, path.stat().st_size // 2)
    else:
        path.unlink()
    pictures, calls = load(photos)
    assert calls and np.array_equal(pictures.pixels, expected)


def test_an_interrupted_build_leaves_nothing(photos):
    def interrupt(done, total):
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        load_pictures(photos, 16, cache_dir=photos.parent / "cache", progress=interrupt)
    assert list((photos.parent / "cache").iterdir()) == []


def test_what_a_killed_process_left_is_cleared_away_after_a_day(photos):
    old, young = photos.parent / "cache/.building-old", photos.parent / "cache/.building-young"
    for folder in (old, young):
        folder.mkdir(parents=True)
        (folder / "pixels.u8").write_bytes(b"half")
    os.utime(old, (1, 1))
    load(photos)
    assert not old.exists() and young.exists()


def test_two_processes_at_once_are_fine(photos):
    code = "import sys; from graftgan.data import load_pictures as load; print(load(sys.argv[1], 16).pixels.sum())"
    home = {
        **os.environ,
        "GRAFTGAN_CACHE": str(photos.parent / "cache"),
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    command = [sys.executable, "-c", code, str(photos)]
    both = [subprocess.Popen(command, env=home, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    sums = [process.communicate(timeout=60)[0] for process in both]
    assert sums[0] == sums[1] == f"{load(photos)[0].pixels.sum()}\n"
    assert len(list((photos.parent / "cache").iterdir())) == 1


def test_where_caches_live(monkeypatch, tmp_path):
    monkeypatch.setenv("GRAFTGAN_CACHE", str(tmp_path / "own"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "shared"))
    assert cache_home() == tmp_path / "own"
    monkeypatch.delenv("GRAFTGAN_CACHE")
    assert cache_home() == tmp_path / "shared/graftgan"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_home() == tmp_path / ".cache/graftgan"


def test_a_cache_that_cannot_be_written_gets_one_clear_line(photos):
    (photos.parent / "cache").write_text("a file is in the way")
    with pytest.raises(UserError, match="picture cache in .*cache cannot be written .*GRAFTGAN_CACHE"):
        load(photos)


def test_a_cache_among_the_pictures_is_refused(photos, tree_digest):
    before = tree_digest(photos)
    with pytest.raises(UserError, match="lies in the pictures' own folder"):
        load_pictures(photos, 16, cache_dir=photos / "cache")
    assert tree_digest(photos) == before
