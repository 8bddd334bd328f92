"""`graftgan replay PICTURE`: makes a picture or film again from what it says of itself, and compares the two."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from graftgan.data.cache import cache_home
from graftgan.errors import UserError
from graftgan.recipes.engines import ENGINES, engine
from graftgan.recipes.films import make_film
from graftgan.sampling.carried import Carried, read_carried, read_frames, write_png
from graftgan.sampling.drawn import size_of, still
from graftgan.sampling.origin import Origin
from graftgan.sampling.sample import Draw
from graftgan.zoo.catalogue import catalogue
from graftgan.zoo.entry import file_digest
from graftgan.zoo.model_folder import CONFIG, GENERATOR, Model, load_model
from graftgan.zoo.sources import find_source

MOST_PLACES, MOST_HASHED = 10_000, 1000
CLOSE = 1


@dataclass(frozen=True, kw_only=True)
class ReplayOptions:
    """Makes a picture or film of `graftgan sample` again, and says whether it is the same."""

    picture: str | None = None
    """PNG, WebP or mp4 that `graftgan sample` made."""
    model: str | None = None
    """The model that drew it: a run's folder, a model folder, or a source's name; default: looked for by its hash, near
    the picture, among the sources, and below this folder."""
    out: str | None = None
    """New file; default: beside the picture, with -replayed in its name."""


@dataclass(frozen=True)
class Replayed:
    """What `replay` made.

    Attributes:
        path: of the new file.
        difference: the greatest between the pixels of both, in levels of 255.
        origin: what the picture said of itself.
        model: folder of the model that drew it.
        note: what was done otherwise than the first time; empty where nothing was.
    """

    path: Path
    difference: int
    origin: Origin
    model: Path
    note: str = ""

    @property
    def equal(self) -> bool:
        """Whether every pixel is the same."""
        return self.difference == 0

    @property
    def same(self) -> bool:
        """Whether it is the same picture: every pixel within one level, which rounding alone can do."""
        return self.difference <= CLOSE


def run(options: ReplayOptions) -> Replayed:
    """Makes a picture again.

    Args:
        options: of the job.

    Returns:
        Where the new file is, and how far its pixels are from those of the old one. A film is written by the same
        encoder, and what both decode to is compared.

    Raises:
        UserError: the picture does not say how it was made, its model is not found, --model is another, the file does
            not have the size that it should have, or the new one exists.
    """
    if options.picture is None:
        raise UserError("name a picture or film that graftgan made")
    path = Path(options.picture)
    carried = read_carried(path)
    origin = carried.origin
    out = new_name(path, carried, options.out)
    folder = find_model(origin, path) if options.model is None else find_source(options.model)
    model = load_model(folder)
    if model.digest != origin.model:
        raise UserError(
            f"--model {options.model or folder}: {model.digest[:12]} is not the model that drew {path} "
            f"({origin.model[:12]}{', ' + origin.name if origin.name else ''})"
        )
    check_facts(path, carried, model)
    drawing, note = engine_of(origin, model)
    if origin.film:
        make_film(out, origin, model.generator, drawing)
    else:
        try:
            write_png(out, still(origin, model.generator, drawing), origin)
        except OSError as error:
            raise UserError(f"--out {out}: {error.strerror or error}") from error
    return Replayed(out, difference(path, carried.kind, out), origin, folder, note)


def new_name(path: Path, carried: Carried, wanted: str | None) -> Path:
    """Returns the name of the new file.

    Raises:
        UserError: there is one of that name, it has another ending, or its folder is not there.
    """
    ending = f".{carried.kind}" if carried.origin.film else ".png"
    out = path.with_name(f"{path.stem}-replayed{ending}") if wanted is None else Path(wanted)
    if out.suffix != ending:
        raise UserError(f"--out {out}: it will be a {ending[1:]} file, name it so")
    if out.exists():
        raise UserError(f"--out {out}: there is such a file, and nothing is overwritten")
    if not out.parent.is_dir():
        raise UserError(f"--out {out}: there is no folder {out.parent}")
    if carried.origin.film and carried.kind == "png":
        raise UserError(f"{path}: its origin is a film's, and it is a picture")
    return out


def check_facts(path: Path, carried: Carried, model: Model) -> None:
    """Raises UserError where a file cannot be what it says: before anything is drawn."""
    origin = carried.origin
    count = model.generator.c_dim
    if origin.classes != (tuple(seed % count for seed in origin.seeds) if count else ()):
        raise UserError(f"{path}: the classes that it names are not those of its seeds")
    frames, height, width = size_of(origin, model.generator)
    if (carried.frames, carried.height, carried.width) != (frames, height, width):
        raise UserError(
            f"{path}: by its origin {frames} x {width} x {height} pixels, and it has "
            f"{carried.frames} x {carried.width} x {carried.height}: it was cut or scaled since"
        )


def engine_of(origin: Origin, model: Model) -> tuple[Draw | None, str]:
    """Returns what drew the picture, or PyTorch and a note where that cannot be had here."""
    if origin.engine == "torch":
        return None, ""
    if origin.engine not in ENGINES:
        return None, f"drawn by torch: there is no engine {origin.engine} here"
    try:
        return engine(origin.engine, model), ""
    except UserError as error:
        return None, f"drawn by torch: {error}"


def find_model(origin: Origin, picture: Path) -> Path:
    """Returns the folder of the model with an origin's hash.

    Near the picture first (its own folder, its run), then runs of the name that it gives, the sources, the model
    folders and runs below the current folder, and conversions in the cache. Only `generator.safetensors` files are
    read, 1000 at most.

    Raises:
        UserError: there is none.
    """
    seen: set[Path] = set()
    for folder in itertools.islice(places(origin, picture), MOST_PLACES):
        file = (folder / GENERATOR).resolve()
        if file in seen or not (folder / CONFIG).is_file() or not file.is_file():
            continue
        if len(seen) == MOST_HASHED:
            break
        seen.add(file)
        try:
            if file_digest(file) == origin.model:
                return folder
        except OSError:
            continue
    called = f" (it was called {origin.name})" if origin.name else ""
    raise UserError(
        f"{picture}: no model {origin.model[:12]} here{called}: looked at {len(seen)} models near the picture, "
        "among the sources and below this folder; name it with --model"
    )


def places(origin: Origin, picture: Path) -> Iterator[Path]:
    """Returns folders where a model may be, the likeliest first."""
    beside = picture.absolute().parent
    for folder in (beside, beside.parent):
        yield from (folder, folder / "model")
    here = Path()
    yield from (here, here / "model")
    runs = [path for pattern in ("runs/*", "*") for path in here.glob(pattern) if path.is_dir()]
    named = [path for path in runs if path.name == origin.name]
    yield from (folder for path in named for folder in (path / "model", path))
    for source in catalogue():
        if source.folder is not None:
            yield source.folder
    yield from (folder for path in runs for folder in (path / "model", path))
    yield from sorted((cache_home() / "sources").glob("*"))


def difference(one: Path, kind: str, other: Path) -> int:
    """Returns the greatest difference between the pixels of two files, frame by frame, in levels of 255.

    Raises:
        UserError: one is damaged.
    """
    greatest = 0
    pairs = itertools.zip_longest(read_frames(one, kind), read_frames(other, other.suffix.removeprefix(".")))
    for mine, its in pairs:
        if mine is None or its is None or mine.shape[:2] != its.shape[:2]:
            return 255
        greatest = max(greatest, int(np.abs(mine.astype(np.int16) - its).max()))
    return greatest
