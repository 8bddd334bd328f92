"""From an origin to its pixels: what draws a picture the first time also draws it again."""

from collections.abc import Iterator

import numpy as np

from graftgan.data.header import MAX_PIXELS
from graftgan.errors import UserError
from graftgan.networks.base import Generator
from graftgan.sampling.grid import grid
from graftgan.sampling.mixing import GAP, HEADER_GAP, mixing_sheet, mixing_walk, style_space
from graftgan.sampling.origin import MOST_BATCH, Origin
from graftgan.sampling.sample import Draw, sample
from graftgan.sampling.space import space_of
from graftgan.sampling.walk import walk

GRID_COLUMNS = 8
MOST_SIDE = 4096
PIXELS_AT_ONCE = 2**20


def batch_for(generator: Generator, most: int = 32) -> int:
    """Returns how many pictures to draw at once: at most about a megapixel of them, a power of two."""
    fits = max(1, min(most, MOST_BATCH, PIXELS_AT_ONCE // generator.resolution**2))
    return 1 << (fits.bit_length() - 1)


def size_of(origin: Origin, generator: Generator) -> tuple[int, int, int]:
    """Returns the frames, height and width that an origin's picture or film has, before anything is drawn.

    Raises:
        UserError: it would be too large to draw or to read back.
    """
    side, count = generator.resolution, len(origin.seeds)
    frames, height, width = 1, side, side
    if origin.kind == "grid":
        columns = min(GRID_COLUMNS, count)
        height, width = (line(number, side) for number in (-(-count // columns), columns))
    if origin.kind == "mixing":
        height, width = (line(number + 1, side) + HEADER_GAP - GAP for number in (count, len(origin.columns)))
    if origin.film:
        stops = count if origin.kind == "interpolation" else len(origin.columns)
        frames = stops * origin.frames if origin.loop else (stops - 1) * origin.frames + 1
        width = side if origin.kind == "interpolation" else line(count, side)
        height, width = height * origin.scale, width * origin.scale
        if max(height, width) > MOST_SIDE:
            raise UserError(
                f"a film of {width} x {height} pixels: at most {MOST_SIDE} a side (fewer seeds, or --scale)"
            )
    if height * width > MAX_PIXELS:
        raise UserError(f"a picture of {width} x {height} pixels: at most {MAX_PIXELS // 10**6} megapixels")
    return frames, height, width


def line(number: int, side: int) -> int:
    """Returns the length of so many pictures and the gaps between them, in pixels."""
    return number * (side + GAP) - GAP


def still(origin: Origin, generator: Generator, engine: Draw | None = None) -> np.ndarray:
    """Draws a picture, a grid or a table of mixtures.

    Args:
        origin: of a still.
        generator: in evaluation mode.
        engine: as in `sample`; mixtures are drawn by PyTorch whatever it is.

    Returns:
        uint8 (H, W, C).

    Raises:
        UserError: it would be too large, or it mixes styles of a network that has none.
    """
    size_of(origin, generator)
    if origin.kind == "mixing":
        space = style_space(generator, origin.truncation)
        check_layers(origin, space.behind.num_ws)
        return mixing_sheet(space, origin.seeds, origin.columns, origin.layers, batch=origin.batch)
    if origin.kind == "picture":  # in company as large as it had, which is all that its last bit may depend on
        seeds = list(origin.seeds) * origin.batch
        return sample(generator, seeds, truncation=origin.truncation, batch=origin.batch, engine=engine)[0]
    pictures = sample(generator, origin.seeds, truncation=origin.truncation, batch=origin.batch, engine=engine)
    return grid(pictures, columns=GRID_COLUMNS)


def frames(origin: Origin, generator: Generator, engine: Draw | None = None) -> Iterator[np.ndarray]:
    """Draws the frames of a film, one batch in memory at a time.

    Args:
        origin: of a film.
        generator: in evaluation mode.
        engine: as in `sample`; what walks in styles is drawn by PyTorch whatever it is.

    Yields:
        uint8 (H, W, 3), scaled up.

    Raises:
        UserError: it would be too large, or it mixes styles of a network that has none.
    """
    size_of(origin, generator)
    if origin.kind == "interpolation":
        space = space_of(generator, origin.truncation, engine)
        made = walk(space, origin.seeds, origin.frames, loop=origin.loop, batch=origin.batch)
    else:
        styles = style_space(generator, origin.truncation)
        check_layers(origin, styles.behind.num_ws)
        made = mixing_walk(
            styles,
            origin.seeds,
            origin.columns,
            origin.layers,
            origin.frames,
            loop=origin.loop,
            batch=origin.batch,
        )
    for frame in made:
        colours = frame.repeat(3, axis=2) if frame.shape[2] == 1 else frame
        yield colours.repeat(origin.scale, axis=0).repeat(origin.scale, axis=1)


def check_layers(origin: Origin, count: int) -> None:
    """Raises UserError for a mixture of layers that the network does not have."""
    if origin.layers[-1] >= count:
        raise UserError(f"style layer {origin.layers[-1]}: this network has {count}, 0 to {count - 1}")
