"""`graftgan blend`: small deltas put on their source by weight."""

import copy
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from graftgan.devices import launch
from graftgan.errors import UserError
from graftgan.files import write_atomically
from graftgan.formats.card import model_card
from graftgan.networks import Generator
from graftgan.networks.fronted import FrontedGenerator
from graftgan.recipes.small_delta import adapted, called, digest_of
from graftgan.sampling.grid import grid
from graftgan.sampling.sample import sample
from graftgan.training.run_folder import RunFolder
from graftgan.zoo.delta import Delta, find_delta, load_delta
from graftgan.zoo.model_folder import Model, load_model, save_model
from graftgan.zoo.sources import find_source, is_known

MOST_DELTAS, MOST_WEIGHT = 32, 10.0
SHOWN = range(8)


@dataclass(frozen=True, kw_only=True)
class BlendOptions:
    """Puts one or several small deltas on their source, each by its weight, and writes a model folder.

    The source is only read: to remove a delta is to use the source.
    """

    deltas: tuple[str, ...] = ()
    """A run's folder, a model folder or a delta.safetensors, each with =WEIGHT or without (1): 0 is the source, 1 the
    adapted model, between them a mixture, above 1 or below 0 an exaggeration."""
    out: str | None = None
    """New folder for the model."""
    source: str | None = None
    """Model that the deltas change; default: the one that they name, or that their run began with."""


@dataclass(frozen=True)
class Part:
    """One delta of a blend.

    Attributes:
        name: of its run, or of its folder.
        weight: of its change.
        delta: as it was read.
        generator: the source with this delta alone.
        exact: whether that is to the bit the model that the run wrote. Where not, another machine rounds differently,
            or the delta was changed: which of the two is not known.
    """

    name: str
    weight: float
    delta: Delta
    generator: Generator
    exact: bool


@dataclass(frozen=True)
class Blended:
    """What `blend` made.

    Attributes:
        model: with the blended generator, and the source's discriminator.
        folder: that it was written to.
        source: name of the source.
        parts: the deltas, in order.
    """

    model: Model
    folder: Path
    source: str
    parts: list[Part]


def run(options: BlendOptions) -> Blended:
    """Blends deltas.

    Formula: W = (1 - sum w_i) W_source + sum w_i W_i, for every weight and every floating buffer, in float64, W_i the
    weights of the source with delta i alone. It is W_source + sum w_i (W_i - W_source), written so that the corners
    are met to the bit: one weight of 1 and else 0 gives W_i, only zeros give W_source.

    Args:
        options: of the job.

    Returns:
        The model that was written, and what it was made of.

    Raises:
        UserError: a delta or the source is refused, or they do not belong together, or the folder is not empty.
    """
    if not options.deltas or options.out is None:
        raise UserError("name at least one delta (a run's folder, a model folder or a delta.safetensors), and --out")
    if len(options.deltas) > MOST_DELTAS:
        raise UserError(f"{len(options.deltas)} deltas: at most {MOST_DELTAS}")
    out = Path(options.out)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UserError(f"--out {out} exists and is not an empty folder")
    named = [weighed(word) for word in options.deltas]
    deltas = [(path, weight, load_delta(path)) for path, weight in named]
    name = source_of([(path, delta) for path, _, delta in deltas]) if options.source is None else options.source
    source = load_model(find_source(name))
    fabric = launch("cpu", "32")
    parts = []
    for path, weight, delta in deltas:
        if delta.source_digest != source.digest:
            raise UserError(
                f"{path} changes the source {delta.source} ({delta.source_digest[:12]}), "
                f"not {name} ({source.digest[:12]})"
            )
        try:
            generator = adapted(source, delta, fabric)
        except UserError as error:
            raise UserError(f"{path}: {error}") from error
        parts.append(Part(label(path), weight, delta, generator, digest_of(generator) == delta.model_digest))
    blended = blend(source.generator, parts)
    about: dict[str, Any] = {
        "source": called(name),
        "blend": " + ".join(f"{part.weight:g} {part.name} ({part.delta.method})" for part in parts),
        **{fact: source.about[fact] for fact in ("classes", "credits") if fact in source.about},
    }
    model = Model(source.network, blended, source.discriminator, about)
    save_model(out, model, model_card(about, out.name, NOTE))
    write_strips(out / "blend.png", source.generator, parts, blended)
    return Blended(model, out, name, parts)


NOTE = (
    "`blend.png` shows the same latents in every row: the source, the source with each delta alone, and the blend. "
    "The discriminator is the source's."
)


def weighed(word: str) -> tuple[Path, float]:
    """Returns the file and the weight of a word such as `runs/0003=0.5`.

    Raises:
        UserError: there is no such delta, or the weight is no number from -10 to 10.
    """
    path, equals, text = word.rpartition("=")
    if not equals or Path(word).exists():
        return find_delta(Path(word)), 1.0
    try:
        weight = float(text)
    except ValueError:
        raise UserError(f"{word}: the weight after = is a number, not {text or 'nothing'}") from None
    if not (math.isfinite(weight) and abs(weight) <= MOST_WEIGHT):
        raise UserError(f"{word}: the weight is from -{MOST_WEIGHT:g} to {MOST_WEIGHT:g}")
    return find_delta(Path(path)), weight


def label(file: Path) -> str:
    """Returns the name of the run, or of the folder, that a delta lies in.

    Example:
        >>> label(Path("runs/0003-ink-lowrank/model/delta.safetensors"))
        '0003-ink-lowrank'
    """
    return called(file.parent)


