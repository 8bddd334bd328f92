"""Pictures as every judge of them takes them: checked once, and brought to the device a few at a time."""

import numpy as np
import torch
from torch import Tensor

from graftgan.errors import UserError


def check_pictures(judge: str, images: np.ndarray, batch: int = 1) -> None:
    """Refuse what is not a batch of byte pictures.

    Args:
        judge: who looks at them, for the message: `encoder inception`.
        images: must be uint8 (N, H, W, 3), or (N, H, W, 1) for grey pictures.
        batch: pictures at a time, at least 1.

    Raises:
        UserError: names the judge, and the shape and dtype found.

    Example:
        >>> check_pictures("encoder inception", np.zeros((2, 8, 8, 3), np.uint8))
    """
    if images.ndim != 4 or images.shape[3] not in (1, 3) or images.dtype != np.uint8 or 0 in images.shape[1:3]:
        found = f"{images.dtype} {images.shape}"
        raise UserError(f"{judge}: pictures must be uint8 (N, H, W, 3) or (N, H, W, 1), not {found}")
    if batch < 1:
        raise UserError(f"{judge}: batch must be at least 1, not {batch}")


def to_float(images: np.ndarray, device: torch.device) -> Tensor:
    """Bring pictures to the device as float, grey ones in three equal channels.

    Args:
        images: uint8 (n, H, W, 1 or 3), a few at a time: an array or a slice of a memory map.
        device: where they are wanted.

    Returns:
        float32 (n, 3, H, W), grey levels in [0, 255].

    Example:
        >>> tuple(to_float(np.zeros((2, 8, 8, 1), np.uint8), torch.device("cpu")).shape)
        (2, 3, 8, 8)
    """
    # A copy: a memory map is read-only. It crosses to the device as bytes, a quarter of the floats.
    chunk = torch.from_numpy(np.array(images)).to(device)
    pixels = chunk.permute(0, 3, 1, 2).to(torch.float32, memory_format=torch.contiguous_format)
    return pixels.expand(-1, 3, -1, -1)
