"""Tiny models of every network, on disk, at weights where truncation, noise and classes all count."""

from pathlib import Path

import pytest
import torch

from graftgan.networks import ARCHITECTURES
from graftgan.networks.base import Generator
from graftgan.networks.fronted import FrontedGenerator
from graftgan.randomness import generator_at
from graftgan.zoo.model_folder import Model, load_model, save_model

ABOUT = {"licence": "CC0-1.0", "credits": "nobody", "classes": ["round", "square", "other"]}


def tiny(network: str) -> Generator:
    """A generator of 16 px; StyleGAN2's has three classes, a VAE's a front."""
    more = {
        "stylegan2": {"c_dim": 3, "w_dim": 8, "mapping_layers": 2},
        "stylegan3": {"w_dim": 8, "num_layers": 2, "num_critical": 1},
    }
    generator = ARCHITECTURES[network].generator(
        resolution=16, channel_base=128, channel_max=8, z_dim=8, **more.get(network, {})
    )
    if network == "vae":
        generator = FrontedGenerator(generator, 2)
    generator.init_weights(generator_at(0, 0))
    rng = generator_at(0, 1)
    with torch.no_grad():
        for name, tensor in generator.state_dict().items():
            if name.endswith(("w_avg", "noise_strength", "front.offset")):
                tensor.copy_(torch.randn(tensor.shape, generator=rng) * 0.5)
            elif network in ("dcgan", "vae") and tensor.ndim == 4:
                tensor.mul_(20)  # as drawn, their pictures are nearly grey
    return generator.eval()


@pytest.fixture(scope="session")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A model folder for each network."""
    made = {}
    for network in ARCHITECTURES:
        made[network] = tmp_path_factory.mktemp("models") / f"tiny-{network}"
        save_model(made[network], Model(network, tiny(network), None, dict(ABOUT)), "# tiny\n\n## Data\n\nNone.\n")
    return made


@pytest.fixture(scope="session")
def models(folders: dict[str, Path]) -> dict[str, Model]:
    """The same, read."""
    return {network: load_model(folder) for network, folder in folders.items()}
