"""`graftgan sample`: pictures by seed, a grid of them, tables of style mixtures, and films."""

import dataclasses
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from graftgan.choices import check_choice
from graftgan.data.header import MAX_PIXELS
from graftgan.errors import UserError
from graftgan.recipes.engines import ENGINES, engine
from graftgan.recipes.films import Timing, film_origin, make_film, mixing_fields, origin_of, refuse_strangers
from graftgan.recipes.result import Result, load
from graftgan.sampling.carried import write_png
from graftgan.sampling.drawn import GRID_COLUMNS, batch_for, line, size_of, still
from graftgan.sampling.grid import grid
from graftgan.sampling.origin import MOST_SEEDS, Origin
from graftgan.sampling.sample import Draw, sample
from graftgan.sampling.seeds import parse_seeds
from graftgan.training.progress import ProgressBar

FILMS = ("none", "interpolation", "mixing")
SHOWN_OF_MANY, MANY = 64, 256


@dataclass(frozen=True, kw_only=True)
class SampleOptions:
    """Draws pictures from a model or a run. Each says how it was made: `graftgan replay` makes it again."""

    model: str | None = None
    """A run's folder, a model folder, or a source's name."""
    seeds: str = "0-15"
    """Which pictures: numbers and ranges like 0-63,100; a seed is always the same picture."""
    trunc: float = 1.0
    """Truncation: below 1 trades variety for quality; 0.7 is usual."""
    outdir: str | None = None
    """Where to; default: `pictures` in the run's folder, or here for a source's name."""
    single: bool = True
    """One PNG a seed."""
    grid: bool = True
    """All of them in `grid.png`; of more than 256 the first 64."""
    engine: str = "torch"
    """What draws: torch, compile or onnx. The last two take a minute to prepare (onnx once a model); what walks or
    mixes the styles of a StyleGAN is drawn by torch whatever it is."""
    mix_with: str | None = None
    """Seeds whose styles of --mix-layers are laid over --seeds: writes `mixing.png`, a row for each of --seeds and a
    column for each of these (StyleGAN only)."""
    mix_layers: str = "fine"
    """Which styles --mix-with gives: coarse, middle, fine (a third of the layers each), or layers like 0-3,7."""
    film: str = "none"
    """Film: none, interpolation (from seed to seed), or mixing (--seeds side by side, whose styles of --mix-layers walk
    through those of --mix-with)."""
    format: str = "webp"
    """Of the film: webp, or mp4 (needs PyAV: pip install 'graftgan[film]')."""
    seconds: float = 1.0
    """Of the film, from one seed to the next."""
    fps: int = 30
    """Frames of the film a second."""
    loop: bool = True
    """The film returns to its first seed."""
    scale: int | None = None
    """Each pixel of the film becomes scale x scale; default: so that its short side is at least 256 (less
    where many pictures are side by side)."""


@dataclass(frozen=True)
class Sampled:
    """What `sample` wrote.

    Attributes:
        folder: that all is in.
        files: the grid, the table of mixtures and the film, where they were asked for.
        left_out: how many pictures the grid does not show.
    """

    folder: Path
    files: tuple[Path, ...]
    left_out: int = 0


def run(options: SampleOptions) -> Path:
    """Draws and writes; as `draw`.

    Returns:
        The folder that was written to.
    """
    return draw(options).folder


def draw(options: SampleOptions) -> Sampled:
    """Writes one PNG a seed, and what else was asked for; holds one batch of pictures in memory, and the grid's.

    Args:
        options: of the job.

    Returns:
        What was written; each picture carries its seed, the model's hash and all else that it takes to draw it again.

    Raises:
        UserError: no such model, a value out of range, a network without styles, a folder that cannot be written, or
            a file in it that is not ours.
    """
    check(options)
    seeds = parse_seeds(options.seeds)
    columns = [] if options.mix_with is None else mixed_seeds(options.mix_with)
    result = load(str(options.model))
    out = Path(options.outdir) if options.outdir else folder_for(str(options.model))
    stills, film = plan(options, result, seeds, columns)
    singles = [out / single_name(seed) for seed in seeds] if options.single else []
    films = [] if film is None else [out / f"{options.film}.{options.format}"]
    refuse_strangers([*singles, *(out / name for name in stills), *films], out)
    if options.engine != "torch":
        print(f"sample: preparing --engine {options.engine}, up to a minute", file=sys.stderr, flush=True)
    drawing = engine(options.engine, result.model)
    try:
        out.mkdir(parents=True, exist_ok=True)
        if options.single or "grid.png" in stills:
            write_pictures(options, result, seeds, stills.get("grid.png"), out, drawing)
        if "mixing.png" in stills:
            write_png(out / "mixing.png", still(stills["mixing.png"], result.model.generator), stills["mixing.png"])
    except OSError as error:
        raise UserError(f"--outdir {out}: {error.strerror or error}") from error
    for path in films:
        assert film is not None
        make_film(path, film, result.model.generator, drawing)
    shown = len(stills["grid.png"].seeds) if "grid.png" in stills else len(seeds)
    return Sampled(out, (*(out / name for name in stills), *films), len(seeds) - shown)


