"""Many pictures as one: a grid."""

import numpy as np


def grid(pictures: np.ndarray, columns: int, gap: int = 2, scale: int = 1) -> np.ndarray:
    """Lays pictures out row by row on white.

    Args:
        pictures: uint8 (N, H, W, C).
        columns: pictures a row.
        gap: white pixels between two pictures, before scaling.
        scale: each pixel becomes scale x scale.

    Returns:
        uint8 (height, width, C).

    Example:
        >>> grid(np.zeros((3, 4, 4, 3), np.uint8), columns=2, gap=1).shape
        (9, 9, 3)
    """
    count, height, width, channels = pictures.shape
    columns = min(columns, count)
    rows = -(-count // columns)
    sheet = np.full((rows * (height + gap) - gap, columns * (width + gap) - gap, channels), 255, np.uint8)
    for index, picture in enumerate(pictures):
        top, left = (index // columns) * (height + gap), (index % columns) * (width + gap)
        sheet[top : top + height, left : left + width] = picture
    return sheet.repeat(scale, axis=0).repeat(scale, axis=1)
