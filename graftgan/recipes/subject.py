"""What is judged: pictures that a generator makes, or that lie in a folder, read a few at a time."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from graftgan.networks import Generator
from graftgan.sampling.sample import sample

FIRST_METRIC_SEED = 1_000_000
DRAW_SEED = 0


@dataclass(frozen=True)
class Subject:
    """Pictures by number; never all in memory at once.

    Attributes:
        name: who is judged: "adapted", "source", "finetune", "copies".
        count: how many pictures there are.
        pictures: (start, stop) -> uint8 (stop - start, H, W, C); the same for the same arguments.
        how: JSON values for the protocol of every number: seeds and truncation, or the folder; side in pixels.
    """

    name: str
    count: int
    pictures: Callable[[int, int], np.ndarray]
    how: dict[str, Any]


def of_generator(
    name: str, generator: Generator, count: int, first_seed: int = FIRST_METRIC_SEED, truncation: float = 1.0
) -> Subject:
    """Returns the pictures of `count` seeds in a row.

    Args:
        name: who is judged.
        generator: in evaluation mode, on any device.
        count: how many pictures.
        first_seed: by default one that no grid shows, so that what is measured was not looked at.
        truncation: 1 draws from the whole distribution; below 1 flatters quality at the cost of variety.
    """

    def pictures(start: int, stop: int) -> np.ndarray:
        return sample(generator, range(first_seed + start, first_seed + stop), truncation=truncation)

    seeds = f"{first_seed}-{first_seed + count - 1}"
    return Subject(name, count, pictures, {"seeds": seeds, "truncation": truncation, "side": generator.resolution})


def of_pictures(name: str, pixels: np.ndarray, of: str) -> Subject:
    """Returns pictures that exist already.

    Args:
        name: who is judged.
        pixels: uint8 (N, H, W, C), an array or a memory map.
        of: says in the protocol what they are: a folder, "one half of the hold-out".
    """
    how = {"of": of, "side": int(pixels.shape[1])}
    return Subject(name, len(pixels), lambda start, stop: pixels[start:stop], how)


def drawn(pictures: np.ndarray, most: int) -> np.ndarray:
    """Returns at most `most` of the pictures, drawn once and for all: files in order of name are no fair sample."""
    if len(pictures) <= most:
        return np.asarray(pictures)
    order = np.random.default_rng(DRAW_SEED).permutation(len(pictures))[:most]
    return np.asarray(pictures[order])
