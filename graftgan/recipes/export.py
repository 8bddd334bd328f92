"""`graftgan export`: a model in a format that others read, or on the model hub."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from graftgan.choices import check_choice
from graftgan.errors import UserError
from graftgan.files import write_atomically
from graftgan.formats.facts import facts
from graftgan.formats.hub import check_name, push
from graftgan.formats.onnx import to_onnx
from graftgan.formats.pt2 import to_pt2
from graftgan.sampling.grid import grid
from graftgan.sampling.sample import sample
from graftgan.zoo.hub import is_hub_id
from graftgan.zoo.model_folder import Model, load_model
from graftgan.zoo.single_file import single_file
from graftgan.zoo.sources import find_source, is_known

SUFFIXES = {"onnx": ".onnx", "safetensors": ".safetensors", "pt2": ".pt2"}
ALIASES = {"torchscript-free": "pt2"}
CHECKED = ("onnx", "pt2")
GRID_SEEDS = range(16)


@dataclass(frozen=True, kw_only=True)
class ExportOptions:
    """Writes a model as one file that others read, checked against PyTorch's pictures, or puts it on the model hub."""

    model: str | None = None
    """A run's folder, a model folder, or a source's name."""
    out: str | None = None
    """File to write; default: beside the model, with the model's name."""
    format: str | None = None
    """`onnx` (default), `safetensors` (graftgan reads it back), or `pt2`, also called `torchscript-free`: a program of
    torch.export. Default: what OUT ends in."""
    half: bool = False
    """Weights in float16, for safetensors: half the size."""
    push_to_hub: str | None = None
    """user/name on the model hub: the model folder goes there with a card and pictures, and the exported file if
    --format asks for one; logged in by `hf auth login`."""
    private: bool = False
    """A new repository on the hub is shown to its owner only."""


@dataclass(frozen=True)
class Exported:
    """What was written.

    Attributes:
        path: of the file; None where only the hub was asked for.
        difference: largest between its pictures and PyTorch's; None for a format that is weights only.
        address: of the model's page on the hub; "" if it was not pushed.
    """

    path: Path | None
    difference: float | None = None
    address: str = ""


def run(options: ExportOptions, told: Callable[[str], None] = lambda line: None) -> Exported:
    """Exports a model.

    Args:
        options: of the job.
        told: called with a line before what takes long.

    Returns:
        Where it is now. A file is put in place only after its pictures were compared with PyTorch's.

    Raises:
        UserError: no such model, options that do not go together, a missing package, a file that cannot be written,
            pictures that differ by more than 1e-4, or a hub that refuses.
    """
    if options.model is None:
        raise UserError("name a run's folder, a model folder or a source")
    if options.private and not options.push_to_hub:
        raise UserError("--private goes with --push-to-hub")
    kind = chosen_format(options)
    if options.half and kind != "safetensors":
        raise UserError("--half goes with --format safetensors")
    if options.push_to_hub:
        check_name(options.push_to_hub)
    folder = find_source(options.model)
    model = load_model(folder)
    made = Exported(None) if kind is None else written(options, kind, folder, model, told)
    if not options.push_to_hub:
        return made
    told("uploading")
    address = push(folder, options.push_to_hub, seeds_as_png(model), private=options.private, exported=made.path)
    return Exported(made.path, made.difference, address)


def chosen_format(options: ExportOptions) -> str | None:
    """Returns the format asked for, by name or by the ending of OUT; None where only the hub was asked for.

    Raises:
        UserError: an unknown format, or an OUT that ends otherwise.
    """
    kind = options.format
    if kind is None:
        endings = {suffix: name for name, suffix in SUFFIXES.items()}
        if options.out is None or Path(options.out).is_dir():
            return None if options.push_to_hub and options.out is None else "onnx"
        kind = endings.get(Path(options.out).suffix)
        if kind is None:
            raise UserError(f"{options.out}: give --format, or a file that ends in {', '.join(endings)}")
    check_choice("--format", kind, [*SUFFIXES, *ALIASES])
    return ALIASES.get(kind, kind)


def written(
    options: ExportOptions, kind: str, folder: Path, model: Model, told: Callable[[str], None] = lambda line: None
) -> Exported:
    """Writes the file of one format, atomically.

    Raises:
        UserError: as in `run`.
    """
    path = place(str(options.model), options.out, folder, SUFFIXES[kind])
    if kind in CHECKED:
        told(f"{kind}: this takes up to a minute")
    apart: float | None = None
    if kind == "safetensors":
        data = single_file(folder, options.half)
    else:
        data, apart = (to_onnx if kind == "onnx" else to_pt2)(model.generator, facts(model))
    try:
        write_atomically(path, data)
    except OSError as error:
        raise UserError(f"{path} cannot be written: {error.strerror or error}") from error
    return Exported(path, apart)


def place(model: str, out: str | None, folder: Path, suffix: str) -> Path:
    """Returns the file to write: OUT, NAME.suffix in it where it is a folder, else NAME.suffix beside the model.

    A run's model lies in the run's folder; what was named by a word lies in the package or the cache, so its file goes
    here.

    Raises:
        UserError: OUT ends otherwise than its format, or is the file that was read.
    """
    given = Path(model)
    if is_known(model) or is_hub_id(model):
        given = Path(Path(model.partition("@")[0]).stem)
        named = True
    else:
        named = not given.exists()
    name = given.name if named else given.stem if given.is_file() else given.resolve().name
    if out is not None and not Path(out).is_dir():
        path = Path(out)
    elif out is not None:
        path = Path(out) / f"{name}{suffix}"
    elif not named and given.is_dir() and folder != given:
        path = given / f"{name}{suffix}"
    else:
        path = (Path() if named else given.resolve().parent) / f"{name}{suffix}"
    if path.suffix != suffix:
        raise UserError(f"{path}: a file of this format ends in {suffix}")
    if path.exists() and (path.is_dir() or path.resolve().is_relative_to(folder.resolve())):
        raise UserError(f"{path} is part of the model, or a folder: name another file")
    if path.exists():
        raise UserError(f"{path}: there is such a file, and nothing is overwritten")
    return path


def seeds_as_png(model: Model) -> bytes:
    """Returns the grid of seeds 0 to 15, four a row."""
    sheet = grid(sample(model.generator, GRID_SEEDS), columns=4)
    stream = io.BytesIO()
    Image.fromarray(sheet.squeeze()).save(stream, "PNG")
    return stream.getvalue()
