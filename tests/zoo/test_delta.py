"""Small deltas on disk: read back to the bit; every kind of damage is one line that names the file."""

import dataclasses
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch

from graftgan.errors import UserError
from graftgan.zoo.delta import FACTS, TENSORS, Delta, find_delta, load_delta, remove_delta, save_delta

A, B = "a" * 64, "b" * 64


def made() -> Delta:
    tensors = {"generator.bias": torch.tensor([1.0, -2.0]), "generator.count": torch.tensor(3)}
    return Delta("lowrank", ("rank=2",), 7, "avatars-64", A, B, tensors)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    save_delta(tmp_path / "model", made())
    return tmp_path / "model"


def test_a_delta_is_read_back(folder: Path) -> None:
    found, wanted = load_delta(folder / TENSORS), made()
    for name in ("method", "settings", "seed", "source", "source_digest", "model_digest"):
        assert getattr(found, name) == getattr(wanted, name), name
    assert found.tensors.keys() == wanted.tensors.keys()
    assert all(torch.equal(found.tensors[name], wanted.tensors[name]) for name in wanted.tensors)


def test_its_facts_say_what_it_is(folder: Path) -> None:
    facts = json.loads((folder / FACTS).read_text())
    assert facts["shapes"] == {"generator.bias": [2], "generator.count": []}
    assert facts["bytes"] == (folder / TENSORS).stat().st_size
    assert (facts["method"], facts["method_options"], facts["source_sha256"]) == ("lowrank", ["rank=2"], A)


def test_a_run_a_model_or_the_file_names_it(folder: Path) -> None:
    assert {find_delta(path) for path in (folder, folder.parent, folder / TENSORS)} == {folder / TENSORS}
    remove_delta(folder)
    with pytest.raises(UserError, match=f"no delta at {folder}"):
        find_delta(folder)


def test_its_facts_are_no_delta(folder: Path) -> None:
    with pytest.raises(UserError, match=r"delta.json holds only facts: name the folder or delta.safetensors"):
        find_delta(folder / FACTS)


def test_a_variance_below_zero_is_named(tmp_path: Path) -> None:
    variance = {"generator.main.1.running_var": torch.tensor([1.0, -1e-6])}
    save_delta(tmp_path, dataclasses.replace(made(), tensors=variance))
    with pytest.raises(UserError, match="delta.safetensors: generator.main.1.running_var holds a variance below 0"):
        load_delta(tmp_path / TENSORS)


@pytest.mark.parametrize("name", [FACTS, TENSORS])
def test_a_file_cut_anywhere_is_named(folder: Path, name: str) -> None:
    good = (folder / name).read_bytes()
    for length in sorted({0, 1, 8, *(len(good) * part // 8 for part in range(8)), len(good) - 1}):
        (folder / name).write_bytes(good[:length])
        with pytest.raises(UserError, match=name):
            load_delta(folder / TENSORS)
    (folder / name).unlink()
    with pytest.raises(UserError, match=name):
        load_delta(folder / TENSORS)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": 2}, "not a graftgan delta of format 1"),
        ({"method": ["x"]}, "method is not a name"),
        ({"method": "x" * 201}, "method is not a name"),
        ({"method": "a\nb"}, "method is not a name"),
        ({"source": None}, "source is not a name"),
        ({"method_options": "rank=1"}, "method_options"),
        ({"method_options": [3]}, "method_options"),
        ({"method_options": ["a=1"] * 101}, "method_options"),
        ({"seed": -1}, "seed"),
        ({"seed": True}, "seed"),
        ({"seed": 2**63}, "seed"),
        ({"source_sha256": "a" * 63}, "source_sha256 is not a sha256"),
        ({"model_sha256": 5}, "model_sha256 is not a sha256"),
        ({"sha256": A}, "damaged"),
        ({"bytes": 3}, "bytes, delta.json says 3"),
        ({"bytes": 2**40}, "bytes is not a size"),
        ({"bytes": 1.5}, "bytes is not a size"),
        ({"shapes": []}, "shapes is not a table"),
        ({"shapes": {"generator.bias": [2]}}, "does not hold the tensors"),
        ({"shapes": {"generator.bias": [3], "generator.count": []}}, "does not hold the tensors"),
        ({"shapes": {"generator.bias": [-2]}}, "has no shape"),
        ({"shapes": {"generator.bias": [True]}}, "has no shape"),
        ({"shapes": {"generator.bias": [1] * 9}}, "has no shape"),
        ({"shapes": {"generator.bias": [2**40]}}, "has no shape"),
        ({"shapes": {"generator.\x1b[31mred": [2]}}, r"'generator.\\x1b\[31mred' is no tensor of the generator"),
        ({"shapes": {"generator.bias:exp_avg": [2]}}, "is no tensor of the generator"),
        ({"shapes": {"discriminator.bias": [2]}}, "'discriminator.bias' is no tensor of the generator"),
        ({"shapes": {"generator." + "x" * 200: [2]}}, "is no tensor of the generator"),
    ],
)
def test_false_facts_are_named(folder: Path, change: dict[str, Any], message: str) -> None:
    facts = json.loads((folder / FACTS).read_text())
    (folder / FACTS).write_text(json.dumps(facts | change))
    with pytest.raises(UserError, match=message) as refused:
        load_delta(folder / TENSORS)
    assert "delta." in str(refused.value) and "\n" not in str(refused.value)


@pytest.mark.parametrize("text", ["", "no JSON", "[]", "3", "[" * 100_000 + "]" * 100_000, " " * 1_000_001])
def test_facts_that_are_none_are_named(folder: Path, text: str) -> None:
    (folder / FACTS).write_text(text)
    with pytest.raises(UserError, match=FACTS) as refused:
        load_delta(folder / TENSORS)
    assert len(str(refused.value)) < 1000


def rewritten(folder: Path, data: bytes) -> None:
    """Another file of tensors, with facts that vouch for it."""
    facts = json.loads((folder / FACTS).read_text())
    facts |= {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    (folder / TENSORS).write_bytes(data)
    (folder / FACTS).write_text(json.dumps(facts))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t["generator.bias"].fill_(float("nan")), "generator.bias holds NaN"),
        (lambda t: t["generator.bias"].fill_(float("inf")), "generator.bias holds NaN or infinity"),
        (lambda t: t.update(extra=torch.zeros(1)), "does not hold the tensors"),
        (lambda t: t.pop("generator.bias"), "does not hold the tensors"),
    ],
)
def test_false_tensors_are_named(
    folder: Path, change: Callable[[dict[str, torch.Tensor]], object], message: str
) -> None:
    tensors = safetensors.torch.load_file(folder / TENSORS)
    change(tensors)
    rewritten(folder, safetensors.torch.save(tensors))
    with pytest.raises(UserError, match=f"delta.safetensors.*{message}"):
        load_delta(folder / TENSORS)


@pytest.mark.parametrize("data", [b"not tensors", b"\x80\x04\x95 a pickle"])
def test_what_is_no_safetensors_file_is_named(folder: Path, data: bytes) -> None:
    rewritten(folder, data)
    with pytest.raises(UserError, match="delta.safetensors is not a whole safetensors file"):
        load_delta(folder / TENSORS)


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="the delta in .*file cannot be written"):
        save_delta(tmp_path / "file", made())
