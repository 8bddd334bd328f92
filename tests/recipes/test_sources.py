"""`graftgan sources`: the table, one entry, the page; adding a run, a model and a hub id, and taking them away."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import graftgan
from graftgan.cli.main import main
from graftgan.errors import UserError
from graftgan.recipes import source_register
from graftgan.recipes.source_pictures import cut, picture_grid, sheet, tiles_of
from graftgan.zoo.catalogue import entry
from graftgan.zoo.model_folder import load_model
from graftgan.zoo.sources import find_source


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GRAFTGAN_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def run(tiny: dict[str, Any]) -> Path:
    """A finished run of two steps with numbers beside it."""
    path = graftgan.train(tiny.pop("images"), **{**tiny, "kimg": 0.016, "ticks": 1}).folder
    path = path.parent if path.name == "model" else path
    protocol = {"encoder": "inception", "real": 40, "fake": 50, "truncation": 1.0}
    metrics = {
        "kid": {"adapted": {"value": 0.25, "error": 0.5, "protocol": protocol}},
        "fid": {"adapted": {"value": 1}},
    }
    (path / "metrics.json").write_text(json.dumps(metrics))
    return path


def test_a_run_is_added_listed_used_and_removed(run: Path, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["sources", "add", str(run), "--name", "my-fields", "--licence", "CC BY 4.0", "--what", "fields of colour"]
    assert main(words) == 0
    assert capsys.readouterr().out == f"added: my-fields (run {run.name})\ngraftgan adapt PHOTOS --source my-fields\n"
    folder = home / "sources" / "my-fields"
    assert load_model(folder).digest == load_model(run / "model").digest
    found = entry("my-fields")
    assert (found.licence, found.what, found.data) == ("CC BY 4.0", "fields of colour", "12 pictures of fields")
    told = "0.25 +- 0.5000 (inception, 50 samples, truncation 1, against 40 held-out pictures)"
    assert found.metrics == (("KID", told),)  # FID had no protocol, and so is not told
    card = (folder / "README.md").read_text()
    assert "license: cc-by-4.0\n" in card and "# my-fields\n" in card and told in card
    assert str(run.parent) not in card + (folder / "config.json").read_text()

    assert main(["sources"]) == 0
    out = capsys.readouterr().out
    assert "\n    fields of colour; KID 0.25 +- 0.5000 (inception, 50 samples)\n" in out
    assert out.startswith(" ") and "graftgan sources add RUN" in out.splitlines()[-2]
    assert main(["sources", "my-fields"]) == 0
    out = capsys.readouterr().out
    for part in (found.digest, str(folder / "README.md"), str(folder / "samples.png"), told, "CC BY 4.0"):
        assert part in out
    assert graftgan.load("my-fields").model.digest == found.digest
    assert "my-fields" in [one.name for one in graftgan.sources()]

    assert main(["sources", "remove", "my-fields"]) == 0
    assert capsys.readouterr().out == "removed: my-fields\n" and not folder.exists()
    assert main(["sources", "my-fields"]) == 2


def test_the_grid_is_that_of_the_weights_for_seeds_0_to_31(run: Path) -> None:
    source_register.add(source_register.AddOptions(model=str(run), name="one"))
    path, tiles = picture_grid(entry("one"))
    assert path.name == "samples.png" and tiles.shape == (32, 16, 16, 3)
    drawn = graftgan.load("one").sample([9])[0]
    assert np.abs(tiles[9].astype(int) - np.asarray(drawn).astype(int)).max() <= 1
    with Image.open(path) as image:
        assert image.size == (8 * 16 + 7 * 2, 4 * 16 + 3 * 2)
    path.write_bytes(b"no picture")
    again, same = picture_grid(entry("one"))
    assert again != path and np.array_equal(same, tiles)
    assert cut(path, 16) is None and cut(again, 32) is None and np.array_equal(cut(again, 16), tiles)


def test_large_pictures_are_scaled_in_the_grid() -> None:
    generator = load_model(find_source("avatars-64")).generator
    assert tiles_of(generator).shape == (32, 64, 64, 3)
    assert sheet(np.zeros((32, 4, 4, 3), np.uint8))[:4] == b"\x89PNG"


def test_a_model_folder_keeps_what_it_states(tmp_path: Path) -> None:
    found = source_register.add(source_register.AddOptions(model="avatars-64", name="copy"))
    before = entry("avatars-64")
    assert (found.licence, found.credits, found.metrics) == (before.licence, before.credits, before.metrics)
    assert found.digest == before.digest and found.size == before.size
    card = find_source("copy").joinpath("README.md").read_text()
    assert "## Data" in card and "# copy" in card and "# avatars-64" not in card


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["add"], "name a run's folder, a model folder, a checkpoint or a hub id to add"),
        (["add", "/nowhere"], "no source /nowhere"),
        (["add", "avatars-64"], "--name avatars-64: is a source of graftgan's own"),
        (["add", "avatars-64", "--name", "../x"], "--name ../x: lowercase letters, digits and dashes"),
        (["add", "avatars-64", "--name", "x", "--what", "a\nb"], "--what: one line of printable text"),
        (["add", "avatars-64", "--name", "x", "--licence", "a" * 301], "--licence: one line"),
        (["add", "avatars-64", "--nmae", "x"], "unknown option --nmae: did you mean --name?"),
        (["remove"], "name the added source to remove"),
        (["remove", "avatars-64"], "avatars-64 comes with graftgan or with a package (added: none)"),
        (["remove", "../x"], "no source ../x was added (added: none)"),
        (["update", "avatars-64"], "name the hub id to update, like hf:user/name"),
        (["--page", "/nowhere/x.html"], "--page /nowhere/x.html: name a file in a folder that exists"),
    ],
)
def test_a_mistake_is_one_line_and_changes_nothing(
    words: list[str], message: str, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["sources", *words]) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith("graftgan sources: ") and message in captured.err
    assert captured.err.count("\n") == 1 and not (home / "sources").exists()


def test_a_hub_id_that_was_never_used_says_how_to_use_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sources", "hf:me/never"]) == 0
    assert "was not used yet: any command with --source hf:me/never" in capsys.readouterr().out


def test_the_page_shows_all_and_says_what_is_damaged(
    run: Path, home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("good", "torn", "cut"):
        source_register.add(source_register.AddOptions(model=str(run), name=name, what=f"<{name}>"))
    (home / "sources" / "torn" / "config.json").write_text("{")
    critic = home / "sources" / "cut" / "discriminator.safetensors"
    critic.write_bytes(critic.read_bytes()[:-1])
    (home / "sources" / "cut" / "samples.png").unlink()
    assert main(["sources", "--page", str(tmp_path / "page.html")]) == 0
    page = (tmp_path / "page.html").read_text()
    assert page.count('alt="Seed ') >= 2 * 32 and "&lt;good&gt;" in page and "<good>" not in page
    assert page.count('class="missing">damaged: ') >= 1 and "is not JSON" in page
    assert main(["sources"]) == 0
    assert "damaged: " in capsys.readouterr().out


def test_a_hub_id_is_added_under_a_name(run: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from graftgan.zoo import hub_library

    commit = "c" * 40
    snapshot = tmp_path / "hub" / commit
    (run / "model").rename(tmp_path / "moved")
    snapshot.parent.mkdir()
    (tmp_path / "moved").rename(snapshot)
    sizes: dict[str, int | None] = {path.name: path.stat().st_size for path in snapshot.iterdir()}
    monkeypatch.setattr(hub_library, "listing", lambda *_: (commit, sizes))
    monkeypatch.setattr(hub_library, "folder", lambda *_, **__: snapshot)
    found = source_register.add(source_register.AddOptions(model="hf:me/Cats@v1"))
    assert (found.name, found.origin) == ("cats", f"hf:me/Cats@{commit}")
    assert entry("hf:me/Cats@v1").usable


def test_the_card_of_an_added_run_leaves_the_delta_behind(run: Path) -> None:
    (run / "model" / "README.md").write_text(
        "# x\n\n- a: b\n\n## Data\n\nfields\n\n## Small delta\n\n`delta`\n\n## End\n\nx"
    )
    assert source_register.rest_of_card(run / "model") == "## Data\n\nfields\n\n## End\n\nx"


def test_broken_metrics_are_left_out(run: Path) -> None:
    for text in ("{", "[]", '{"kid": 3}', '{"kid": {"adapted": {"value": "x", "protocol": {}}}}'):
        (run / "metrics.json").write_text(text)
        assert source_register.measured(run) == {}
    with pytest.raises(UserError, match="--name"):
        source_register.add(source_register.AddOptions(model=str(run), name="a/b"))
