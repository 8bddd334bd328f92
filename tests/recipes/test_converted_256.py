"""A StyleGAN2 of 256 px from a file in NVIDIA's format is adapted by every method, by nothing but `--source FILE`."""

import importlib.util
import pickle
from pathlib import Path
from typing import Any

import pytest
import torch

from graftgan.methods import METHODS
from graftgan.networks.stylegan2 import StyleGAN2Generator
from graftgan.networks.stylegan2_discriminator import StyleGAN2Discriminator
from graftgan.recipes import adapt
from graftgan.recipes.adapt import AdaptOptions
from graftgan.sampling.sample import sample
from graftgan.zoo.model_folder import load_model
from graftgan.zoo.sources import find_source

QUICK: dict[str, tuple[str, ...]] = {
    "modulate": ("probe_steps=1", "fisher_steps=1"),
    "rick": ("warm_up=1", "every=1"),
    "minegan": ("stage_steps=1",),
    "rssa": ("search_steps=1",),
    "ewc": ("pictures=2",),
    "projected": ("side=32", "channels=8", "width=8"),
}
"""Settings that make a method's preparation short."""


@pytest.fixture(scope="module")
def pickled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file in the format of StyleGAN2-ADA: 256 px, narrow, drawn at random."""
    path = Path(__file__).parents[1] / "zoo" / "written_files.py"
    spec = importlib.util.spec_from_file_location("written_files", path)
    assert spec is not None and spec.loader is not None
    writer: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(writer)
    widths, latent = {"channel_base": 1024, "channel_max": 32}, {"z_dim": 32, "w_dim": 32, "mapping_layers": 2}
    pair = StyleGAN2Generator(256, **widths, **latent), StyleGAN2Discriminator(256, **widths)
    tensors = {}
    for player, network in zip("GD", pair, strict=True):
        network.init_weights(torch.Generator().manual_seed(0))
        tensors |= {f"{player}.{name}": value for name, value in network.state_dict().items()}
    settings = {**widths, **latent, "c_dim": 0, "img_resolution": 256, "img_channels": 3, "mbstd_group_size": 4}
    file = tmp_path_factory.mktemp("file") / "narrow.pkl"
    with writer.pretended_modules():
        file.write_bytes(pickle.dumps(writer.nvidia_networks(tensors, settings), protocol=3))
    return file


@pytest.mark.slow
@pytest.mark.parametrize("method", METHODS)
def test_a_converted_generator_of_256_px_adapts(
    method: str, pickled: Path, photos: Path, tmp_path: Path, colours: str
) -> None:
    few: dict[str, Any] = {"kimg": 0.004, "batch": 2, "ticks": 1, "checkpoint": "last"}
    numbers: dict[str, Any] = {"encoder": colours, "metric_pictures": 2, "lpips": "none"}
    how: dict[str, Any] = {"method": method, "method_options": QUICK.get(method, ()), "outdir": str(tmp_path)}
    result = adapt.run(AdaptOptions(photos=str(photos), source=str(pickled), devices="cpu", **few, **numbers, **how))
    model, source = load_model(result.folder / "model"), load_model(find_source(pickled))
    assert model.discriminator is not None and source.discriminator is not None
    assert model.generator.resolution == model.discriminator.resolution == 256
    moved = 0
    for new, old in ((model.generator, source.generator), (model.discriminator, source.discriminator)):
        found = {name.removeprefix("inner."): value for name, value in new.state_dict().items()}
        for name, value in old.state_dict().items():
            assert found[name].shape == value.shape and torch.isfinite(found[name]).all(), name
            moved += not torch.equal(found[name], value)
    fronted = {name for name in model.generator.state_dict() if name.startswith("front.")}
    assert moved or fronted
    assert sample(model.generator, range(2)).shape == (2, 256, 256, 3)
