"""What a picture says of itself: all that it takes to make it again, as JSON that is read back strictly."""

import json
import math
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from typing import Any

FORMAT = 1
MAX_JSON = 65_536
MOST_SEEDS, MOST_LAYERS, MOST_FRAMES, MOST_FPS, MOST_SCALE, MOST_BATCH = 1024, 64, 36_000, 60, 64, 64
STILLS, FILMS = ("picture", "grid", "mixing"), ("interpolation", "mixing-film")


@dataclass(frozen=True, kw_only=True)
class Origin:
    """How a picture or film was made.

    Attributes:
        kind: picture, grid, mixing (a table of style mixtures), interpolation or mixing-film.
        seeds: drawn, walked through, or the rows of a mixture; a picture has one.
        truncation: as in `sample`.
        model: sha256 of the generator's file.
        name: of the model's folder or run, for people; never a path.
        classes: of each seed, for a conditional network; else empty.
        columns: seeds that a mixture takes `layers` from; else empty.
        layers: style layers taken from `columns`; else empty.
        frames: of a film's leg, from one seed to the next; 0 for a still.
        fps: frames a second; 0 for a still.
        loop: whether a film returns to its first seed.
        scale: each pixel of a film's frame became scale x scale.
        lossless: whether a film keeps its frames to the bit.
        batch: pictures a forward pass, which is all that the last bit may depend on.
        engine: what computed the forward pass.
        version: of graftgan.
    """

    kind: str
    seeds: tuple[int, ...]
    truncation: float
    model: str
    name: str = ""
    classes: tuple[int, ...] = ()
    columns: tuple[int, ...] = ()
    layers: tuple[int, ...] = ()
    frames: int = 0
    fps: int = 0
    loop: bool = False
    scale: int = 1
    lossless: bool = True
    batch: int = 1
    engine: str = "torch"
    version: str = ""

    def to_json(self) -> str:
        """Returns it as ASCII JSON on one line."""
        return json.dumps({"format": FORMAT, **asdict(self)}, allow_nan=False)

    @property
    def film(self) -> bool:
        """Whether it moves."""
        return self.kind in FILMS


def from_json(text: str) -> Origin:
    """Reads what `Origin.to_json` wrote, from anybody.

    Args:
        text: at most 64 KiB.

    Returns:
        An origin that keeps every promise of the class.

    Raises:
        ValueError: in a few words, what is wrong with it.

    Example:
        >>> origin = Origin(kind="picture", seeds=(3,), truncation=1.0, model="0" * 64)
        >>> from_json(origin.to_json()) == origin
        True
    """
    if len(text) > MAX_JSON:
        raise ValueError(f"its origin is longer than {MAX_JSON} characters")
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise ValueError("its origin is not JSON") from None
    if not isinstance(found, dict):
        raise ValueError("its origin is not a JSON object")
    number = found.pop("format", None)
    if _whole(number, 1) and number > FORMAT:
        raise ValueError(f"a later graftgan made it (format {str(number)[:12]}; this one reads {FORMAT})")
    if not _whole(number, FORMAT, FORMAT):
        raise ValueError("its origin names no format")
    for name in found:
        if name not in _RIGHT:
            raise ValueError(f"its origin has a field {str(name)[:40]!r} that is none")
    required = [field.name for field in fields(Origin) if field.name in ("kind", "seeds", "truncation", "model")]
    for name in required:
        if name not in found:
            raise ValueError(f"its origin lacks {name}")
    for name, value in found.items():
        if not _RIGHT[name](value):
            raise ValueError(f"its origin has a wrong {name}: {json.dumps(value)[:40]}")
    found["truncation"] = float(found["truncation"])
    checked: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in found.items()
    }
    origin = Origin(**checked)
    check_kind(origin)
    return origin


def check_kind(origin: Origin) -> None:
    """Raises ValueError unless an origin has exactly what its kind needs."""
    mixing = origin.kind.startswith("mixing")
    if origin.kind == "picture" and len(origin.seeds) != 1:
        raise ValueError("its origin is a picture of several seeds")
    if mixing != bool(origin.columns) or mixing != bool(origin.layers):
        raise ValueError(f"its origin is {origin.kind} and {'lacks' if mixing else 'has'} columns or layers to mix")
    if origin.film != bool(origin.frames) or origin.film != bool(origin.fps):
        raise ValueError(f"its origin is {origin.kind} and {'lacks' if origin.film else 'has'} frames")
    stops = len(origin.columns if mixing else origin.seeds)
    if origin.film and stops < 2:
        raise ValueError("its origin is a film of a single seed")
    if stops * origin.frames > MOST_FRAMES:
        raise ValueError(f"its origin is a film of more than {MOST_FRAMES} frames")
    if origin.classes and len(origin.classes) != len(origin.seeds):
        raise ValueError("its origin has not as many classes as seeds")


def _whole(value: Any, least: int, most: int = 2**63 - 1) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def _wholes(most: int, least_many: int = 0, many: int = MOST_SEEDS) -> Callable[[Any], bool]:
    def right(value: Any) -> bool:
        return (
            isinstance(value, list) and least_many <= len(value) <= many and all(_whole(one, 0, most) for one in value)
        )

    return right


def _text(pattern: str) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, str) and re.fullmatch(pattern, value) is not None


_RIGHT: dict[str, Callable[[Any], bool]] = {
    "kind": lambda value: isinstance(value, str) and value in STILLS + FILMS,
    "seeds": _wholes(2**63 - 1, 1),
    "truncation": lambda value: (
        isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 2 and math.isfinite(value)
    ),
    "model": _text("[0-9a-f]{64}"),
    "name": lambda value: (
        isinstance(value, str) and len(value) <= 100 and value.isprintable() and not set(value) & set("/\\")
    ),
    "classes": _wholes(2**20),
    "columns": _wholes(2**63 - 1),
    "layers": lambda value: _wholes(MOST_LAYERS - 1, 0, MOST_LAYERS)(value) and value == sorted(set(value)),
    "frames": lambda value: _whole(value, 0, MOST_FRAMES),
    "fps": lambda value: _whole(value, 0, MOST_FPS),
    "loop": lambda value: isinstance(value, bool),
    "scale": lambda value: _whole(value, 1, MOST_SCALE),
    "lossless": lambda value: isinstance(value, bool),
    "batch": lambda value: _whole(value, 1, MOST_BATCH),
    "engine": _text("[a-z][a-z0-9-]{0,19}"),
    "version": _text("[0-9A-Za-z.+-]{0,40}"),
}
"""Field -> whether a JSON value may stand there."""
