"""Pushing to the hub, with a hub that is not one: what goes there, under which card, and every refusal in one line."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import huggingface_hub
import pytest
from huggingface_hub.errors import (
    HfHubHTTPError,
    HFValidationError,
    HTTPError,
    LocalTokenNotFoundError,
    OfflineModeIsEnabled,
)
from PIL import Image

from graftgan.errors import UserError
from graftgan.formats.hub import hub_card, push
from graftgan.recipes import export
from graftgan.recipes.export import ExportOptions


class FakeHub:
    """Takes what it is given, and keeps it."""

    def __init__(self, refusal: Exception | None = None) -> None:
        self.refusal, self.files = refusal, dict[str, bytes]()
        self.made: dict[str, Any] = {}

    def __call__(self, **options: Any) -> "FakeHub":
        assert "token" not in options
        return self

    def create_repo(self, repo_id: str, **options: Any) -> str:
        if self.refusal is not None:
            raise self.refusal
        self.made = {"repo_id": repo_id, **options}
        return f"https://huggingface.co/{repo_id}"

    def upload_folder(self, *, repo_id: str, folder_path: Path, commit_message: str) -> None:
        assert repo_id == self.made["repo_id"]
        self.files = {path.name: path.read_bytes() for path in Path(folder_path).iterdir()}


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> FakeHub:
    fake = FakeHub()
    monkeypatch.setattr(huggingface_hub, "HfApi", fake)
    return fake


def test_the_folder_goes_there_with_card_and_pictures_and_stays_as_it_was(
    hub: FakeHub, folders: dict[str, Path], tmp_path: Path
) -> None:
    folder = folders["stylegan2"]
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    done = export.run(
        ExportOptions(
            model=str(folder),
            push_to_hub="someone/ink-faces",
            private=True,
            out=str(tmp_path / "ink.safetensors"),
        )
    )
    assert done.address == "https://huggingface.co/someone/ink-faces"
    assert hub.made == {"repo_id": "someone/ink-faces", "private": True, "exist_ok": True}
    named = {"config.json", "generator.safetensors", "README.md", "samples.png", "ink.safetensors"}
    assert hub.files.keys() == named
    assert hub.files["config.json"] == before["config.json"]
    assert hub.files["ink.safetensors"] == (tmp_path / "ink.safetensors").read_bytes()
    (tmp_path / "grid.png").write_bytes(hub.files["samples.png"])
    with Image.open(tmp_path / "grid.png") as picture:
        assert picture.size == (4 * 16 + 3 * 2, 4 * 16 + 3 * 2)
    header, body = hub.files["README.md"].decode().removeprefix("---\n").split("---\n", 1)
    lines = header.splitlines()
    assert lines[:3] == ["library_name: graftgan", "license: cc0-1.0", "pipeline_tag: unconditional-image-generation"]
    assert lines[3:] == ["tags:", "- gan", "- unconditional-image-generation"]
    assert "graftgan sample hf:someone/ink-faces" in body and "samples.png" in body and "`ink.safetensors`" in body
    assert "- credits: nobody" in body and body.count("## Data\n\nNone.") == 1 and "# ink-faces" in body
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_without_a_format_only_the_folder_goes(hub: FakeHub, folders: dict[str, Path]) -> None:
    done = export.run(ExportOptions(model=str(folders["dcgan"]), push_to_hub="someone/x"))
    assert done.path is None and "README.md" in hub.files and "tiny-dcgan.onnx" not in hub.files
    assert not hub.made["private"]


def test_a_card_takes_a_licence_from_the_folders_own_and_names_a_base_on_the_hub(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"about": {"source": "hf:other/faces@v1"}}))
    (tmp_path / "README.md").write_text("---\nlicense: cc-by-sa-4.0\n---\n\n# x\n\n- source: hf:other/faces@v1\n")
    card = hub_card(tmp_path, "someone/x")
    assert 'license: cc-by-sa-4.0\nbase_model: "other/faces"\n' in card and card.count("- source:") == 1
    (tmp_path / "README.md").write_text("no header")
    assert "license: other\n" in hub_card(tmp_path, "someone/x")
    (tmp_path / "config.json").write_text(json.dumps({"about": {"licence": "mine\nlicense: mit"}}))
    assert hub_card(tmp_path, "someone/x").splitlines()[2] == "license: other"


@pytest.mark.parametrize("name", ["x", "a/b/c", "../x", "a/b c", "-a/b", "a/" + "b" * 96, "a/b--c", "", "a/..b"])
def test_a_bad_name_is_refused_before_anything_is_done(name: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="--push-to-hub .*give user/name"):
        push(tmp_path / "nothing here", name, b"")


def answered(status: int) -> HfHubHTTPError:
    answer: Any = SimpleNamespace(status_code=status, headers={}, request=None)
    return HfHubHTTPError("no\nmore", response=answer)


@pytest.mark.parametrize(
    ("refusal", "message"),
    [
        (LocalTokenNotFoundError("long\nstory"), "nobody is logged in: run `hf auth login` once, or set HF_TOKEN"),
        (answered(401), "the hub does not know this login"),
        (answered(403), "someone/x: this login may not write there"),
        (answered(500), "someone/x: the hub refuses: no$"),
        (HTTPError("no route"), "the hub cannot be reached: no route"),
        (OfflineModeIsEnabled("off"), "switched offline"),
        (HFValidationError("bad\nname"), "someone/x: bad$"),
    ],
)
def test_what_the_hub_refuses_is_one_line(
    refusal: Exception, message: str, folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(huggingface_hub, "HfApi", FakeHub(refusal))
    with pytest.raises(UserError, match=message) as refused:
        push(folders["dcgan"], "someone/x", b"png")
    assert "\n" not in str(refused.value)
