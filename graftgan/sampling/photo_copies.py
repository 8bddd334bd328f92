"""The control that every metric of memorisation has to catch: the photos themselves, flipped, moved and tinted.

A generator that has learnt nothing but its ten photos makes such pictures. What they score is the score of copying.
"""

import numpy as np

MOVE = 16
JITTER = 0.1


def photo_copies(photos: np.ndarray, start: int, stop: int, seed: int) -> np.ndarray:
    """Returns copies number `start` to `stop - 1`: copy i is photo i modulo N, changed by random numbers of its own.

    Each is mirrored left-right by a fair coin; moved by whole pixels, up to a sixteenth of each side, the border's
    pixels repeated; then, with three factors uniform in [0.9, 1.1] and m its mean colour,

        x <- saturation (x - grey(x)) + grey(x),   x <- contrast (x - m) + m,   x <- brightness x,

    rounded and clipped. Grey pictures have no saturation.

    Args:
        photos: uint8 (N, H, W, C), N at least 1.
        start: number of the first copy.
        stop: one after that of the last.
        seed: of all of them; a copy depends on seed and number only.

    Returns:
        uint8 (stop - start, H, W, C).

    Raises:
        ValueError: no photos, or not a range of numbers from 0.

    Example:
        >>> photo_copies(np.full((1, 4, 4, 3), 100, np.uint8), 0, 5, seed=0).shape
        (5, 4, 4, 3)
    """
    if not len(photos) or not 0 <= start <= stop:
        raise ValueError(f"copies {start} to {stop} of {len(photos)} photos")
    made = np.empty((stop - start, *photos.shape[1:]), np.uint8)
    for row, number in enumerate(range(start, stop)):
        rng = np.random.default_rng((seed, 0xC0B7, number))
        made[row] = _jittered(_moved(np.asarray(photos[number % len(photos)]), rng), rng)
    return made


def _moved(photo: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Mirrors by a fair coin, then moves by whole pixels."""
    if rng.integers(2):
        photo = photo[:, ::-1]
    height, width = photo.shape[:2]
    down = int(rng.integers(-(height // MOVE), height // MOVE + 1))
    right = int(rng.integers(-(width // MOVE), width // MOVE + 1))
    rows = np.clip(np.arange(height) - down, 0, height - 1)
    columns = np.clip(np.arange(width) - right, 0, width - 1)
    return photo[rows][:, columns]


def _jittered(photo: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Changes saturation, contrast and brightness."""
    brightness, contrast, saturation = rng.uniform(1 - JITTER, 1 + JITTER, 3)
    pixels = photo.astype(np.float64)
    grey = pixels.mean(axis=2, keepdims=True)
    pixels = saturation * (pixels - grey) + grey
    mean = pixels.mean(axis=(0, 1), keepdims=True)
    pixels = brightness * (contrast * (pixels - mean) + mean)
    return np.clip(np.rint(pixels), 0, 255).astype(np.uint8)
