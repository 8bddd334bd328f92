"""A model folder that a stranger packed: pipes, devices, folders and half characters in the place of its files."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from graftgan.cli.main import main
from graftgan.errors import UserError
from graftgan.zoo.entry import described
from graftgan.zoo.model_folder import load_model
from graftgan.zoo.sources import find_source


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copytree(find_source("avatars-64"), tmp_path / "model")
    return tmp_path / "model"


FAKES: dict[str, Callable[[Path], object]] = {
    "pipe": os.mkfifo,
    "device": lambda path: path.symlink_to("/dev/zero"),
    "folder": Path.mkdir,
    "empty": Path.touch,
    "nowhere": lambda path: path.symlink_to("nowhere"),
}


@pytest.mark.parametrize("fake", FAKES)
@pytest.mark.parametrize("name", ["config.json", "generator.safetensors", "discriminator.safetensors"])
def test_what_is_no_file_is_refused_at_once(folder: Path, name: str, fake: str) -> None:
    (folder / name).unlink()
    FAKES[fake](folder / name)
    with pytest.raises(UserError, match=name) as refused:
        load_model(folder)
    assert "\n" not in str(refused.value)
    if name != "discriminator.safetensors" and fake != "empty":
        assert "damaged" in described(folder, "x", "local").problem


def test_a_file_far_larger_than_its_network_is_not_read(folder: Path) -> None:
    with open(folder / "generator.safetensors", "r+b") as file:
        file.truncate(2**36)  # sparse: takes no room on the disk
    with pytest.raises(UserError, match="generator.safetensors: its size is"):
        load_model(folder)


def test_half_a_character_is_one_line(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = json.loads((folder / "config.json").read_text())
    text = json.dumps(config | {"about": {"what": "HERE"}}).replace("HERE", "\\ud800")
    (folder / "config.json").write_text(text)
    assert main(["sources", "add", str(folder), "--name", "half"]) == 2
    told = capsys.readouterr().err
    assert told.count("\n") == 1 and "config.json is not JSON" in told
