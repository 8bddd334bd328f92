"""Draws the sheet of `toy_2d.py`: panels of points over two densities, with Pillow alone."""

import colorsys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

COLUMNS, SIDE, GAP, HEAD, FOOT, MARGIN = 5, 280, 20, 46, 34, 30
REACH = 1.08
"""Half the side of what a panel shows, in the plane's units."""
FINE = 2
"""Everything is drawn so many times as large, and averaged down."""
DOTS = 700
INK, FAINT, PAPER = (30, 34, 42), (105, 112, 124), (255, 255, 255)
GREY, GOLD = np.array([150.0, 156, 168]), np.array([255.0, 196, 61])
TINTS = {
    "parameters": (31, 98, 178),
    "few numbers": (0, 125, 122),
    "latents": (118, 70, 168),
    "features": (46, 125, 50),
    "from scratch": (90, 90, 90),
    "keeps diversity": (190, 60, 30),
}


@dataclass(frozen=True)
class Panel:
    """One square of the sheet.

    Attributes:
        title: short name.
        family: what it stands for; the words before a colon choose the colour.
        numbers: one line below.
        points: (N, 2), the first DOTS are drawn.
        hues: (N,) in [0, 1), of each point; None draws none of them.
    """

    title: str
    family: str
    numbers: str
    points: np.ndarray
    hues: np.ndarray | None


@dataclass(frozen=True)
class Scene:
    """What lies behind the points of every panel.

    Attributes:
        source: centres (modes, 2).
        target: likewise.
        deviation: of each mode.
        few: (N, 2) what was trained on.
    """

    source: np.ndarray
    target: np.ndarray
    deviation: float
    few: np.ndarray


def draw(panels: Sequence[Panel], scene: Scene, title: str, above: Sequence[str], below: Sequence[str]) -> Image.Image:
    """Returns the sheet.

    Args:
        panels: row by row.
        scene: behind all of them.
        title: of the sheet.
        above: lines under the title.
        below: lines at the foot.
    """
    rows = -(-len(panels) // COLUMNS)
    top, pitch = MARGIN + 46 + 22 * len(above) + 14, HEAD + SIDE + FOOT + 12
    width = 2 * MARGIN + COLUMNS * SIDE + (COLUMNS - 1) * GAP
    height = top + rows * pitch + 22 * len(below) + MARGIN
    sheet = Image.new("RGB", (width * FINE, height * FINE), PAPER)
    pen = ImageDraw.Draw(sheet, "RGBA")
    write(pen, MARGIN, MARGIN, title, 30, INK)
    for at, line in enumerate(above):
        write(pen, MARGIN, MARGIN + 46 + 22 * at, line, 16, FAINT)
    behind = background(scene)
    for at, panel in enumerate(panels):
        x, y = MARGIN + at % COLUMNS * (SIDE + GAP), top + at // COLUMNS * pitch
        write(pen, x, y, panel.title, 20, INK)
        write(pen, x, y + 25, panel.family, 14, TINTS.get(panel.family.partition(":")[0], FAINT))
        sheet.paste(behind, (x * FINE, (y + HEAD) * FINE))
        plot(sheet, panel, scene, x * FINE, (y + HEAD) * FINE)
        write(pen, x, y + HEAD + SIDE + 6, panel.numbers, 13, INK)
    for at, line in enumerate(below):
        write(pen, MARGIN, top + rows * pitch + 22 * at, line, 16, FAINT)
    return sheet.reduce(FINE)


def save(sheet: Image.Image, path: Path) -> None:
    """Writes the sheet as a PNG of 256 colours, which is a third of the size; rare ones that carry meaning are kept."""
    kept = [PAPER, INK, FAINT, *TINTS.values(), *(shade(at / 24) for at in range(24))]
    common = sheet.quantize(256 - len(kept)).getpalette() or []
    palette = Image.new("P", (1, 1))
    palette.putpalette([*(part for colour in kept for part in colour), *common])
    few = sheet.quantize(palette=palette, dither=Image.Dither.NONE)
    # Pillow rounds before it looks a colour up, which would tint the paper
    blank = Image.fromarray((np.asarray(sheet) == PAPER).all(2))
    few.paste(kept.index(PAPER), mask=blank)
    few.save(path, optimize=True)


def background(scene: Scene) -> Image.Image:
    """Returns both densities in a frame: the source's in grey, the target's in gold."""
    side = SIDE * FINE
    steps = (np.arange(side) + 0.5) / side * 2 * REACH - REACH
    x, y = np.meshgrid(steps, -steps)
    paint = np.full((side, side, 3), 248.0)
    for centres, colour, strength in ((scene.source, GREY, 0.55), (scene.target, GOLD, 0.75)):
        # A little wider than the modes are, so that points do not hide them.
        apart = (x[..., None] - centres[:, 0]) ** 2 + (y[..., None] - centres[:, 1]) ** 2
        dense = strength * np.exp(-apart / (2 * (1.5 * scene.deviation) ** 2)).max(2)[..., None]
        paint = (1 - dense) * paint + dense * colour
    image = Image.fromarray(paint.round().astype(np.uint8))
    ImageDraw.Draw(image).rectangle((0, 0, side - 1, side - 1), outline=(214, 218, 226), width=FINE)
    return image


def plot(sheet: Image.Image, panel: Panel, scene: Scene, left: int, top: int) -> None:
    """Draws the points of a panel, and the few as crosses over them; what lies outside the frame is left out."""
    square = sheet.crop((left, top, left + SIDE * FINE, top + SIDE * FINE))
    pen = ImageDraw.Draw(square, "RGBA")
    if panel.hues is not None:
        size = 1.7 * FINE
        for point, hue in zip(panel.points[:DOTS], panel.hues[:DOTS], strict=True):
            x, y = placed(point)
            pen.ellipse((x - size, y - size, x + size, y + size), fill=(*shade(hue), 150))
    for point in scene.few:
        x, y = placed(point)
        for colour, arm, width in (((255, 255, 255), 5.4 * FINE, 4 * FINE), (INK, 4.6 * FINE, 2 * FINE)):
            pen.line((x - arm, y - arm, x + arm, y + arm), fill=colour, width=width)
            pen.line((x - arm, y + arm, x + arm, y - arm), fill=colour, width=width)
    sheet.paste(square, (left, top))


def placed(point: np.ndarray) -> tuple[float, float]:
    """Returns where in a panel a point of the plane is, y upward; far points are brought near for the pen's sake."""
    x, y = np.clip(point, -9, 9)
    return (x / REACH + 1) / 2 * SIDE * FINE, (1 - y / REACH) / 2 * SIDE * FINE


def shade(hue: float) -> tuple[int, int, int]:
    """Returns a colour of the wheel, dark enough for white paper."""
    red, green, blue = colorsys.hsv_to_rgb(float(hue), 0.9, 0.82)
    return round(255 * red), round(255 * green), round(255 * blue)


def write(pen: ImageDraw.ImageDraw, x: int, y: int, words: str, size: int, colour: tuple[int, int, int]) -> None:
    """Writes one line, its upper left corner at (x, y)."""
    pen.text((x * FINE, y * FINE), words, fill=colour, font=ImageFont.load_default(size * FINE))
