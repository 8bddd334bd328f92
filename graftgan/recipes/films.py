"""What is decided before a picture or film is drawn, and its drawing: `sample`, `replay` and Python share it."""

import functools
import importlib.metadata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from graftgan.choices import check_choice
from graftgan.errors import UserError
from graftgan.networks.base import Generator
from graftgan.sampling.carried import read_carried
from graftgan.sampling.drawn import MOST_SIDE, batch_for, frames, line, size_of
from graftgan.sampling.film import FORMATS, film_library, write_film
from graftgan.sampling.mixing import style_layers, style_space
from graftgan.sampling.origin import MOST_FPS, MOST_FRAMES, MOST_SCALE, MOST_SEEDS, Origin, check_kind
from graftgan.sampling.sample import Draw
from graftgan.sampling.space import space_of
from graftgan.training.progress import ProgressBar
from graftgan.zoo.model_folder import Model

SMALLEST_SIDE = 256


@dataclass(frozen=True, kw_only=True)
class Timing:
    """How a film runs.

    Attributes:
        seconds: from one seed to the next.
        fps: frames a second.
        loop: whether it returns to its first seed.
        scale: each pixel becomes scale x scale; None: so that the short side is at least 256.
        format: webp or mp4.
    """

    seconds: float = 1.0
    fps: int = 30
    loop: bool = True
    scale: int | None = None
    format: str = "webp"

    def check(self) -> None:
        """Raises UserError for a value out of range, or mp4 without its library."""
        check_choice("--format", self.format, FORMATS)
        if not 1 <= self.fps <= MOST_FPS:
            raise UserError(f"--fps {self.fps}: from 1 to {MOST_FPS}")
        if not 0 < self.seconds <= 600:
            raise UserError(f"--seconds {self.seconds}: more than 0, at most 600")
        if self.scale is not None and not 1 <= self.scale <= MOST_SCALE:
            raise UserError(f"--scale {self.scale}: from 1 to {MOST_SCALE}")
        if self.format == "mp4":
            film_library()


def name_of(folder: Path) -> str:
    """Returns what people call the model in a folder: its run's name, or its folder's; never a path.

    Example:
        >>> name_of(Path("/home/somebody/runs/0003-ink-lowrank/model"))
        '0003-ink-lowrank'
    """
    whole = folder.resolve()
    name = whole.parent.name if whole.name == "model" else whole.name
    return "".join(sign for sign in name if sign.isprintable() and sign not in "/\\")[:100]


def origin_of(model: Model, folder: Path, kind: str, seeds: Sequence[int], truncation: float, **rest: Any) -> Origin:
    """Returns the origin of a picture or film of a model.

    Args:
        model: that draws it.
        folder: of the model, or of its run.
        kind: see `Origin`.
        seeds: likewise.
        truncation: likewise.
        rest: its other fields.
    """
    classes = model.generator.c_dim
    return Origin(
        kind=kind,
        seeds=tuple(seeds),
        truncation=float(truncation),
        model=model.digest,
        name=name_of(folder),
        classes=tuple(seed % classes for seed in seeds) if classes else (),
        version=own_version(),
        **rest,
    )


@functools.cache
def own_version() -> str:
    """Returns graftgan's version; asked for every picture, so kept."""
    return importlib.metadata.version("graftgan")


def mixing_fields(model: Model, columns: Sequence[int], layers: str) -> dict[str, Any]:
    """Returns the fields of an origin that mixes styles.

    Raises:
        UserError: the network has no styles, or not these layers.
    """
    count = style_space(model.generator, 1.0).behind.num_ws
    return {"columns": tuple(columns), "layers": style_layers(layers, count)}


