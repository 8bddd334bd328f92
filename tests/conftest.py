"""A dozen pictures, a network that trains in milliseconds, and a cache of their own for all tests."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keeps the tests out of the user's picture cache."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRAFTGAN_CACHE", str(tmp_path_factory.mktemp("cache")))
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