def source_of(deltas: Sequence[tuple[Path, Delta]]) -> str:
    """Returns the source that deltas have in common: by its name, or from the record of a run.

    Raises:
        UserError: they change different sources, or where theirs lies is not known.
    """
    first, one = deltas[0]
    for path, other in deltas[1:]:
        if other.source_digest != one.source_digest:
            raise UserError(
                f"{first} changes {one.source} ({one.source_digest[:12]}) and {path} {other.source} "
                f"({other.source_digest[:12]}): only deltas of one source can be blended"
            )
    if is_known(one.source):
        return one.source
    for path, _ in deltas:
        try:
            begun = RunFolder.open(path.parent.resolve().parent, hold=False).read_record()["options"]["source"]
            if isinstance(begun, str) and begun.isprintable() and find_source(begun):
                return begun
        except (UserError, KeyError, TypeError):
            continue
    raise UserError(f"--source: name the model that {first} changes (it was called {one.source})")


def blend(source: Generator, parts: Sequence[Part]) -> Generator:
    """Returns the generator between a source and what its deltas make of it; see `run` for the formula.

    What a delta put before the latents (`FrontedGenerator`) is weighed as the displacement of the latents that it is:
    z + sum w_i d_i(z). Constant ones add up; of those with two layers there can be one.

    Args:
        source: stays as it is.
        parts: of that source; those of weight 0 count for nothing.

    Raises:
        UserError: two deltas that put two layers before the latents, or networks of other forms.
    """
    counted = [part for part in parts if part.weight != 0]
    if isinstance(source, FrontedGenerator) or not any(
        isinstance(part.generator, FrontedGenerator) for part in counted
    ):
        return mixed(source, [(part.name, part.weight, part.generator) for part in counted])
    inner = mixed(source, [(part.name, part.weight, behind(part.generator)) for part in counted])
    fronts = [(part, part.generator.front) for part in counted if isinstance(part.generator, FrontedGenerator)]
    deep = [(part, front) for part, front in fronts if front.inner is not None]
    if len(deep) > 1:
        names = f"{deep[0][0].name} and {deep[1][0].name}"
        raise UserError(f"{names} both put two layers before the latents: two such cannot be blended")
    fronted = FrontedGenerator(inner, 2 if deep else 0)
    with torch.no_grad():
        offset = sum(part.weight * front.offset.double() for part, front in fronts)
        fronted.front.offset.copy_(torch.as_tensor(offset))
        for part, front in deep:
            for mine, value in ((fronted.front.inner, front.inner), (fronted.front.bias, front.bias)):
                assert mine is not None and value is not None
                mine.copy_(value)
            assert fronted.front.outer is not None and front.outer is not None
            fronted.front.outer.copy_(part.weight * front.outer.double())
    if not all(torch.isfinite(value).all() for value in fronted.front.state_dict().values()):
        names = " and ".join(part.name for part, _ in fronts)
        raise UserError(
            f"{names}: what is put before the latents is beyond what a float holds: smaller weights, please"
        )
    return fronted.eval().requires_grad_(False)


def behind(generator: Generator) -> Generator:
    """Returns the generator behind a front; one without is its own."""
    return generator.inner if isinstance(generator, FrontedGenerator) else generator


def mixed(source: Generator, others: Sequence[tuple[str, float, Generator]]) -> Generator:
    """Returns a copy of `source` with the weighted mean of everybody's tensors, the source's weight what is left to 1.

    Counters are those of whoever has the largest weight; a variance stays at 0 or above.
    """
    left = 1.0 - sum(weight for _, weight, _ in others)
    shares = [(left, source.state_dict()), *((weight, other.state_dict()) for _, weight, other in others)]
    heaviest = max(shares, key=lambda share: share[0])[1]
    result = copy.deepcopy(source)
    values: dict[str, Tensor] = {}
    for name, own in shares[0][1].items():
        for _, tensors in shares:
            if name not in tensors or tensors[name].shape != own.shape or len(tensors) != len(shares[0][1]):
                raise UserError(f"a delta changes the form of the source's network ({name}): it cannot be blended")
        if not own.is_floating_point():
            values[name] = heaviest[name]
            continue
        terms = [share * tensors[name].double() for share, tensors in shares if share != 0]
        value = sum(terms[1:], start=terms[0])  # a term of 0 would change the sign of a zero
        values[name] = value.clamp_min(0) if name.endswith("running_var") else value
        if not torch.isfinite(values[name].float()).all():
            largest = max(
                others, key=lambda other: float((other[1] * other[2].state_dict()[name].double()).abs().max())
            )
            raise UserError(f"{largest[0]}: {name} of the blend is beyond what a float holds: smaller weights, please")
    result.load_state_dict(values)
    return result.eval().requires_grad_(False)


def write_strips(path: Path, source: Generator, parts: Sequence[Part], blended: Generator) -> None:
    """Writes a picture of a row for each generator, the same latents in every one: source, each delta, blend."""
    rows = [sample(generator, SHOWN) for generator in (source, *(part.generator for part in parts), blended)]
    sheet = grid(np.concatenate(rows), columns=len(SHOWN))
    png = io.BytesIO()
    Image.fromarray(sheet.squeeze()).save(png, "PNG")
    try:
        write_atomically(path, png.getvalue())
    except OSError as error:
        raise UserError(f"{path}: {error.strerror or error}") from error
