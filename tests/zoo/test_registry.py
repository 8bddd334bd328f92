"""Added sources: put there whole or not at all, under names that are names, and never over another."""

import json
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from graftgan.errors import UserError
from graftgan.zoo import registry
from graftgan.zoo.model_folder import load_model
from graftgan.zoo.sources import find_source, is_known


def test_weights_are_copied_to_the_byte_and_found_by_name(small_model, tmp_path, home):
    model = small_model(tmp_path / "m")
    folder = registry.put("my-dots", model, {"what": "dots"}, "# card", b"png")
    assert folder == home / "sources" / "my-dots" == find_source("my-dots") and is_known("my-dots")
    for name in ("generator.safetensors", "discriminator.safetensors"):
        assert (folder / name).read_bytes() == (model / name).read_bytes()
    assert ((folder / "README.md").read_text(), (folder / "samples.png").read_bytes()) == ("# card", b"png")
    about = load_model(folder).about
    assert about == {"what": "dots", "generator_sha256": load_model(model).digest}
    assert registry.added_names() == ["my-dots"]
    assert [path.name for path in folder.parent.iterdir()] == ["my-dots"]
    registry.remove("my-dots")
    assert registry.added_names() == [] and list(folder.parent.iterdir()) == [] and not is_known("my-dots")


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", "../x", "a/b", "/a", "a.b", "A", "a b", "-a", "a-", "a--b", "a\n", "ä", "a" * 61, "none", "add"],
)
def test_names_that_are_none_are_refused(small_model, tmp_path, home, name):
    model = small_model(tmp_path / "m")
    with pytest.raises(UserError, match="--name"):
        registry.put(name, model, {}, "", b"")
    assert not home.exists()


def test_nothing_outside_is_removed_or_found(small_model, tmp_path, home):
    small_model(home / "sources" / "mine")
    small_model(home / "outside")
    for name in ("../outside", "..", "mine/", "avatars-64", "faces-64", "other"):
        with pytest.raises(UserError, match=r"\(added: mine\)"):
            registry.remove(name)
        assert registry.added_folder(name) is None
    assert (home / "outside" / "config.json").is_file() and registry.added_names() == ["mine"]


@pytest.mark.parametrize("name", ["avatars-64", "faces-64"])
def test_names_of_graftgans_own_are_taken(small_model, tmp_path, home, name):
    with pytest.raises(UserError, match=f"--name {name}: is a source of graftgan's own"):
        registry.put(name, small_model(tmp_path / "m"), {}, "", b"")


def test_a_name_is_given_once(small_model, tmp_path, home):
    registry.put("one", small_model(tmp_path / "m"), {}, "first", b"")
    with pytest.raises(UserError, match="--name one: was added before"):
        registry.put("one", small_model(tmp_path / "n", seed=1), {}, "second", b"")
    assert (home / "sources" / "one" / "README.md").read_text() == "first"


def test_a_name_taken_meanwhile_is_not_overwritten(small_model, tmp_path, home, monkeypatch):
    registry.put("one", small_model(tmp_path / "m"), {}, "first", b"")
    monkeypatch.setattr(registry, "check_new", lambda name: None)  # as if the other process came just after
    with pytest.raises(UserError, match="by another process"):
        registry.put("one", small_model(tmp_path / "n", seed=1), {}, "second", b"")
    assert (home / "sources" / "one" / "README.md").read_text() == "first"
    assert [path.name for path in (home / "sources").iterdir()] == ["one"]


def test_of_many_at_once_one_wins_whole(small_model, tmp_path, home):
    models = [small_model(tmp_path / str(seed), seed=seed) for seed in range(4)]
    barrier = threading.Barrier(len(models))

    def add(model):
        barrier.wait()
        try:
            registry.put("one", model, {}, str(model), b"")
        except UserError as error:
            assert "--name one: was added" in str(error)
            return None
        return model

    with ThreadPoolExecutor(len(models)) as pool:
        (winner,) = [model for model in pool.map(add, models) if model is not None]
    assert whole_of(home) == (str(winner), (winner / "generator.safetensors").read_bytes())


def whole_of(home):
    """What the one added source holds: its card and its weights."""
    assert [path.name for path in (home / "sources").iterdir()] == ["one"]
    folder = home / "sources" / "one"
    return (folder / "README.md").read_text(), (folder / "generator.safetensors").read_bytes()


@pytest.mark.slow
def test_of_two_processes_one_wins_whole(small_model, tmp_path, home):
    code = (
        "import sys; from pathlib import Path; from graftgan.zoo import registry\n"
        "from graftgan.errors import UserError\n"
        "sys.stdin.readline()\n"
        "try: registry.put('one', Path(sys.argv[1]), {}, sys.argv[1], b'')\n"
        "except UserError: sys.exit(2)\n"
    )
    models = [small_model(tmp_path / str(seed), seed=seed) for seed in (0, 1)]
    command = [sys.executable, "-c", code]
    runs = [subprocess.Popen([*command, str(model)], stdin=subprocess.PIPE, text=True) for model in models]
    for run in runs:
        assert run.stdin is not None
        run.stdin.write("go\n")
        run.stdin.close()
    codes = [run.wait(timeout=60) for run in runs]
    assert sorted(codes) == [0, 2]
    winner = models[codes.index(0)]
    assert whole_of(home) == (str(winner), (winner / "generator.safetensors").read_bytes())


def test_a_damaged_model_is_not_added(small_model, tmp_path, home):
    model = small_model(tmp_path / "m")
    (model / "generator.safetensors").write_bytes((model / "generator.safetensors").read_bytes()[:-1])
    with pytest.raises(UserError, match="generator.safetensors"):
        registry.put("one", model, {}, "", b"")
    assert registry.added_names() == []


def test_a_data_folder_that_cannot_be_written_is_one_line(small_model, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("GRAFTGAN_HOME", str(tmp_path / "file"))
    with pytest.raises(UserError, match="cannot be written"):
        registry.put("one", small_model(tmp_path / "m"), {}, "", b"")


def test_the_data_folder_is_not_the_cache(monkeypatch, tmp_path):
    monkeypatch.delenv("GRAFTGAN_HOME")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert registry.data_home() == tmp_path / "graftgan"
    monkeypatch.delenv("XDG_DATA_HOME")
    assert registry.data_home().parts[-3:] == (".local", "share", "graftgan")


def test_the_config_of_an_added_source_is_whole(small_model, tmp_path, home):
    model = small_model(tmp_path / "m", critic=False, what="old")
    folder = registry.put("one", model, {"what": "new"}, "", b"")
    before, after = (json.loads((path / "config.json").read_text()) for path in (model, folder))
    assert {**before, "about": after["about"]} == after and after["discriminator"] is None
    assert not (folder / "discriminator.safetensors").exists()
