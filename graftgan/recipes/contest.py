"""The plan of a comparison: its options, who takes part, which pictures each draw has, which runs there are."""

import re
import types
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Union, get_args, get_origin, get_type_hints

import numpy as np

from graftgan.choices import check_choice
from graftgan.data import PictureSet, choose_draw, choose_shots
from graftgan.errors import UserError
from graftgan.methods import METHODS
from graftgan.recipes.adapt import AdaptOptions
from graftgan.recipes.options import SWITCH, method_from
from graftgan.recipes.pictures import read_folders

BASELINE = "finetune"
SHARED = ("photos", "holdout", "source", "kimg", "devices")
PLANNED = ("method", "method_options", "shots", "draw", "seed", "outdir", "resume")
LEAST_HELD = 8
USUAL_SHOTS = 10


@dataclass(frozen=True, kw_only=True)
class CompareOptions:
    """Compares methods on one job and one budget, always beside the controls: the unchanged source, plain fine-tuning,
    copies of the photos, and one half of the hold-out against the other.
    """

    photos: str | None = None
    """Folder (at any depth) or zip of pictures."""
    holdout: str | None = None
    """Folder or zip of pictures that only metrics see; without it, what no draw of --shots trains on."""
    methods: tuple[str, ...] = ()
    """Which methods, parted by commas or spaces; default all: {methods}. A method's own settings follow colons:
    `freezed:frozen=3`."""
    shots: int | None = None
    """Pictures that each draw trains on; default all of PHOTOS, or 10 where --draws asks for more than one draw."""
    draws: int = 1
    """How many draws of --shots pictures; they share no picture as long as there are enough."""
    seeds: int = 3
    """How many runs of each method on each draw, with seeds 0, 1, 2 and so on."""
    source: str = AdaptOptions.source
    """Model that every method starts from: a name (see `graftgan sources`), a model or run folder."""
    kimg: float = AdaptOptions.kimg
    """Budget of every run: thousands of real pictures shown to the discriminator."""
    adapt: tuple[str, ...] = ()
    """Any other option of `graftgan adapt` as NAME=VALUE, the same for every run: `batch=8 loss=hinge`."""
    oracle: bool = False
    """Also measure every tick's average against the hold-out, to tell what the choice of the checkpoint cost."""
    outdir: str = "runs"
    """The comparison's folder is made below this one."""
    resume: str | None = None
    """Go on with this comparison's folder, with its options; --methods may name more of them."""
    devices: str = "auto"
    """auto, cpu, cpu:2, cuda, cuda:4, mps, or a number of devices, all for one run after the other."""

    def __post_init__(self) -> None:
        """Checks all that can be checked without the pictures.

        Raises:
            UserError: names the option.
        """
        for name in ("methods", "adapt"):
            if isinstance(getattr(self, name), str):  # Python callers may give one word
                object.__setattr__(self, name, (getattr(self, name),))
        for name in ("draws", "seeds"):
            if getattr(self, name) < 1:
                raise UserError(f"--{name} {getattr(self, name)}: at least 1")
        if self.source == "none":
            raise UserError("--source none: a comparison measures against an unchanged source; name one")
        for entrant in entrants(self.methods):
            self.options_of(Cell(entrant, 1, 0))

    def options_of(self, cell: "Cell", outdir: str = "runs", shots: int | None = None) -> AdaptOptions:
        """Returns the options of `adapt` that make one run.

        Args:
            cell: which run.
            outdir: where its folder is made.
            shots: pictures of a draw; None: all the photos are the one draw.

        Raises:
            UserError: an option is refused.
        """
        given = adapt_settings(self.adapt) | {name: getattr(self, name) for name in SHARED}
        if self.oracle:
            given["keep"] = self.kept()
        return AdaptOptions(
            **given,
            method=cell.entrant.method,
            method_options=cell.entrant.settings,
            shots=shots,
            draw=None if shots is None else cell.draw,
            seed=cell.seed,
            outdir=outdir,
        )

    def kept(self) -> int:
        """Returns how many checkpoints hold every tick, those of a few interruptions among them."""
        return AdaptOptions(**adapt_settings(self.adapt)).ticks + 20


