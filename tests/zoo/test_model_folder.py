"""Model folders: written and read to the bit; every kind of damage is one line that names the file."""

import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch

import graftgan.zoo.model_folder
from graftgan.errors import UserError
from graftgan.networks import NETWORKS
from graftgan.randomness import generator_at
from graftgan.zoo.model_folder import CONFIG, DISCRIMINATOR, GENERATOR, Model, build, load_model, save_model
from graftgan.zoo.sources import find_source

SIZES = {"resolution": 16, "channel_base": 128, "channel_max": 8}


def built(network: str, **options: Any) -> Model:
    generator = NETWORKS[network].generator(**SIZES, z_dim=8, **options)
    inverse = {} if NETWORKS[network].discriminator.adversary else {"z_dim": 8}
    discriminator = NETWORKS[network].discriminator(**SIZES, **inverse, **options)
    generator.init_weights(generator_at(0, 0))
    discriminator.init_weights(generator_at(0, 1))
    return Model(network, generator.eval(), discriminator.eval(), {"licence": "CC0-1.0", "classes": ["a", "b"]})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    save_model(tmp_path / "model", built("stylegan2"), "# card")
    return tmp_path / "model"


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16])
def test_a_model_is_read_back(tmp_path: Path, network: str, dtype: torch.dtype) -> None:
    model = built(network)
    save_model(tmp_path, model, "# the card\n", dtype)
    found = load_model(tmp_path)
    assert (found.network, found.about) == (network, model.about)
    assert found.generator.config() == model.generator.config()
    assert not found.generator.training and found.discriminator is not None and not found.discriminator.training
    assert len(found.digest) == len(found.discriminator_digest) == 64 != found.digest
    assert (tmp_path / "README.md").read_text() == "# the card\n"
    assert model.discriminator is not None
    for old, new in ((model.generator, found.generator), (model.discriminator, found.discriminator)):
        before, after = old.state_dict(), new.state_dict()
        assert before.keys() == after.keys()
        for name in before:
            assert after[name].dtype == before[name].dtype
            expected = before[name].to(dtype).float() if before[name].is_floating_point() else before[name]
            assert torch.equal(after[name], expected), name


def test_half_the_size_in_half_precision(tmp_path: Path) -> None:
    sizes = {}
    for dtype in (torch.float32, torch.float16):
        save_model(tmp_path / str(dtype), built("dcgan"), "", dtype)
        tensors = safetensors.torch.load_file(tmp_path / str(dtype) / GENERATOR)
        sizes[dtype] = sum(tensor.nbytes for tensor in tensors.values() if tensor.is_floating_point())
    assert sizes[torch.float16] * 2 == sizes[torch.float32]


def test_a_model_may_come_without_a_discriminator(tmp_path: Path) -> None:
    model = built("dcgan")
    save_model(tmp_path, Model("dcgan", model.generator, None, {}), "")
    assert load_model(tmp_path).discriminator is None


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="model folder .*file.* cannot be written"):
        save_model(tmp_path / "file", built("dcgan"), "")


def edited(folder: Path, change: Callable[[dict[str, torch.Tensor]], object]) -> None:
    tensors = safetensors.torch.load_file(folder / GENERATOR)
    change(tensors)
    (folder / GENERATOR).write_bytes(safetensors.torch.save(tensors))


CONST = "synthesis.b4.const"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.pop(CONST), r"1 tensors missing \['synthesis.b4.const'\]"),
        (lambda t: t.update(extra=torch.zeros(1)), r"1 not of this network \['extra'\]"),
        (
            lambda t: t.update({CONST: torch.zeros(2, 2)}),
            r"synthesis.b4.const is \(2, 2\), the network has \(8, 4, 4\)",
        ),
        (lambda t: t[CONST].view(-1)[3:4].fill_(float("nan")), "synthesis.b4.const holds NaN"),
        (lambda t: t[CONST].view(-1)[3:4].fill_(float("inf")), "synthesis.b4.const holds NaN or infinity"),
        (lambda t: t.update({CONST: torch.zeros(8, 4, 4, dtype=torch.int64)}), "synthesis.b4.const is torch.int64"),
    ],
)
def test_false_tensors_are_named(
    folder: Path, change: Callable[[dict[str, torch.Tensor]], object], message: str
) -> None:
    edited(folder, change)
    with pytest.raises(UserError, match=f"generator.safetensors.*{message}"):
        load_model(folder)


def test_eight_bit_floats_are_checked_too(folder: Path) -> None:
    bad = torch.full((8, 4, 4), float("nan")).to(torch.float8_e4m3fn)
    edited(folder, lambda tensors: tensors.update({CONST: bad}))
    with pytest.raises(UserError, match="holds NaN"):
        load_model(folder)


