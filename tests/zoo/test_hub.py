"""Hub ids: pinned at first use, held to ever after, refused in one line; the hub here is a folder."""

import shutil
import sys
from pathlib import Path

import pytest

from graftgan.errors import UserError
from graftgan.zoo import hub, hub_library, pins
from graftgan.zoo.catalogue import catalogue, entry
from graftgan.zoo.entry import file_digest
from graftgan.zoo.model_folder import load_model
from graftgan.zoo.single_file import single_file
from graftgan.zoo.sources import find_source

ONE, TWO = "1" * 40, "2" * 40


class FolderHub:
    """Stands for the three questions: commits are folders, the library's cache is another."""

    def __init__(self, root: Path) -> None:
        self.commits, self.cache = root / "commits", root / "hub-cache" / "models--me--cats" / "snapshots"
        self.newest, self.online, self.asked = ONE, True, 0
        self.sizes: dict[str, int | None] = {}

    def commit(self, revision: str | None) -> str:
        return revision if revision is not None and len(revision) == 40 else self.newest

    def listing(self, word, repo, revision):
        self.asked += 1
        if not self.online:
            raise hub_library.Unreachable(f"{word}: the hub cannot be reached, and it is not in its cache")
        commit = self.commit(revision)
        files = (path for path in (self.commits / commit).rglob("*") if path.is_file())
        names = {str(path.relative_to(self.commits / commit)): path.stat().st_size for path in files}
        return commit, names | self.sizes

    def fetched(self, word, commit, names, local):
        if local:
            return self.cache / commit if (self.cache / commit).is_dir() else None
        if not self.online:
            raise hub_library.Unreachable(f"{word}: the hub cannot be reached, and it is not in its cache")
        for name in names:
            if (self.commits / commit / name).is_file():
                (self.cache / commit / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(self.commits / commit / name, self.cache / commit / name)
        return self.cache / commit

    def folder(self, word, repo, revision, patterns, local):
        assert repo == "me/cats"
        return self.fetched(word, self.commit(revision), patterns, local)

    def file(self, word, repo, revision, name, local):
        folder = self.fetched(word, self.commit(revision), [name], local)
        return None if folder is None else folder / name


@pytest.fixture
def cats(small_model, tmp_path, home, monkeypatch) -> FolderHub:
    """A hub with one model of two commits."""
    found = FolderHub(tmp_path)
    for seed, commit in ((0, ONE), (1, TWO)):
        small_model(found.commits / commit, seed=seed, licence="MIT", what="cats")
        (found.commits / commit / "evil.py").write_text("raise SystemExit")
    for name in ("listing", "folder", "file"):
        monkeypatch.setattr(hub_library, name, getattr(found, name))
    hub.say_pinned.cache_clear()
    return found


def test_the_first_use_pins_and_later_ones_stay(cats, capsys):
    folder = find_source("hf:me/cats")
    assert sorted(path.name for path in folder.iterdir()) == [
        "README.md",
        "config.json",
        "discriminator.safetensors",
        "generator.safetensors",
    ]
    pin = pins.read_pin("hf:me/cats")
    assert pin is not None and pin.revision == ONE
    assert pin.files["generator.safetensors"] == load_model(folder).digest
    assert pin.files.keys() == {"config.json", "generator.safetensors", "discriminator.safetensors"}
    capsys.readouterr()
    cats.newest, cats.online = TWO, False
    asked = cats.asked
    assert find_source("hf:me/cats") == folder and cats.asked == asked
    assert "graftgan sources update hf:me/cats" in capsys.readouterr().err


def test_update_takes_the_newest(cats):
    find_source("hf:me/cats")
    cats.newest = TWO
    assert hub.update("hf:me/cats") == (ONE, TWO)
    assert find_source("hf:me/cats").name == TWO
    assert hub.update("hf:me/cats") == (TWO, TWO)


def test_a_revision_is_an_id_of_its_own(cats):
    find_source("hf:me/cats")
    assert find_source(f"hf:me/cats@{TWO}").name == TWO and find_source("hf:me/cats").name == ONE
    assert pins.pinned_words() == ["hf:me/cats", f"hf:me/cats@{TWO}"]


def test_content_that_changed_is_refused_until_updated(cats):
    folder = find_source("hf:me/cats")
    other = cats.commits / TWO / "generator.safetensors"
    shutil.copyfile(other, folder / "generator.safetensors")
    shutil.copyfile(other, cats.commits / ONE / "generator.safetensors")
    with pytest.raises(
        UserError, match="generator.safetensors is not the file of its first use.*sources update hf:me/cats"
    ):
        find_source("hf:me/cats")
    assert "not the file of its first use" in entry("hf:me/cats").problem
    hub.update("hf:me/cats")
    assert find_source("hf:me/cats") == folder


def test_a_wiped_cache_is_fetched_again_at_the_pinned_commit(cats):
    find_source("hf:me/cats")
    shutil.rmtree(cats.cache)
    cats.newest = TWO
    assert "fetches it again" in entry("hf:me/cats").problem
    assert find_source("hf:me/cats").name == ONE
    (cats.cache / ONE / "discriminator.safetensors").unlink()
    assert find_source("hf:me/cats").name == ONE and (cats.cache / ONE / "discriminator.safetensors").is_file()


def test_offline_the_cache_serves_a_first_use_and_nothing_else_does(cats):
    cats.online = False
    with pytest.raises(UserError, match="hf:me/cats: the hub cannot be reached"):
        find_source("hf:me/cats")
    assert pins.pinned_words() == []
    shutil.copytree(cats.commits / ONE, cats.cache / ONE)
    assert find_source("hf:me/cats").name == ONE
    pin = pins.read_pin("hf:me/cats")
    assert pin is not None and pin.revision == ONE


def test_one_checkpoint_in_a_repository_is_converted(cats, written_files, tmp_path):
    path = cats.commits / ONE / "old" / "net.pkl"
    path.parent.mkdir()
    path.write_bytes(written_files.nvidia_pickle(None))
    word = "hf:me/cats/old/net.pkl"
    folder = find_source(word)
    assert load_model(folder).generator.resolution == 16 and folder.is_relative_to(tmp_path / "cache")
    pin = pins.read_pin(word)
    assert pin is not None and pin.files == {"old/net.pkl": file_digest(path)}
    assert entry(word).usable and entry(word).origin == f"{word}@{ONE}"
    with pytest.raises(UserError, match="hf:me/cats/other.pkl: the hub has no such file"):
        find_source("hf:me/cats/other.pkl")


def test_a_single_file_of_ours_is_taken(cats):
    (cats.commits / ONE / "one.safetensors").write_bytes(single_file(cats.commits / ONE))
    model = load_model(find_source("hf:me/cats/one.safetensors"))
    assert model.digest == load_model(cats.commits / ONE).digest
    assert entry("hf:me/cats/one.safetensors").usable


@pytest.mark.parametrize("size", [4 * 10**9, None])
def test_what_is_too_large_is_not_downloaded(cats, size):
    cats.sizes = {"generator.safetensors": size}
    with pytest.raises(UserError, match="hf:me/cats: is larger than 4 GB"):
        find_source("hf:me/cats")
    assert not cats.cache.exists() and pins.pinned_words() == []


def test_a_repository_without_a_model_of_ours_is_refused(cats):
    (cats.commits / ONE / "generator.safetensors").unlink()
    with pytest.raises(UserError, match="hf:me/cats: holds no graftgan model"):
        find_source("hf:me/cats")


@pytest.mark.parametrize(
    "word",
    [
        *("hf:", "hf:cats", "hf:me/", "hf:/cats", "hf:../cats", "hf:me/..", "hf:me/cats/../x.pkl", "hf:me/cats@"),
        *("hf:me/cats@../x", "hf:me--x/cats", "hf:me/cats//x", "hf:me/.cats", "hf:me/cats\n", "hf:me/cats?x"),
        *("hf:me/a b", "hf:me/" + "c" * 300),
    ],
)
def test_ids_that_are_none_are_refused(home, word):
    with pytest.raises(UserError, match="write hf:user/name"):
        find_source(word)
    assert not home.exists()


def test_the_listing_asks_the_hub_nothing(cats):
    find_source("hf:me/cats")
    asked = cats.asked
    (found,) = [one for one in catalogue() if one.kind == "hub"]
    assert (found.name, found.licence, found.what, found.origin) == ("hf:me/cats", "MIT", "cats", f"hf:me/cats@{ONE}")
    assert found.usable and cats.asked == asked


@pytest.mark.parametrize("damage", ["", "[]", '{"id": "hf:me/cats", "revision": "../x", "files": {"a": "b"}}'])
def test_a_damaged_pin_is_named_and_mended_by_update(cats, damage):
    find_source("hf:me/cats")
    pins.path_of("hf:me/cats").write_text(damage)
    with pytest.raises(UserError, match="hf%3Ame%2Fcats.json"):
        find_source("hf:me/cats")
    assert pins.pinned_words() == [] and catalogue()
    hub.update("hf:me/cats")
    assert find_source("hf:me/cats").name == ONE


def test_of_two_first_uses_the_first_pin_holds(home):
    first = pins.Pin("hf:me/cats", ONE, {"config.json": "a" * 64})
    assert pins.keep_pin(first) == first
    assert pins.keep_pin(pins.Pin("hf:me/cats", TWO, {"config.json": "b" * 64})) == first
    assert [path.name for path in (home / "hub").iterdir()] == ["hf%3Ame%2Fcats.json"]


def test_without_the_library_one_line_says_what_to_install(home, monkeypatch):
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(UserError, match=r"hf:me/cats: models of the hub need pip install 'graftgan\[hub\]'"):
        find_source("hf:me/cats")


def library_error(name: str) -> Exception:
    """An error as `huggingface_hub` raises it."""
    from huggingface_hub import errors

    if name == "connect":
        return errors.HTTPError("no route")
    if name in ("OfflineModeIsEnabled", "HFValidationError", "RevisionResolutionError"):
        return getattr(errors, name)("no")
    code = int(name) if name.isdigit() else 404
    http = sys.modules[errors.Response.__module__.partition(".")[0]]
    answer = http.Response(code, request=http.Request("GET", "https://hub"))
    return getattr(errors, "HfHubHTTPError" if name.isdigit() else name)("no", response=answer)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("GatedRepoError", "is gated: accept its terms"),
        ("RepositoryNotFoundError", "has no such model, or it is private"),
        ("RevisionNotFoundError", "has no such revision"),
        ("RemoteEntryNotFoundError", "has no such file"),
        ("OfflineModeIsEnabled", "HF_HUB_OFFLINE"),
        ("HFValidationError", "is no id of a model"),
        ("RevisionResolutionError", "cannot be reached"),
        ("401", "answers 401"),
        ("503", "answers 503"),
        ("connect", "cannot be reached"),
    ],
)
def test_each_error_of_the_library_is_one_line(name, message):
    with pytest.raises(UserError, match=f"^hf:me/cats: .*{message}") as refused, hub_library.plainly("hf:me/cats"):
        raise library_error(name)
    assert "\n" not in str(refused.value)
    away = name in ("OfflineModeIsEnabled", "RevisionResolutionError", "503", "connect")
    assert isinstance(refused.value, hub_library.Unreachable) == away


def test_the_librarys_own_cache_is_used_offline(small_model, tmp_path, home, monkeypatch):
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(UserError, match="hf:me/dogs: is not in the hub's cache, and HF_HUB_OFFLINE"):
        find_source("hf:me/dogs")
    root = tmp_path / "hub" / "models--me--dogs"
    small_model(root / "snapshots" / ONE)
    (root / "refs").mkdir()
    (root / "refs" / "main").write_text(ONE)
    assert find_source("hf:me/dogs") == root / "snapshots" / ONE
    assert find_source(f"hf:me/dogs@{ONE}") == root / "snapshots" / ONE
    pin = pins.read_pin("hf:me/dogs")
    assert pin is not None and pin.revision == ONE
    (root / "snapshots" / ONE / "net.pt").write_bytes(b"no checkpoint")
    with pytest.raises(UserError, match="net.pt"):
        find_source("hf:me/dogs/net.pt")
