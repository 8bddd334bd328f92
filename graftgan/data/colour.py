"""Any mode of picture to 8-bit RGB by stated rules: nothing is clipped, alpha is composited over white."""

from collections.abc import Callable
from typing import Any

import numpy as np
from PIL import Image, ImageFile

from graftgan.data.header import Refused


def to_rgb(image: ImageFile.ImageFile, raw: str, done: list[str]) -> Image.Image:
    """A loaded picture of any mode as RGB; the rules stand at `decode`.

    Args:
        image: loaded.
        raw: how the pixels lay in the file (Pillow's raw mode), which tells their bit depth.
        done: what was done is added here, in words.

    Raises:
        Refused: values that are not numbers.
    """
    mode = image.mode
    if mode == "RGB" and "transparency" not in image.info:
        return image
    if mode.startswith("I;16"):
        return _from_16_bit(image, raw, done)
    if mode in ("I", "F"):
        return _from_wide(np.array(image), done)
    if mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info:
        return _over_white(image, raw, done)
    done.append({"P": "palette to RGB", "1": "1-bit to RGB", "L": "grey to RGB"}.get(mode, f"{mode} to RGB"))
    return image.convert("RGB")


def _over_white(image: ImageFile.ImageFile, raw: str, done: list[str]) -> Image.Image:
    colour = image.info.get("transparency")
    if image.format == "PNG" and raw in _DEPTH_TO_8 and not isinstance(colour, bytes):
        # the file notes the colour at its own bit depth, Pillow compares it with the 8-bit pixels
        image.info["transparency"] = _DEPTH_TO_8[raw](colour)
    rgba = image if image.mode == "RGBA" else image.convert("RGBA")
    if rgba.getchannel("A").getextrema() == (255, 255):
        done.append(f"{image.mode} to RGB, opaque")
        return rgba.convert("RGB")
    done.append("alpha over white")
    white = Image.new("RGB", rgba.size, (255, 255, 255))
    white.paste(rgba, (0, 0), rgba)
    return white


_DEPTH_TO_8: dict[str, Callable[[Any], Any]] = {
    "L;2": lambda grey: grey * 85,
    "L;4": lambda grey: grey * 17,
    "RGB;16B": lambda colour: tuple(value >> 8 for value in colour),
}


def _from_16_bit(image: ImageFile.ImageFile, raw: str, done: list[str]) -> Image.Image:
    values = np.asarray(image).astype(np.uint16, copy=False)
    levels, word = (4095, "12-bit grey to 8-bit") if raw.startswith("I;12") else (65535, "16-bit grey / 257")
    wide = values.astype(np.uint32)
    wide *= 255
    wide += levels // 2
    wide //= levels
    grey = wide.astype(np.uint8)
    done.append(word)
    transparent = image.info.get("transparency")
    if isinstance(transparent, int):
        grey[values == transparent] = 255
        done.append("alpha over white")
    return Image.fromarray(grey).convert("RGB")


def _from_wide(values: np.ndarray, done: list[str]) -> Image.Image:
    if not np.isfinite(values).all():
        raise Refused("holds values that are not numbers (NaN or infinity)")
    low, high = float(values.min()), float(values.max())
    name = "float" if values.dtype == np.float32 else "32-bit"
    tops = (1.0, 255.0, 65535.0) if name == "float" else (255.0, 65535.0)
    top = next((top for top in tops if low >= 0 and high <= top), None)
    if top is None:
        done.append(f"{name} values {low:g}..{high:g} stretched to 0..255")
    else:
        done.append(f"{name} values taken as 0..{top:g}")
        low, high = 0.0, top
    scaled = values.astype(np.float32, copy=False)
    scaled -= np.float32(low)
    scaled *= np.float32(255.0 / max(high - low, 1e-30))
    np.clip(np.rint(scaled, out=scaled), 0, 255, out=scaled)
    return Image.fromarray(scaled.astype(np.uint8)).convert("RGB")