@pytest.mark.parametrize("name", [CONFIG, GENERATOR, DISCRIMINATOR])
def test_a_file_cut_anywhere_is_named(folder: Path, name: str) -> None:
    good = (folder / name).read_bytes()
    for length in sorted({0, 1, 7, 8, 9, *(len(good) * part // 20 for part in range(20)), len(good) - 2}):
        (folder / name).write_bytes(good[:length])
        with pytest.raises(UserError, match=name):
            load_model(folder)
    (folder / name).unlink()
    with pytest.raises(UserError, match=name):
        load_model(folder)


@pytest.mark.parametrize(
    "data",
    [
        b"not a model",
        b"\x80\x04\x95 a pickle",
        struct.pack("<Q", 2**63) + b"{}",
        struct.pack("<Q", 2) + b"{}",
        struct.pack("<Q", 8) + b"[[[[[[[[",
        struct.pack("<Q", 59) + b'{"a":{"dtype":"F32","shape":[99999],"data_offsets":[0,4]}}  ' + b"1234",
    ],
)
def test_what_is_no_safetensors_file_is_named(folder: Path, data: bytes) -> None:
    (folder / GENERATOR).write_bytes(data)
    with pytest.raises(UserError, match="generator.safetensors"):
        load_model(folder)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no JSON",
        "[]",
        "null",
        "3",
        '{"format": 2}',
        "[" * 100_000 + "]" * 100_000,
        '{"a":' * 100_000 + "1" + "}" * 100_000,
        '{"format": 1, "network": ["a"]}',
        '{"format": 1, "network": {"a": 1}}',
        '{"format": 1, "network": "biggan"}',
        '{"format": 1, "network": "stylegan2"}',
        '{"format": 1, "network": "stylegan2", "generator": []}',
        '{"format": 1, "network": "stylegan2", "generator": {"resolution": ' + "9" * 5000 + "}}",
        " " * 1_000_001,
    ],
)
def test_a_config_that_is_none_is_named(folder: Path, text: str) -> None:
    (folder / CONFIG).write_text(text)
    with pytest.raises(UserError, match=CONFIG) as refused:
        load_model(folder)
    assert len(str(refused.value)) < 1000


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("resolution", 2**31),
        ("resolution", 17),
        ("resolution", -16),
        ("resolution", 16.0),
        ("resolution", "16"),
        ("resolution", None),
        ("channel_base", 2**40),
        ("channel_base", 0),
        ("channel_max", 2**31),
        ("z_dim", 2**31),
        ("z_dim", 2**20),
        ("z_dim", -1),
        ("w_dim", [8]),
        ("mapping_layers", 10**6),
        ("mapping_layers", 63),
        ("channels", 2),
        ("c_dim", 5),
        ("c_dim", -1),
        ("conv_clamp", "x"),
        ("conv_clamp", float("nan")),
        ("mapping_lr_mult", float("inf")),
        ("__class__", 1),
        ("unknown", 1),
    ],
)
def test_a_config_of_another_network_is_refused_and_takes_no_memory(
    folder: Path, name: str, value: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = json.loads((folder / CONFIG).read_text())
    config["generator"][name] = value
    (folder / CONFIG).write_text(json.dumps(config))
    built_on: list[str] = []

    def spied(kind: type[Any], config: object, path: Path, device: str) -> Any:
        built_on.append(device)
        return build(kind, config, path, device)

    monkeypatch.setattr(graftgan.zoo.model_folder, "build", spied)
    with pytest.raises(UserError, match=f"{CONFIG}|{GENERATOR}"):
        load_model(folder)
    assert built_on == ["meta"]


def test_generator_and_discriminator_must_fit_each_other(tmp_path: Path) -> None:
    model = built("stylegan2")
    other = NETWORKS["stylegan2"].discriminator(**{**SIZES, "resolution": 32})
    save_model(tmp_path, Model("stylegan2", model.generator, other, {}), "")
    with pytest.raises(UserError, match="differ in resolution"):
        load_model(tmp_path)


def test_a_folder_that_is_no_model_is_refused(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "missing"):
        with pytest.raises(UserError, match="is not a model folder"):
            load_model(path)


def test_a_source_is_a_name_a_model_folder_or_a_run(tmp_path: Path, folder: Path) -> None:
    assert find_source(folder) == folder
    assert find_source(str(tmp_path)) == folder
    assert find_source("avatars-64").name == "avatars-64"
    with pytest.raises(UserError, match="no source avatar-64: .*did you mean avatars-64"):
        find_source("avatar-64")
    with pytest.raises(UserError, match="no source"):
        find_source(tmp_path / "missing")
