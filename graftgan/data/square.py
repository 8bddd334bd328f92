"""A picture of any shape to a square of the wanted size: one rule for every picture, stated and recorded."""

from typing import Literal

from PIL import Image

from graftgan.errors import UserError

Square = Literal["crop", "pad"]
"""What happens to a picture that is not square: its centre is cut out, or white is added on both sides."""


def check_square(square: str) -> None:
    """Refuse an unknown rule.

    Raises:
        UserError: neither crop nor pad.
    """
    if square not in ("crop", "pad"):
        raise UserError(f"--square {square}: expected crop or pad")


def make_square(image: Image.Image, square: Square, done: list[str]) -> Image.Image:
    """Crop to the centre, or pad with white; an odd pixel is cut or added on the right or at the bottom.

    Args:
        image: mode RGB.
        square: the rule.
        done: what was done is added here, in words.

    Example:
        >>> make_square(Image.new("RGB", (5, 2)), "crop", []).size
        (2, 2)
    """
    width, height = image.size
    if width == height:
        return image
    side = min(width, height) if square == "crop" else max(width, height)
    left, top = (width - side) // 2, (height - side) // 2
    if square == "crop":
        done.append(f"centre cropped {width}x{height} to {side}x{side}")
        return image.crop((left, top, left + side, top + side))
    done.append(f"padded with white {width}x{height} to {side}x{side}")
    canvas = Image.new("RGB", (side, side), (255, 255, 255))
    canvas.paste(image, ((side - width) // 2, (side - height) // 2))
    return canvas


def resize(image: Image.Image, resolution: int, done: list[str]) -> Image.Image:
    """Scale a square picture by Lanczos with antialiasing, up or down; the right size stays as it is.

    Args:
        image: square, mode RGB.
        resolution: wanted side in pixels.
        done: what was done is added here, in words.
    """
    side = image.size[0]
    if side == resolution:
        return image
    done.append(f"{'reduced' if side > resolution else 'enlarged'} {side} to {resolution}")
    return image.resize((resolution, resolution), Image.Resampling.LANCZOS)
