"""A picture file's bytes to upright 8-bit RGB, by stated rules, or the reason why not.

The size is held against the limit before a pixel is decoded. The first frame of an animation is taken.
"""

from dataclasses import dataclass

from PIL import Image, ImageFile, TiffImagePlugin

from graftgan.data.colour import to_rgb
from graftgan.data.header import ENDINGS, Refused, in_brief, read_header

_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

_ORIENTATION = 0x0112
_MAY_HOLD_ORIENTATION = frozenset(("exif", "xmp", "XML:com.adobe.xmp", "Raw profile type exif"))


@dataclass(frozen=True)
class Decoded:
    """An upright picture.

    Attributes:
        image: mode RGB.
        done: what was done to get there, in words.
        width: as stored, before turning.
        height: as stored, before turning.
    """

    image: Image.Image
    done: list[str]
    width: int
    height: int


def decode(data: bytes, ending: str = "") -> Decoded:
    """Bytes to an upright RGB picture.

    Rules, each recorded in `done` when it changed something: the orientation in EXIF or XMP is applied;
    alpha and transparent colours are composited over white; palette, 1-bit, grey, CMYK and YCbCr are
    converted by Pillow without colour management; 16-bit grey v becomes v / 257; 32-bit integers are read
    as 0..255 or 0..65535, whichever holds all values, else stretched from their minimum to their maximum;
    floats likewise, with 0..1 first.

    Args:
        data: the file's bytes.
        ending: the file name's ending without the dot, to note when the content is another format.

    Raises:
        Refused: with the reason.

    Example:
        >>> from io import BytesIO
        >>> from PIL import Image
        >>> file = BytesIO()
        >>> Image.new("I;16", (2, 2), 65535).save(file, "PNG")
        >>> decode(file.getvalue()).image.getpixel((0, 0))
        (255, 255, 255)
    """
    return upright(read_header(data), ending)


def upright(image: ImageFile.ImageFile, ending: str = "") -> Decoded:
    """The second half of `decode`: from a picture of known size to its pixels.

    Args:
        image: as `read_header` gives it.
        ending: the file name's ending without the dot.

    Raises:
        Refused: with the reason.
    """
    kind = str(image.format)
    raw = _raw_mode(image)
    turn = _tiff_turn(image)
    width, height = image.size[::-1] if turn >= 5 else image.size  # a TIFF tells its turned size
    done: list[str] = []
    try:
        image.load()
        rgb = to_rgb(image, raw, done)
        if ending and ending.lower() not in ENDINGS[kind]:
            done.insert(0, f"content is {kind}")
        if _has_frames(image):
            done.insert(0, "first frame taken")
        if turn > 1:  # and it has turned the picture on load
            done.append(f"turned (EXIF {turn})")
        else:
            rgb = _turned(rgb, image, done)
    except Refused:
        raise
    except Exception as error:
        raise Refused(f"broken {kind}: {in_brief(error)}") from error
    return Decoded(rgb, done, width, height)


def _raw_mode(image: ImageFile.ImageFile) -> str:
    """How the pixels lie in the file: tells the bit depth that the mode does not. Gone after loading."""
    arguments = image.tile[0].args if image.tile else None
    raw = arguments[0] if isinstance(arguments, tuple) and arguments else arguments
    return raw if isinstance(raw, str) else ""


def _tiff_turn(image: ImageFile.ImageFile) -> int:
    if not isinstance(image, TiffImagePlugin.TiffImageFile):
        return 1
    turn = image.tag_v2.get(_ORIENTATION, 1)
    return turn if turn in _TURNS else 1


def _has_frames(image: ImageFile.ImageFile) -> bool:
    try:
        return bool(getattr(image, "is_animated", False))  # only formats with frames have the attribute
    except Exception:  # the first frame is good, a later one is broken
        return True


def _turned(rgb: Image.Image, image: ImageFile.ImageFile, done: list[str]) -> Image.Image:
    if _MAY_HOLD_ORIENTATION.isdisjoint(image.info):
        return rgb
    try:
        turn = image.getexif().get(_ORIENTATION, 1)
    except Exception:  # a broken note about a good picture
        done.append("unreadable EXIF ignored")
        return rgb
    if turn not in _TURNS:
        return rgb
    done.append(f"turned (EXIF {turn})")
    return rgb.transpose(_TURNS[turn])
