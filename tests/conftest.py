"""A dozen pictures, a network that trains in milliseconds, and a cache of their own for all tests."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from graftgan.networks import NETWORKS
from graftgan.zoo.model_folder import Model, save_model


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keeps the tests out of the user's picture cache and added sources."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRAFTGAN_CACHE", str(tmp_path_factory.mktemp("cache")))
        patch.setenv("GRAFTGAN_HOME", str(tmp_path_factory.mktemp("home")))
        yield


@pytest.fixture(scope="session")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of twelve pictures of 16 px, each a smooth field of colour."""
    folder = tmp_path_factory.mktemp("pictures") / "fields"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for index in range(12):
        corners = Image.fromarray(rng.integers(0, 256, (3, 3, 3), dtype=np.uint8))
        corners.resize((16, 16), Image.Resampling.BICUBIC).save(folder / f"{index:02d}.png")
    return folder


@pytest.fixture(scope="session")
def drawn_source(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., str]:
    """`drawn_source(network, resolution=16, discriminator=True)`: the folder of a random pair, made once."""
    made: dict[tuple[Any, ...], str] = {}

    def drawn(network: str, resolution: int = 16, discriminator: bool = True) -> str:
        key = (network, resolution, discriminator)
        if key not in made:
            sizes: dict[str, Any] = {"resolution": resolution, "channel_base": 128, "channel_max": 8}
            latent = {"z_dim": 8, "w_dim": 8, "mapping_layers": 2} if network == "stylegan2" else {"z_dim": 8}
            kind = NETWORKS[network]
            generator = kind.generator(**sizes, **latent)
            judge = kind.discriminator(**sizes, **({} if kind.discriminator.adversary else {"z_dim": 8}))
            for number, one in enumerate((generator, judge)):
                one.init_weights(torch.Generator().manual_seed(number))
            folder = tmp_path_factory.mktemp("drawn") / f"{network}-{resolution}"
            save_model(folder, Model(network, generator, judge if discriminator else None, {}), "a card")
            made[key] = str(folder)
        return made[key]

    return drawn


@pytest.fixture
def tiny(photos: Path, tmp_path: Path) -> dict[str, Any]:
    """Keywords of a `train` of six steps, with a checkpoint and a line of the log after each."""
    return {
        "images": str(photos),
        "network": "stylegan2",
        "kimg": 0.048,
        "batch": 8,
        "resolution": 16,
        "cbase": 128,
        "cmax": 8,
        "z_dim": 8,
        "ticks": 6,
        "keep": 99,
        "r1_every": 4,
        "devices": "cpu",
        "outdir": str(tmp_path / "runs"),
    }