@dataclass(frozen=True)
class Entrant:
    """A method with its settings.

    Attributes:
        name: as the user wrote it: "freezed:frozen=3".
        method: a name in `METHODS`.
        settings: NAME=VALUE each.
    """

    name: str
    method: str
    settings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Cell:
    """One run of the comparison.

    Attributes:
        entrant: which method.
        draw: which draw of pictures, from 1.
        seed: of the run.
    """

    entrant: Entrant
    draw: int
    seed: int

    @property
    def name(self) -> str:
        """Names its folder and its verdict: `freezed-frozen=3-d1-s0`."""
        return f"{self.entrant.name.replace(':', '-')}-d{self.draw}-s{self.seed}"


@dataclass(frozen=True, eq=False)
class Contest:
    """Everything that the runs of a comparison have in common.

    Attributes:
        options: with all paths absolute.
        adapt: what every run shares, as options of `adapt`.
        shots: pictures of a draw; None where all the photos are the one draw.
        draws: pictures of each draw, the first first.
        holdout: never trained on in any draw, at most `metric_pictures`; drawn once and for all.
        held_from: says where the hold-out comes from.
        overlap: whether later draws share pictures with earlier ones.
    """

    options: CompareOptions
    adapt: AdaptOptions
    shots: int | None
    draws: list[PictureSet]
    holdout: PictureSet
    held_from: str
    overlap: bool

    @property
    def entrants(self) -> list[Entrant]:
        """The methods, plain fine-tuning first."""
        return entrants(self.options.methods)

    def cells(self) -> Iterator[Cell]:
        """Yields every run: each method once before any a second time, so that a refusal comes early."""
        for draw in range(1, len(self.draws) + 1):
            for seed in range(self.options.seeds):
                for entrant in self.entrants:
                    yield Cell(entrant, draw, seed)

    def options_of(self, cell: Cell, outdir: str) -> AdaptOptions:
        """Returns the options of `adapt` that make one run below `outdir`."""
        return self.options.options_of(cell, outdir, self.shots)


def entrants(methods: tuple[str, ...]) -> list[Entrant]:
    """Returns the methods that take part: plain fine-tuning first, then the others as they were named, each once.

    Args:
        methods: words like `modulate,freezed:frozen=3`; none stands for every method.

    Raises:
        UserError: a name or a setting that does not exist; answered with the nearest one.

    Example:
        >>> [entrant.name for entrant in entrants(("freezed:frozen=3,finetune", "freezed:frozen=3"))]
        ['finetune', 'freezed:frozen=3']
    """
    named = [name.strip() for word in methods for name in word.split(",") if name.strip()]
    found: dict[str, Entrant] = {BASELINE: Entrant(BASELINE, BASELINE)}
    for name in named or METHODS:
        method, *settings = name.split(":")
        check_choice("--methods", method, METHODS)
        found.setdefault(name, Entrant(name, method, tuple(settings)))
        try:
            method_from(method, tuple(settings))
        except UserError as error:
            raise UserError(in_our_words(found[name], str(error))) from None
    return list(found.values())


def in_our_words(entrant: Entrant, message: str) -> str:
    """Returns what a method says against a setting, with the word of the command line that it stands in.

    Example:
        >>> in_our_words(Entrant("freezed:frozen=x", "freezed"), "--method-options frozen=x: frozen is a whole number")
        '--methods freezed:frozen=x: frozen is a whole number'
    """
    return re.sub(r"^--method-options .*?: ", lambda _: f"--methods {entrant.name}: ", message)


def adapt_settings(settings: tuple[str, ...]) -> dict[str, Any]:
    """Returns options of `adapt` from words like `batch=8`.

    Raises:
        UserError: an option that does not exist, that `compare` sets itself, or whose value is of another kind.
    """
    hints = get_type_hints(AdaptOptions)
    known = [field.name for field in fields(AdaptOptions)]
    values: dict[str, Any] = {}
    for setting in settings:
        name, _, text = setting.partition("=")
        name = name.strip().removeprefix("--").replace("-", "_")
        if name in SHARED:
            raise UserError(f"--adapt {setting}: give it as --{name}")
        if name in PLANNED:
            raise UserError(f"--adapt {setting}: `compare` sets {name} itself")
        check_choice("--adapt", name, [other for other in known if other not in (*SHARED, *PLANNED)])
        try:
            values[name] = value_of(hints[name], text)
        except ValueError:
            raise UserError(f"--adapt {setting}: not a value that --{name.replace('_', '-')} takes") from None
    return values


