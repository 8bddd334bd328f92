"""The writers of foreign checkpoints, as one fixture."""

import importlib.util
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture(scope="session")
def written_files() -> ModuleType:
    """The module `written_files.py` beside this one."""
    spec = importlib.util.spec_from_file_location("written_files", Path(__file__).with_name("written_files.py"))
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def small_model() -> Callable[..., Path]:
    """Writes a DCGAN of 16 px, drawn by a seed, as a model folder with the given facts."""
    from graftgan.networks.dcgan import DCGANDiscriminator, DCGANGenerator
    from graftgan.randomness import generator_at
    from graftgan.zoo.model_folder import Model, save_model

    def write(folder: Path, seed: int = 0, critic: bool = True, card: str = "", **about: object) -> Path:
        generator, discriminator = DCGANGenerator(16, 64, 8, z_dim=4), DCGANDiscriminator(16, 64, 8)
        generator.init_weights(generator_at(seed, 0))
        discriminator.init_weights(generator_at(seed, 1))
        model = Model("dcgan", generator.eval(), discriminator.eval() if critic else None, dict(about))
        save_model(folder, model, card)
        return folder

    return write


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder and a cache of this test's own; answers the data folder."""
    monkeypatch.setenv("GRAFTGAN_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("GRAFTGAN_CACHE", str(tmp_path / "cache"))
    return tmp_path / "home"
