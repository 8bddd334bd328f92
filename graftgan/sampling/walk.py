"""A walk through the pictures of seeds: the frames of an interpolation film."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch
from torch import Tensor

from graftgan.sampling.space import Space

Moment = tuple[int, int, float]


def moments(stops: int, frames: int, loop: bool) -> list[Moment]:
    """Returns, for each frame, the stop that it comes from, the one that it goes to, and how far it is.

    Args:
        stops: seeds passed through.
        frames: a leg, from one stop to the next.
        loop: go back to the first stop. The frame after the last is then the first, so that a film that repeats does
            not halt there; otherwise the last frame is the last stop.

    Example:
        >>> moments(2, 2, loop=False)
        [(0, 1, 0.0), (0, 1, 0.5), (1, 1, 0.0)]
    """
    legs = stops if loop else stops - 1
    walked = [(leg, (leg + 1) % stops, frame / frames) for leg in range(legs) for frame in range(frames)]
    return walked if loop else [*walked, (stops - 1, stops - 1, 0.0)]


def walk(space: Space, seeds: Sequence[int], frames: int, *, loop: bool, batch: int) -> Iterator[np.ndarray]:
    """Draws the frames of a walk, a batch at a time; at each stop the frame is the seed's own picture.

    Args:
        space: that is walked in, see `space_of`.
        seeds: the stops.
        frames: a leg.
        loop: see `moments`.
        batch: pictures a forward pass.

    Yields:
        uint8 (resolution, resolution, channels).
    """
    stops = in_batches(space.codes, seeds, batch)
    for codes in along(space, stops, moments(len(seeds), frames, loop), batch):
        yield from space.pictures(codes)


def along(space: Space, stops: Tensor, path: Sequence[Moment], batch: int) -> Iterator[Tensor]:
    """Returns the codes of a path, a batch at a time.

    Args:
        space: that is walked in.
        stops: codes, one a row.
        path: see `moments`.
        batch: codes at a time, at most.
    """
    for first in range(0, len(path), batch):
        came, goes, way = zip(*path[first : first + batch], strict=True)
        yield space.between(stops[list(came)], stops[list(goes)], torch.tensor(way, dtype=torch.float64))


def in_batches(codes: Callable[[Sequence[int]], Tensor], seeds: Sequence[int], batch: int) -> Tensor:
    """Returns the codes of seeds, made a batch at a time as `sample` makes them."""
    return torch.cat([codes(seeds[first : first + batch]) for first in range(0, len(seeds), batch)])