def film_origin(
    model: Model,
    folder: Path,
    seeds: Sequence[int],
    truncation: float,
    timing: Timing,
    mix_with: Sequence[int] = (),
    mix_layers: str = "fine",
    engine: str = "torch",
) -> Origin:
    """Returns the origin of a film that is to be made.

    Args:
        model: that draws it.
        folder: of the model, or of its run.
        seeds: passed through; with `mix_with` those that stay.
        truncation: as in `sample`.
        timing: of the film.
        mix_with: seeds whose styles are passed through.
        mix_layers: which styles of theirs, see `style_layers`.
        engine: that draws what begins at latents.

    Raises:
        UserError: too few seeds, too many frames, frames that are too large, or a network without styles.
    """
    timing.check()
    if not 0 <= truncation <= 2:
        raise UserError(f"--trunc {truncation}: from 0 to 2")
    generator = model.generator
    if len(mix_with if mix_with else seeds) < 2:
        raise UserError(f"{'--mix-with' if mix_with else '--seeds'}: a film passes through two seeds at least")
    if max(len(seeds), len(mix_with)) > MOST_SEEDS:
        raise UserError(f"--seeds: a film of more than {MOST_SEEDS} seeds")
    frames_a_leg = max(1, round(timing.seconds * timing.fps))
    if len(mix_with if mix_with else seeds) * frames_a_leg > MOST_FRAMES:
        raise UserError(f"--seconds {timing.seconds}: a film of more than {MOST_FRAMES} frames (fewer seeds, or --fps)")
    mixture = mixing_fields(model, mix_with, mix_layers) if mix_with else {}
    origin = origin_of(
        model,
        folder,
        "mixing-film" if mix_with else "interpolation",
        seeds,
        truncation,
        **mixture,
        frames=frames_a_leg,
        fps=timing.fps,
        loop=timing.loop,
        scale=timing.scale or fitting_scale(generator.resolution, len(seeds) if mix_with else 1),
        lossless=timing.format == "webp" and generator.resolution < SMALLEST_SIDE,
        batch=batch_for(generator),
        engine=engine if space_of(generator).name == "z" else "torch",
    )
    check_kind(origin)
    size_of(origin, generator)
    return origin


def fitting_scale(side: int, across: int) -> int:
    """Returns the least scale that makes the short side of a frame 256 or more, or less where the long one is too long.

    Args:
        side: of a picture, in pixels.
        across: pictures side by side.

    Example:
        >>> fitting_scale(64, 1), fitting_scale(64, 16), fitting_scale(512, 1)
        (4, 3, 1)
    """
    return max(1, min(-(-SMALLEST_SIDE // side), MOST_SIDE // line(across, side)))


def make_film(path: Path, origin: Origin, generator: Generator, engine: Draw | None = None) -> None:
    """Draws and writes a film, with a bar that says how long it will take.

    Args:
        path: ends in .webp or .mp4.
        origin: of the film.
        generator: in evaluation mode.
        engine: as in `sample`.

    Raises:
        UserError: the film cannot be drawn, or the disk does not take it.
    """
    count, _, _ = size_of(origin, generator)
    try:
        with ProgressBar(path.name, count) as bar:
            write_film(
                path,
                counted(frames(origin, generator, engine), bar),
                count,
                fps=origin.fps,
                loop=origin.loop,
                lossless=origin.lossless,
                note=origin.to_json(),
            )
    except OSError as error:
        raise UserError(f"{path}: {error.strerror or error}") from error


def counted(made: Iterator[np.ndarray], bar: ProgressBar) -> Iterator[np.ndarray]:
    """Hands frames on and shows how many there were."""
    for number, frame in enumerate(made, 1):
        bar.update(number)
        yield frame


def refuse_strangers(paths: Sequence[Path], folder: Path) -> None:
    """Refuses to write over files that graftgan did not make.

    Args:
        paths: that are to be written.
        folder: that they are in. A `grid.png` there that says nothing of itself, as those of earlier versions, counts
            as ours where a picture that does lies beside it.

    Raises:
        UserError: names the first file that is not ours.
    """
    for path in paths:
        if not path.exists():
            continue
        try:
            read_carried(path)
        except UserError as error:
            if path.name == "grid.png" and any(is_ours(beside) for beside in sorted(folder.glob("seed*.png"))[:4]):
                continue
            raise UserError(
                f"{path} is not a picture of graftgan and stays as it is: another --outdir? ({error})"
            ) from error


def is_ours(path: Path) -> bool:
    """Returns whether a picture says that graftgan made it."""
    try:
        read_carried(path)
    except UserError:
        return False
    return True
