"""What a picture file's first bytes say: its format and size, before a pixel is decoded.

Only the six formats' own readers are used: `Image.open` would try forty, and warn globally about size.
"""

from collections.abc import Callable
from io import BytesIO

from PIL import (
    BmpImagePlugin,
    GifImagePlugin,
    ImageFile,
    JpegImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

MAX_PIXELS = 40_000_000
"""Largest picture that is decoded, width times height."""

_FORMATS: dict[str, Callable[[BytesIO], ImageFile.ImageFile]] = {
    "PNG": PngImagePlugin.PngImageFile,
    "JPEG": JpegImagePlugin.JpegImageFile,
    "WEBP": WebPImagePlugin.WebPImageFile,
    "BMP": BmpImagePlugin.BmpImageFile,
    "GIF": GifImagePlugin.GifImageFile,
    "TIFF": TiffImagePlugin.TiffImageFile,
}

ENDINGS = {
    "PNG": ("png", "apng"),
    "JPEG": ("jpg", "jpeg", "jpe", "jfif"),
    "WEBP": ("webp",),
    "BMP": ("bmp", "dib"),
    "GIF": ("gif",),
    "TIFF": ("tif", "tiff"),
}


class Refused(Exception):
    """The file is no picture we take; the text says why in a few words."""


def sniff(head: bytes) -> str:
    """The format that the first bytes announce: PNG, JPEG, WEBP, BMP, GIF, TIFF, or empty.

    Example:
        >>> sniff(b"GIF89a...")
        'GIF'
    """
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if head.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WEBP"
    if head.startswith((b"GIF87a", b"GIF89a")):
        return "GIF"
    if head.startswith((b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")):
        return "TIFF"
    return "BMP" if head.startswith(b"BM") else ""


def read_header(data: bytes) -> ImageFile.ImageFile:
    """The picture behind `data` with its size known and no pixel decoded.

    Args:
        data: the file's bytes.

    Raises:
        Refused: not one of the six formats, a broken header, or more than `MAX_PIXELS`.
    """
    if not data:
        raise Refused("empty file")
    kind = sniff(data[:16])
    if not kind:
        raise Refused(f"not a picture: the content is {_guess(data[:512])}")
    try:
        image = _FORMATS[kind](BytesIO(data))
    except Exception as error:  # Pillow answers damage with a dozen kinds, not only OSError
        raise Refused(f"broken {kind}: {in_brief(error)}") from error
    width, height = image.size
    if isinstance(image, TiffImagePlugin.TiffImageFile):  # its decoder allocates tiles
        width, height = max(image.size, image._tile_size, key=lambda size: size[0] * size[1])
    if width * height > MAX_PIXELS:
        raise Refused(f"too many pixels: {width} x {height}, the limit is {MAX_PIXELS // 10**6} megapixels")
    return image


def _guess(head: bytes) -> str:
    signs = {
        b"PK\x03\x04": "a zip",
        b"%PDF": "a PDF",
        b"MZ": "a program",
        b"\x7fELF": "a program",
        b"\x1f\x8b": "gzip",
        b"\0\x05\x16\x07": "a Mac resource fork",
    }
    for sign, word in signs.items():
        if head.startswith(sign):
            return word
    if head[4:8] == b"ftyp":
        return "HEIC, AVIF or a film"
    return "unknown" if b"\0" in head else "text or unknown"


def in_brief(error: BaseException) -> str:
    """What Pillow says about a damaged file, in one short line."""
    text = " ".join(str(error).split())
    if not text or "BytesIO" in text:
        return type(error).__name__ if not text else "cannot be identified"
    return text[:120]
