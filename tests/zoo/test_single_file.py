"""One safetensors file is a whole model: read back to the bit, and refused in one line where it is not whole."""

import json
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch
from safetensors import safe_open

from graftgan.errors import UserError
from graftgan.networks import ARCHITECTURES
from graftgan.networks.fronted import FrontedGenerator
from graftgan.randomness import generator_at
from graftgan.zoo.model_folder import Model, load_model, save_model
from graftgan.zoo.single_file import is_single, single_file, unpacked
from graftgan.zoo.sources import find_source


def saved(folder: Path, network: str, fronted: bool = False) -> Model:
    generator = ARCHITECTURES[network].generator(resolution=16, channel_base=128, channel_max=8, z_dim=8)
    generator = FrontedGenerator(generator, 0) if fronted else generator
    generator.init_weights(generator_at(0, 0))
    save_model(folder, Model(network, generator.eval(), None, {"licence": "CC0-1.0"}), "")
    return load_model(folder)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    saved(tmp_path / "m", "dcgan")
    (tmp_path / "m.safetensors").write_bytes(single_file(tmp_path / "m"))
    return tmp_path / "m.safetensors"


@pytest.mark.parametrize("network", ARCHITECTURES)
@pytest.mark.parametrize("fronted", [False, True])
def test_a_model_is_read_back(tmp_path: Path, network: str, fronted: bool) -> None:
    before = saved(tmp_path / "m", network, fronted)
    path = tmp_path / "one.safetensors"
    path.write_bytes(single_file(tmp_path / "m"))
    assert is_single(path)
    found = load_model(unpacked(path))
    assert (found.network, found.about, found.digest) == (network, before.about, before.digest)
    assert found.discriminator is None and not found.generator.training
    assert found.generator.config() == before.generator.config()
    for name, tensor in before.generator.state_dict().items():
        assert torch.equal(found.generator.state_dict()[name], tensor)


def test_the_embedded_source_keeps_its_hash_and_its_half_precision(tmp_path: Path) -> None:
    folder = find_source("avatars-64")
    path = tmp_path / "avatars.safetensors"
    path.write_bytes(single_file(folder))
    assert load_model(unpacked(path)).digest == load_model(folder).digest
    assert path.stat().st_size < (folder / "generator.safetensors").stat().st_size + 10_000
    with safe_open(path, "pt") as opened:  # type: ignore[no-untyped-call]
        told = json.loads(opened.metadata()["graftgan"])
    assert told["model_sha256"] == load_model(folder).digest and told["about"]["credits"]


def test_half_is_rounded_and_refused_beyond_its_range(tmp_path: Path) -> None:
    before = saved(tmp_path / "m", "dcgan").generator.state_dict()
    path = tmp_path / "half.safetensors"
    path.write_bytes(single_file(tmp_path / "m", half=True))
    for name, tensor in load_model(unpacked(path)).generator.state_dict().items():
        assert torch.equal(tensor, before[name].half().float() if tensor.is_floating_point() else before[name])
    before["main.0.weight"][0, 0, 0, 0] = 70_000.0
    safetensors.torch.save_file(before, tmp_path / "m" / "generator.safetensors")
    with pytest.raises(UserError, match="--half: main.0.weight holds values beyond float16"):
        single_file(tmp_path / "m", half=True)


def rewritten(path: Path, header: Any = None, **tensors: torch.Tensor) -> None:
    with safe_open(path, "pt") as opened:  # type: ignore[no-untyped-call]
        told = json.loads(opened.metadata()["graftgan"])
    found = safetensors.torch.load_file(path) | tensors
    metadata = {"graftgan": header if isinstance(header, str) else json.dumps(told | (header or {}))}
    safetensors.torch.save_file(found, path, metadata)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"header": "[]"}, "its header is not that of a graftgan model"),
        ({"header": "{" * 100_000}, "its header is not that of a graftgan model"),
        ({"header": {"format": 2}}, "its header is not that of a graftgan model"),
        ({"header": {"network": "biggan"}}, "unknown network 'biggan'"),
        ({"header": {"network": ["dcgan"]}}, "unknown network"),
        ({"header": {"generator": None}}, "does not describe a"),
        ({"header": {"generator": {"resolution": 2**40}}}, "does not describe a"),
        ({"extra": torch.zeros(3)}, "1 not of this network"),
        ({"main.0.weight": torch.zeros(3)}, r"main.0.weight is \(3,\), the network has"),
        ({"main.1.bias": torch.full((8,), float("nan"))}, "main.1.bias holds NaN"),
    ],
)
def test_what_is_not_whole_is_one_line_that_names_the_file(file: Path, change: dict[str, Any], message: str) -> None:
    rewritten(file, **change)
    with pytest.raises(UserError, match=message) as refused:
        unpacked(file)
    assert str(file) in str(refused.value) and "\n" not in str(refused.value)


def test_bytes_that_are_no_safetensors(file: Path) -> None:
    whole = file.read_bytes()
    for cut in (0, 4, 100, len(whole) - 1):
        file.write_bytes(whole[:cut])
        with pytest.raises(UserError, match="is not a whole safetensors file"):
            unpacked(file)


def test_weights_of_others_are_not_taken_for_ours(file: Path, tmp_path: Path) -> None:
    assert not is_single(tmp_path / "m") and not is_single(tmp_path / "m" / "config.json")
    assert not is_single(tmp_path / "m" / "generator.safetensors")
    with pytest.raises(UserError, match="holds weights, but not of which network"):
        unpacked(tmp_path / "m" / "generator.safetensors")
