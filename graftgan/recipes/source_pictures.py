"""The picture grid of a source: the same 32 seeds of every one, none picked by hand."""

import dataclasses
import io
from pathlib import Path

import numpy as np
from PIL import Image

from graftgan.data.cache import cache_home
from graftgan.errors import UserError
from graftgan.files import write_atomically
from graftgan.networks import Generator
from graftgan.sampling.grid import grid
from graftgan.sampling.sample import sample
from graftgan.zoo.entry import Source
from graftgan.zoo.model_folder import load_model
from graftgan.zoo.registry import SAMPLES
from graftgan.zoo.sources import find_source

SEEDS = range(32)
COLUMNS, GAP = 8, 2
MOST_SIDE = 128
OWN = ("embedded", "added")
"""Kinds whose folder holds a grid that graftgan drew itself."""


def tiles_of(generator: Generator) -> np.ndarray:
    """Returns the pictures of seeds 0 to 31, uint8 (32, side, side, 3); scaled to 128 px where they are larger."""
    pictures = [Image.fromarray(one.squeeze()).convert("RGB") for one in sample(generator, SEEDS, batch=8)]
    side = min(generator.resolution, MOST_SIDE)
    small = [one if one.width == side else one.resize((side, side), Image.Resampling.LANCZOS) for one in pictures]
    return np.stack([np.asarray(one) for one in small])


def sheet(tiles: np.ndarray) -> bytes:
    """Returns pictures as one PNG, eight a row."""
    file = io.BytesIO()
    Image.fromarray(grid(tiles, COLUMNS, GAP)).save(file, "PNG")
    return file.getvalue()


def cut(path: Path, side: int) -> np.ndarray | None:
    """Returns the pictures of a sheet that `sheet` made of tiles of this side, or None where it is none."""
    step, rows = side + GAP, len(SEEDS) // COLUMNS
    try:
        with Image.open(path) as image:
            if image.size != (COLUMNS * step - GAP, rows * step - GAP) or image.format != "PNG":
                return None
            pixels = np.asarray(image.convert("RGB"))
    except (OSError, ValueError, Image.DecompressionBombError):
        return None
    corners = [(step * (at // COLUMNS), step * (at % COLUMNS)) for at in SEEDS]
    return np.stack([pixels[top : top + side, left : left + side] for top, left in corners])


def picture_grid(source: Source) -> tuple[Path, np.ndarray]:
    """Returns the PNG of a source's grid and the pictures in it; drawn into the cache where it has none of its own.

    Args:
        source: usable.

    Raises:
        UserError: its weights are damaged, or the cache cannot be written.
    """
    side = min(source.resolution or MOST_SIDE, MOST_SIDE)
    cache = cache_home() / "samples" / f"{source.digest[:32]}.png"
    own = [source.folder / SAMPLES] if source.folder is not None and source.kind in OWN else []
    for path in (*own, cache):
        if (tiles := cut(path, side)) is not None:
            return path, tiles
    tiles = tiles_of(load_model(source.folder or find_source(source.name)).generator)
    try:
        cache.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(cache, sheet(tiles))
    except OSError as error:
        raise UserError(f"the picture grid {cache} cannot be written: {error.strerror or error}") from error
    return cache, tiles


def with_pictures(source: Source) -> tuple[Source, np.ndarray]:
    """Returns a source with its pictures; with a problem and none of them where they cannot be drawn."""
    none = np.zeros((0, 1, 1, 3), np.uint8)
    if not source.usable:
        return source, none
    try:
        return source, picture_grid(source)[1]
    except UserError as error:
        return dataclasses.replace(source, problem=f"damaged: {error}"), none