def value_of(hint: Any, text: str) -> Any:
    """Returns the value of a type that a word stands for.

    Raises:
        ValueError: there is none.

    Example:
        >>> value_of(int | None, "3"), value_of(tuple[str, ...], "colour,cutout"), value_of(bool, "yes")
        (3, ('colour', 'cutout'), True)
    """
    if get_origin(hint) in (Union, types.UnionType):
        if text.lower() == "none":
            return None
        hint = next(kind for kind in get_args(hint) if kind is not type(None))
    if get_origin(hint) is tuple:
        return tuple(part for part in text.split(",") if part)
    if hint is bool:
        if text.lower() not in SWITCH:
            raise ValueError(text)
        return SWITCH[text.lower()]
    return hint(text)


def read_contest(options: CompareOptions, resolution: int, chief: bool) -> Contest:
    """Reads the pictures and deals them out; no picture of any draw is held out.

    Args:
        options: with all paths absolute.
        resolution: of the source.
        chief: whether this process shows a bar.

    Raises:
        UserError: pictures that cannot be read, more draws or shots than they allow, or too few left to hold out.
    """
    assert options.photos is not None
    adapt = replace(options.options_of(Cell(Entrant(BASELINE, BASELINE), 1, 0)), outdir=options.outdir)
    pictures, given = read_folders(adapt, options.photos, resolution, chief)
    shots = options.shots if options.shots is not None or options.draws == 1 else USUAL_SHOTS
    if shots is None and given is None:
        raise UserError("give --holdout FOLDER, or --shots N to train on N of the pictures and measure on the rest")
    chosen = deal(options, len(pictures), shots)
    trained = np.unique(np.concatenate(chosen))
    holdout, held_from = hold_out(options, pictures, given, trained, adapt.metric_pictures)
    draws = [pictures] if shots is None else [pictures.take(draw) for draw in chosen]
    return Contest(
        options, adapt, shots, draws, holdout, held_from, overlap=sum(len(draw) for draw in chosen) > len(trained)
    )


def deal(options: CompareOptions, count: int, shots: int | None) -> list[np.ndarray]:
    """Returns the positions of each draw among `count` pictures.

    Raises:
        UserError: there are too few pictures for different draws.
    """
    if shots is None:
        return [np.arange(count)]
    if shots > count or (shots == count and options.draws > 1):
        asked = f"--shots {shots}" if options.shots is not None else f"--draws {options.draws}"
        wanted = f"{options.draws} different draws of {shots}" if options.draws > 1 else f"a draw of {shots}"
        raise UserError(f"{asked}: {options.photos} has {count} readable pictures, too few for {wanted}")
    return [choose_draw(count, shots, draw) for draw in range(1, options.draws + 1)]


def hold_out(
    options: CompareOptions, pictures: PictureSet, given: PictureSet | None, trained: np.ndarray, most: int
) -> tuple[PictureSet, str]:
    """Returns the hold-out, the same for every draw, and says where it comes from.

    Args:
        options: name the folder.
        pictures: all those that draws are dealt from.
        given: hold-out of a folder of its own; None: what no draw has.
        trained: positions of the pictures of all draws.
        most: how many to keep.

    Raises:
        UserError: too few pictures are left.
    """
    used = {pictures.digests[at] for at in trained}
    pool = pictures if given is None else given
    apart = np.array([at for at, digest in enumerate(pool.digests) if digest not in used], np.int64)
    if len(apart) < LEAST_HELD:
        if given is not None:
            raise UserError(
                f"--holdout {options.holdout}: {len(apart)} pictures that no draw trains on, "
                f"{LEAST_HELD} at least are needed to hold out"
            )
        shots = f"--shots {options.shots}" if options.shots is not None else f"{USUAL_SHOTS} pictures each"
        asked = f"--draws {options.draws} of {shots} leave" if options.draws > 1 else f"{shots} leaves"
        raise UserError(
            f"{asked} {len(apart)} of {len(pictures)} pictures of {options.photos} to hold out; {LEAST_HELD} at least"
        )
    name = "the pictures of no draw" if given is None else Path(str(options.holdout)).name
    if len(apart) <= most:
        return pool.take(apart), name
    return pool.take(apart[choose_shots(len(apart), most, seed=0)]), f"{name}: {most} of {len(apart)}, drawn by seed 0"