def check(options: SampleOptions) -> None:
    """Raises UserError for options that cannot be, or that would have no effect."""
    if options.model is None:
        raise UserError("name a run's folder, a model folder or a source")
    if not 0 <= options.trunc <= 2:
        raise UserError(f"--trunc {options.trunc}: from 0 to 2")
    check_choice("--engine", options.engine, ENGINES)
    check_choice("--film", options.film, FILMS)
    defaults = {field.name: field.default for field in dataclasses.fields(options)}
    if options.film == "none":
        for name in ("format", "seconds", "fps", "loop", "scale"):
            if getattr(options, name) != defaults[name]:
                flag = "--no-loop" if name == "loop" else f"--{name}"
                raise UserError(f"{flag} is for films: add --film interpolation or --film mixing")
    elif options.film == "mixing" and options.mix_with is None:
        raise UserError("--film mixing: name the seeds whose styles it walks through with --mix-with")
    if options.mix_with is None and options.mix_layers != defaults["mix_layers"]:
        raise UserError("--mix-layers: name the seeds that give these styles with --mix-with")
    if not (options.single or options.grid or options.mix_with or options.film != "none"):
        raise UserError("--no-single --no-grid: nothing is left to write")


def plan(
    options: SampleOptions, result: Result, seeds: Sequence[int], columns: Sequence[int]
) -> tuple[dict[str, Origin], Origin | None]:
    """Returns name -> origin of the stills beside the single pictures, and the film's; draws nothing yet."""
    model, generator = result.model, result.model.generator
    stills: dict[str, Origin] = {}
    if options.grid:
        shown = seeds[: shown_in_grid(len(seeds), generator.resolution)]
        batch = min(batch_for(generator), len(seeds))
        stills["grid.png"] = origin_of(
            model, result.folder, "grid", shown, options.trunc, batch=batch, engine=options.engine
        )
    if columns:
        if max(len(seeds), len(columns)) > MOST_SEEDS:
            raise UserError(f"--mix-with: a table of more than {MOST_SEEDS} rows or columns")
        fields = mixing_fields(model, columns, options.mix_layers)
        origin = origin_of(model, result.folder, "mixing", seeds, options.trunc, **fields, batch=batch_for(generator))
        size_of(origin, generator)
        stills["mixing.png"] = origin
    if options.film == "none":
        return stills, None
    timing = Timing(
        seconds=options.seconds, fps=options.fps, loop=options.loop, scale=options.scale, format=options.format
    )
    through = columns if options.film == "mixing" else ()
    film = film_origin(model, result.folder, seeds, options.trunc, timing, through, options.mix_layers, options.engine)
    return stills, film


def shown_in_grid(count: int, side: int) -> int:
    """Returns how many pictures a grid shows: all, or the first 64 of more than 256, and what 40 megapixels hold."""
    rows = 1
    while line(rows + 1, side) * line(GRID_COLUMNS, side) <= MAX_PIXELS:
        rows += 1
    return min(count if count <= MANY else SHOWN_OF_MANY, rows * GRID_COLUMNS)


def write_pictures(
    options: SampleOptions, result: Result, seeds: Sequence[int], sheet: Origin | None, out: Path, drawing: Draw
) -> None:
    """Draws pictures batch by batch, and writes each, and the grid of the first of them."""
    shown = 0 if sheet is None else len(sheet.seeds)
    kept: list[np.ndarray] = []
    done = 0
    wanted = seeds if options.single else seeds[:shown]
    batch = batch_for(result.model.generator)
    with ProgressBar("sample", len(wanted)) as bar:
        for chunk in chunks(wanted, batch):
            drawn = sample(result.model.generator, chunk, truncation=options.trunc, batch=len(chunk), engine=drawing)
            kept += list(drawn[: max(0, shown - len(kept))])
            for seed, pixels in zip(chunk, drawn, strict=True) if options.single else ():
                origin = origin_of(
                    result.model,
                    result.folder,
                    "picture",
                    [seed],
                    options.trunc,
                    batch=len(chunk),
                    engine=options.engine,
                )
                write_png(out / single_name(seed), pixels, origin)
            done += len(chunk)
            bar.update(done)
    if sheet is not None:
        write_png(out / "grid.png", grid(np.stack(kept), columns=GRID_COLUMNS), sheet)


def chunks(seeds: Sequence[int], batch: int) -> Iterator[Sequence[int]]:
    """Returns seeds, `batch` at a time."""
    for first in range(0, len(seeds), batch):
        yield seeds[first : first + batch]


def single_name(seed: int) -> str:
    """Returns the file name of a seed's picture."""
    return f"seed{seed:06d}.png"


def folder_for(model: str) -> Path:
    """Returns where a model's pictures go by default: into its folder, or here where it is a name or a file."""
    here = Path(model)
    return (here if here.is_dir() else Path()) / "pictures"


def mixed_seeds(text: str) -> list[int]:
    """Returns the seeds of --mix-with.

    Raises:
        UserError: not such a text.
    """
    try:
        return parse_seeds(text)
    except UserError as error:
        raise UserError(str(error).replace("--seeds", "--mix-with", 1)) from None
