"""Style mixing: coarse styles of one seed, fine styles of another, in one picture.

Source: Karras et al. 2018, arXiv 1812.04948, section 3.1 and figure 3.
"""

import re
from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor

from graftgan.errors import UserError
from graftgan.networks.base import Generator
from graftgan.sampling.grid import grid
from graftgan.sampling.space import StyleSpace, space_of
from graftgan.sampling.walk import along, in_batches, moments

THIRDS = ("coarse", "middle", "fine")
GAP, HEADER_GAP = 2, 8


def style_space(generator: Generator, truncation: float) -> StyleSpace:
    """Returns the space of a network's styles.

    Raises:
        UserError: it has none; says why that matters.
    """
    space = space_of(generator, truncation)
    if not isinstance(space, StyleSpace):
        name = type(generator).__name__.removesuffix("Generator").removesuffix("Decoder")
        raise UserError(
            f"style mixing: {name} takes its latent in one place and has no style for each layer that could be "
            "another seed's; it needs a StyleGAN"
        )
    return space


def style_layers(text: str, count: int) -> tuple[int, ...]:
    """Returns the layers that a text names.

    Deviation: `coarse`, `middle` and `fine` are thirds of the layers. The paper parts them at 16 and at 64 px, which
    would leave networks of less than 64 px without fine ones.

    Args:
        text: `coarse`, `middle`, `fine`, or numbers and ranges like `0-3,7`, from 0.
        count: layers of the network.

    Raises:
        UserError: not such a text, a layer that is not there, or all of them.

    Example:
        >>> style_layers("fine", 10), style_layers("0-2,4", 10)
        ((6, 7, 8, 9), (0, 1, 2, 4))
    """
    if text in THIRDS:
        third = THIRDS.index(text)
        return tuple(range(third * count // 3, (third + 1) * count // 3))
    chosen: set[int] = set()
    for part in text.split(","):
        match = re.fullmatch(r"\s*(\d{1,3})(?:-(\d{1,3}))?\s*", part)
        if match is None or int(match[2] or match[1]) < int(match[1]):
            raise UserError(f"--mix-layers {text}: give coarse, middle, fine, or numbers and ranges like 0-3,7")
        chosen |= set(range(int(match[1]), int(match[2] or match[1]) + 1))
    if max(chosen) >= count:
        raise UserError(f"--mix-layers {text}: this network has {count} style layers, 0 to {count - 1}")
    if len(chosen) == count:
        raise UserError(f"--mix-layers {text}: these are all {count} layers: nothing would be left of --seeds")
    return tuple(sorted(chosen))


def mixed(base: Tensor, other: Tensor, layers: Sequence[int]) -> Tensor:
    """Returns every pair of styles: those of `base`, at `layers` those of `other`.

    Args:
        base: (R, num_ws, w_dim).
        other: (C, num_ws, w_dim).
        layers: taken from `other`.

    Returns:
        (R * C, num_ws, w_dim), row by row.
    """
    pairs = base.repeat_interleave(len(other), dim=0)
    pairs[:, list(layers)] = other.repeat(len(base), 1, 1)[:, list(layers)]
    return pairs


def mixing_sheet(
    space: StyleSpace, rows: Sequence[int], columns: Sequence[int], layers: Sequence[int], *, batch: int
) -> np.ndarray:
    """Draws a table of mixtures; its headers are the seeds' own pictures.

    Args:
        space: of the network's styles.
        rows: seeds that everything but `layers` is taken from; one a row, its own picture at the left.
        columns: seeds that `layers` are taken from; one a column, its own picture on top.
        layers: see `style_layers`.
        batch: pictures a forward pass.

    Returns:
        uint8 (height, width, channels): white between pictures, 2 px, and 8 px behind a header.
    """
    base, other = in_batches(space.codes, rows, batch), in_batches(space.codes, columns, batch)
    with torch.inference_mode():
        codes = torch.cat([base, other, mixed(base, other, layers)])
    drawn = np.concatenate([space.pictures(codes[first : first + batch]) for first in range(0, len(codes), batch)])
    heads, tops, inside = np.split(drawn, [len(rows), len(rows) + len(columns)])
    blank = np.full_like(drawn[:1], 255)
    table = [blank, tops]
    for row, head in enumerate(heads):
        table += [head[None], inside[row * len(columns) : (row + 1) * len(columns)]]
    sheet = grid(np.concatenate(table), columns=len(columns) + 1, gap=GAP)
    end = drawn.shape[1]
    wider = np.insert(sheet, [end] * (HEADER_GAP - GAP), 255, axis=0)
    return np.insert(wider, [end] * (HEADER_GAP - GAP), 255, axis=1)


def mixing_walk(
    space: StyleSpace,
    rows: Sequence[int],
    columns: Sequence[int],
    layers: Sequence[int],
    frames: int,
    *,
    loop: bool,
    batch: int,
) -> Iterator[np.ndarray]:
    """Draws the frames of a film in which the styles of `layers` walk from column to column and all else stays.

    Args:
        space: of the network's styles.
        rows: seeds that stay, side by side in every frame.
        columns: seeds whose styles are passed through.
        layers: that move.
        frames: a leg.
        loop: see `moments`.
        batch: pictures a forward pass; a frame is never parted.

    Yields:
        uint8 (resolution, width, channels).
    """
    base, stops = in_batches(space.codes, rows, batch), in_batches(space.codes, columns, batch)
    for styles in along(space, stops, moments(len(columns), frames, loop), max(1, batch // len(rows))):
        with torch.inference_mode():
            codes = mixed(base, styles, layers)
        drawn = np.concatenate([space.pictures(codes[first : first + batch]) for first in range(0, len(codes), batch)])
        for at in range(len(styles)):
            yield grid(drawn[at :: len(styles)], columns=len(rows), gap=GAP)
