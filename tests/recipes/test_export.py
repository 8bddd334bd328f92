"""`export`: which file, checked before it is there, and every mistake in one line."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch

import graftgan
from graftgan.cli.main import main
from graftgan.errors import UserError
from graftgan.formats import agreement
from graftgan.networks import NETWORKS
from graftgan.randomness import generator_at
from graftgan.recipes import export
from graftgan.recipes.export import ExportOptions, chosen_format, place
from graftgan.zoo.model_folder import Model, load_model, save_model
from graftgan.zoo.single_file import unpacked


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    generator = NETWORKS["dcgan"].generator(resolution=16, channel_base=128, channel_max=8, z_dim=8)
    generator.init_weights(generator_at(0, 0))
    save_model(tmp_path / "run" / "model", Model("dcgan", generator.eval(), None, {"kimg": 8.0}), "# card")
    return tmp_path / "run" / "model"


def test_the_command_writes_beside_the_run_and_tells_the_difference(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["export", str(folder.parent)]) == 0
    said = capsys.readouterr()
    assert said.err == "graftgan export: onnx: this takes up to a minute\n"
    file, difference = said.out.splitlines()
    assert file.startswith(f"file: {folder.parent / 'run.onnx'} (0.") and "e-" in difference
    assert sorted(path.name for path in folder.parent.iterdir()) == ["model", "run.onnx"]


def test_safetensors_from_python(folder: Path, tmp_path: Path) -> None:
    done = graftgan.export(folder, tmp_path / "x.safetensors")
    assert done.path == tmp_path / "x.safetensors" and done.difference is None
    read, before = load_model(unpacked(done.path)), load_model(folder)
    assert (read.network, read.about, read.digest) == ("dcgan", {"kimg": 8.0}, before.digest)
    for name, tensor in before.generator.state_dict().items():
        assert torch.equal(read.generator.state_dict()[name], tensor)
    half = graftgan.export(folder, tmp_path / "half.safetensors", half=True).path
    assert half is not None and half.stat().st_size < 0.6 * done.path.stat().st_size
    floats = [tensor for tensor in safetensors.torch.load_file(half).values() if tensor.is_floating_point()]
    assert floats and all(tensor.dtype == torch.float16 for tensor in floats)


@pytest.mark.parametrize("kind", ["onnx", "pt2"])
def test_pictures_that_differ_leave_nothing_behind(
    kind: str, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agreement, "LIMIT", -1.0)
    out = tmp_path / "out"
    out.mkdir()
    (out / f"there.{kind}").write_bytes(b"old")
    with pytest.raises(UserError, match="there is such a file, and nothing is overwritten"):
        export.run(ExportOptions(model=str(folder), out=str(out / f"there.{kind}")))
    with pytest.raises(UserError, match="was not written: its pictures differ from PyTorch's by"):
        export.run(ExportOptions(model=str(folder), out=str(out / f"new.{kind}")))
    assert [path.name for path in out.iterdir()] == [f"there.{kind}"]
    assert (out / f"there.{kind}").read_bytes() == b"old"


@pytest.mark.parametrize(
    ("module", "options", "install"),
    [
        ("onnxscript", {"format": "onnx"}, "--format onnx needs onnxscript: pip install 'graftgan[export]'"),
        ("onnxruntime", {}, "--format onnx needs onnxruntime: pip install 'graftgan[export]'"),
        (
            "huggingface_hub",
            {"push_to_hub": "a/b"},
            "--push-to-hub needs huggingface_hub: pip install 'graftgan[hub]'",
        ),
    ],
)
def test_a_missing_package_is_one_line(
    module: str, options: dict[str, str], install: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(UserError) as refused:
        export.run(ExportOptions(model=str(folder), **options))  # type: ignore[arg-type]
    assert str(refused.value) == install


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model": None}, "name a run's folder"),
        ({"model": "avatar-64"}, "no source avatar-64: .*did you mean avatars-64"),
        ({"format": "onx"}, "--format onx: did you mean onnx"),
        ({"out": "x.bin"}, "x.bin: give --format, or a file that ends in .onnx, .safetensors, .pt2"),
        ({"out": "x.pt2", "format": "onnx"}, "x.pt2: a file of this format ends in .onnx"),
        ({"half": True}, "--half goes with --format safetensors"),
        ({"private": True}, "--private goes with --push-to-hub"),
        ({"out": "nowhere/at/all/x.safetensors"}, "x.safetensors cannot be written: No such file"),
        ({"push_to_hub": "x"}, "--push-to-hub x: give user/name"),
    ],
)
def test_what_cannot_be_is_one_line(folder: Path, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        export.run(ExportOptions(**{"model": str(folder), **changes}))


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no source .*neither a name nor a folder with a model"):
        export.run(ExportOptions(model=str(tmp_path)))


@pytest.mark.parametrize("name", ["model/generator.safetensors", "model/other.safetensors"])
def test_nothing_is_written_into_the_model(folder: Path, name: str) -> None:
    (folder / "other.safetensors").write_bytes(b"")
    before = (folder / "generator.safetensors").read_bytes()
    with pytest.raises(UserError, match="is part of the model"):
        export.run(ExportOptions(model=str(folder), out=str(folder.parent / name)))
    assert (folder / "generator.safetensors").read_bytes() == before


def test_where_a_file_goes(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    at: Callable[[str, str | None], Path] = lambda model, out: place(model, out, folder, ".onnx")  # noqa: E731
    assert at("run", None) == Path("run/run.onnx")
    assert place("run/model", None, Path("run/model"), ".onnx") == tmp_path / "run" / "model.onnx"
    assert at("avatars-64", None) == Path("avatars-64.onnx")
    assert at("hf:user/faces", None) == at("hf:user/faces@v1", None) == Path("faces.onnx")
    assert at("hf:user/faces/net.pkl", None) == Path("net.onnx")
    (tmp_path / "avatars-64").mkdir()
    assert at("avatars-64", None) == Path("avatars-64.onnx")  # the name comes first
    assert at("avatars-64", "run") == Path("run/avatars-64.onnx")
    (tmp_path / "old.pkl").write_bytes(b"")
    assert at("old.pkl", None) == tmp_path / "old.onnx"
    (tmp_path / "self.onnx").write_bytes(b"")
    with pytest.raises(UserError, match="nothing is overwritten"):
        at("self.onnx", None)


def test_the_format_is_named_or_is_what_the_file_ends_in(tmp_path: Path) -> None:
    def kind(**options: Any) -> str | None:
        return chosen_format(ExportOptions(model="m", **options))

    assert (kind(), kind(out="a.pt2"), kind(out=str(tmp_path))) == ("onnx", "pt2", "onnx")
    assert kind(format="torchscript-free") == "pt2"
    assert kind(push_to_hub="a/b") is None and kind(push_to_hub="a/b", format="onnx") == "onnx"
