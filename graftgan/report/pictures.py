"""Pictures as a page holds them: inside the page, exact where they are small."""

import base64
import io
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from PIL import Image

# Up to this side a picture is stored exactly, as PNG; larger ones as JPEG, so that a page can still be mailed.
EXACT_SIDE = 128
LARGEST_SIDE = 256


@dataclass(frozen=True)
class Picture:
    """One picture of the page.

    Attributes:
        uri: the picture itself, as a data URI.
        alt: what it is, for those who cannot see it.
        width: of the stored picture, pixels.
        height: of the stored picture, pixels.
    """

    uri: str
    alt: str
    width: int
    height: int


def picture(pixels: np.ndarray, alt: str) -> Picture:
    """Store one picture in a data URI.

    Args:
        pixels: uint8 (H, W, 3), or (H, W, 1) for grey.
        alt: what it is.

    Returns:
        PNG and exact up to 128 pixels a side, else JPEG of at most 256 pixels a side.

    Raises:
        ValueError: the array is no such picture.

    Example:
        >>> picture(np.zeros((2, 3, 3), np.uint8), "black").uri[:22]
        'data:image/png;base64,'
    """
    image = _image(pixels)
    if max(image.size) > LARGEST_SIDE:
        image.thumbnail((LARGEST_SIDE, LARGEST_SIDE), Image.Resampling.LANCZOS)
    exact = max(pixels.shape[:2]) <= EXACT_SIDE
    file = io.BytesIO()
    if exact:
        image.save(file, "PNG", optimize=True)
    else:
        image.save(file, "JPEG", quality=90, subsampling=0)
    text = base64.b64encode(file.getvalue()).decode("ascii")
    return Picture(f"data:image/{'png' if exact else 'jpeg'};base64,{text}", alt, *image.size)


def pictures(stack: np.ndarray, alts: Iterable[str]) -> list[Picture]:
    """Store several pictures.

    Args:
        stack: uint8 (N, H, W, 3 or 1).
        alts: what each one is, N of them.

    Returns:
        N pictures.

    Raises:
        ValueError: a picture is none, or there are not as many words as pictures.
    """
    return [picture(pixels, alt) for pixels, alt in zip(stack, alts, strict=True)]


def tile_side(side: int, wish: int) -> int:
    """Return how large a picture is shown: a small one enlarged by a whole factor, so that its pixels stay even.

    Args:
        side: of the picture, pixels, at least 1.
        wish: side wished for, CSS pixels.

    Returns:
        CSS pixels, at most `wish`, except for a picture that is stored exactly and larger.

    Example:
        >>> tile_side(64, 128), tile_side(28, 128), tile_side(128, 192), tile_side(512, 192)
        (128, 112, 128, 192)
    """
    return side * max(1, wish // side) if side <= EXACT_SIDE else wish


def spread(total: int, most: int) -> list[int]:
    """Return at most `most` indices of `total`, evenly apart, with the first and the last.

    Example:
        >>> spread(10, 4), spread(2, 4)
        ([0, 3, 6, 9], [0, 1])
    """
    if total <= most:
        return list(range(total))
    return [round(i * (total - 1) / (most - 1)) for i in range(most)]


def _image(pixels: np.ndarray) -> Image.Image:
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] not in (1, 3) or 0 in pixels.shape:
        raise ValueError(f"a picture is uint8 (H, W, 3 or 1), not {pixels.dtype} {pixels.shape}")
    grey = pixels.shape[2] == 1 or bool((pixels == pixels[:, :, :1]).all())
    return Image.fromarray(np.ascontiguousarray(pixels[:, :, 0] if grey else pixels))
