"""Origins in files: written into a PNG's text, read from PNG, WebP and mp4 files that anybody may have made."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from graftgan.data.header import MAX_PIXELS, Refused, in_brief, read_header
from graftgan.errors import UserError
from graftgan.files import write_atomically
from graftgan.sampling.film import DESCRIPTION, film_library
from graftgan.sampling.origin import MAX_JSON, Origin, from_json
from graftgan.sampling.seeds import parse_seeds

KEY = "graftgan:origin"
SEED, TRUNCATION, MODEL = "graftgan:seed", "graftgan:truncation", "graftgan:model-sha256"
MAX_FILE = 512 * 2**20


def texts(origin: Origin) -> dict[str, str]:
    """Returns what a picture says of itself, by key: its origin whole, and three facts of it by themselves."""
    return {
        KEY: origin.to_json(),
        SEED: seeds_text(origin.seeds),
        TRUNCATION: str(origin.truncation),
        MODEL: origin.model,
    }


def seeds_text(seeds: Sequence[int]) -> str:
    """Returns seeds as `parse_seeds` reads them.

    Example:
        >>> seeds_text([0, 1, 2, 7])
        '0-2,7'
    """
    runs: list[list[int]] = []
    for seed in seeds:
        if runs and seed == runs[-1][1] + 1:
            runs[-1][1] = seed
        else:
            runs.append([seed, seed])
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in runs)


def write_png(path: Path, pixels: np.ndarray, origin: Origin) -> None:
    """Writes a PNG that carries its origin.

    Args:
        path: in a folder that exists.
        pixels: uint8 (H, W, C).
        origin: of the picture.

    Raises:
        OSError: the disk does not take it; `path` is as it was.
    """
    info = PngInfo()
    for key, value in texts(origin).items():
        info.add_text(key, value)
    png = BytesIO()
    Image.fromarray(as_picture(pixels)).save(png, "PNG", pnginfo=info)
    write_atomically(path, png.getvalue())


def as_picture(pixels: np.ndarray) -> np.ndarray:
    """Returns pixels (H, W, C) as Pillow takes them: grey ones without their last axis."""
    return pixels[:, :, 0] if pixels.shape[2] == 1 else pixels


@dataclass(frozen=True)
class Carried:
    """A file and the origin that it carries.

    Attributes:
        origin: as read, every promise of the class kept.
        kind: png, webp or mp4, by the file's content.
        width: in pixels.
        height: in pixels.
        frames: in all; 1 for a still.
    """

    origin: Origin
    kind: str
    width: int
    height: int
    frames: int


def read_carried(path: Path) -> Carried:
    """Reads what a picture or film says of itself; decodes no pixel.

    Args:
        path: PNG, WebP or mp4.

    Returns:
        Origin, and what kind of file it is.

    Raises:
        UserError: no such file, not a picture, too large, no origin in it, or one that is damaged or of a later
            format; one line that names the file.
    """
    data = read_file(path)
    try:
        if data[4:8] == b"ftyp":
            return _from_mp4(path)
        image = read_header(data)
        kind = str(image.format).lower()
        if kind not in ("png", "webp"):
            raise ValueError(f"{kind.upper()} files carry no origin: only PNG, WebP and mp4 of graftgan do")
        origin = _from_webp(image.getexif()) if kind == "webp" and _exif_of(image) else _from_png(image.info)
        return Carried(origin, kind, *image.size, getattr(image, "n_frames", 1))
    except (ValueError, Refused, UserError) as error:
        raise UserError(f"{path}: {error}") from None
    except Exception as error:  # Pillow answers damage with a dozen kinds
        raise UserError(f"{path}: broken: {in_brief(error)}") from None


def read_file(path: Path) -> bytes:
    """Returns a file's bytes.

    Raises:
        UserError: it cannot be read, or is larger than 512 MiB.
    """
    try:
        if not path.is_file():
            raise UserError(f"{path}: there is no such file")
        if path.stat().st_size > MAX_FILE:
            raise UserError(f"{path}: larger than {MAX_FILE // 2**20} MiB")
        return path.read_bytes()
    except OSError as error:
        raise UserError(f"{path}: {error.strerror or error}") from error


def _from_png(info: dict[Any, Any]) -> Origin:
    """Returns the origin in a PNG's text; pictures made before there was one have three facts instead."""
    if isinstance(told := info.get(KEY), str):
        return from_json(told)
    facts = [info.get(key) for key in (SEED, TRUNCATION, MODEL)]
    if not all(isinstance(fact, str) and len(fact) <= 100 for fact in facts):
        raise ValueError("it does not say how it was made: not a picture of graftgan, or saved anew without its notes")
    seed, truncation, model = map(str, facts)
    try:
        made = Origin(kind="picture", seeds=tuple(parse_seeds(seed)), truncation=float(truncation), model=model)
        return from_json(made.to_json())
    except (ValueError, UserError) as error:
        raise ValueError(f"its notes on seed, truncation and model are wrong ({error})") from None


def _exif_of(image: Any) -> bool:
    """Returns whether there is EXIF in a WebP, and refuses what is too long to be ours."""
    exif = image.info.get("exif", b"")
    if len(exif) > 2 * MAX_JSON:
        raise ValueError(f"its EXIF is longer than {2 * MAX_JSON} bytes")
    return bool(exif)


def _from_webp(exif: Any) -> Origin:
    told = exif.get(DESCRIPTION)
    if not isinstance(told, str) or not told.startswith("{"):
        raise ValueError("it does not say how it was made: not a film of graftgan, or saved anew without its notes")
    return from_json(told)


def _from_mp4(path: Path) -> Carried:
    with opened(path) as container:
        told = container.metadata.get("comment", "")
        if not told.startswith("{"):
            raise ValueError("it does not say how it was made: not a film of graftgan, or saved anew without its notes")
        stream = container.streams.video[0] if container.streams.video else None
        if stream is None or stream.width * stream.height > MAX_PIXELS:
            raise ValueError("it has no pictures, or larger ones than 40 megapixels")
        return Carried(from_json(told), "mp4", stream.width, stream.height, stream.frames)


def opened(path: Path) -> Any:
    """Opens an mp4 and nothing else: no playlist, no address.

    Raises:
        ValueError: it is damaged.
        UserError: PyAV is not installed.
    """
    av = film_library()
    try:
        return av.open(str(path.absolute()), "r", format="mp4")
    except (av.error.FFmpegError, ValueError, OSError) as error:
        raise ValueError(f"broken mp4: {in_brief(error)}") from None


def read_frames(path: Path, kind: str) -> Iterator[np.ndarray]:
    """Decodes the frames of a film, or a picture's only one, one at a time.

    Args:
        path: as `read_carried` took it.
        kind: png, webp or mp4.

    Yields:
        uint8 (H, W, C).

    Raises:
        UserError: it is damaged.
    """
    try:
        if kind == "mp4":
            with opened(path) as container:
                for frame in container.decode(video=0):
                    yield frame.to_ndarray(format="rgb24")
            return
        image = read_header(read_file(path))
        for number in range(getattr(image, "n_frames", 1)):
            image.seek(number)
            still = image.convert("L" if image.mode == "L" else "RGB")
            yield np.atleast_3d(np.asarray(still))
    except (Refused, UserError) as error:
        raise UserError(f"{path}: {error}") from None
    except Exception as error:  # damage has a dozen kinds
        raise UserError(f"{path}: broken: {in_brief(error)}") from None
