"""Ways from latents to a model's pictures, by name: the same pictures up to rounding, at different speeds."""

import contextlib
import hashlib
import warnings
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path

import torch
from torch import Tensor

from graftgan.choices import check_choice
from graftgan.data.cache import cache_home
from graftgan.errors import UserError
from graftgan.files import write_atomically
from graftgan.formats.extras import require
from graftgan.formats.facts import facts
from graftgan.formats.onnx import as_draw, open_session, to_onnx
from graftgan.formats.program import Exported
from graftgan.sampling.sample import Draw, eager
from graftgan.zoo.model_folder import Model

ONNX_OPTION = "--engine onnx"
GRAPH = 1
"""Raised whenever what a network computes changes: files of older ones are then made again."""


def as_torch(model: Model) -> Draw:
    """Returns plain PyTorch: ready at once, on any device."""
    return eager(model.generator)


def as_compiled(model: Model) -> Draw:
    """Returns PyTorch's compiler: kernels made for this machine when the first pictures are drawn, which takes time.

    Raises:
        UserError: it fails here, for want of a C++ compiler most often.
    """
    eager(model.generator)  # lays the weights out for a CPU
    # Truncation is a tensor here, so that another value of it does not mean compiling again.
    with _one_line():
        compiled = torch.compile(Exported(model.generator).eval(), dynamic=False)
    most = 0

    def draw(z: Tensor, c: Tensor | None, truncation: float) -> Tensor:
        nonlocal most
        count, most = len(z), max(most, len(z))
        # A smaller batch is filled up, for it would be compiled apart: half a minute for the last few pictures.
        fill = torch.arange(most, device=z.device) % count
        with _one_line():
            strength = torch.tensor([truncation], device=z.device)
            return compiled(z[fill], strength, None if c is None else c[fill])[:count]

    return draw


@contextlib.contextmanager
def _one_line() -> Iterator[None]:
    """Turns a failure of the compiler into one line, and keeps its own use of deprecated parts off the screen."""
    from torch._dynamo.exc import TorchDynamoException  # seconds to import, for this engine only
    from torch._inductor.exc import InvalidCxxCompiler

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*torch.jit.script_method", category=DeprecationWarning)
        try:
            yield
        except (TorchDynamoException, InvalidCxxCompiler) as error:
            first = (str(error).strip() or type(error).__name__).splitlines()[0]
            raise UserError(f"--engine compile: PyTorch's compiler fails here: {first}") from error


def as_onnx(model: Model) -> Draw:
    """Returns ONNX Runtime on the CPU, with a file that is made once for a model and kept in the cache.

    Raises:
        UserError: the packages for it are not installed, the model cannot be exported, or the cache not written.
    """
    require(ONNX_OPTION, "export", "onnxruntime")
    path = onnx_file(model)
    try:
        return as_draw(open_session(str(path)))
    except Exception:  # ONNX Runtime's errors share no base: a damaged file is made again, anything else comes again
        path.unlink(missing_ok=True)
        return as_draw(open_session(str(onnx_file(model))))


def onnx_file(model: Model) -> Path:
    """Returns the model's ONNX file in the cache; makes it where it is not, which takes up to a minute.

    It is found by the weights' hash, the configuration and the versions of all that made it, and was checked then.
    """
    makers = " ".join(version(package) for package in ("graftgan", "torch", "onnx", "onnxscript"))
    told = f"{model.digest} {model.network} {model.generator.config()} {makers} {GRAPH}"
    path = cache_home() / "onnx" / f"{hashlib.sha256(told.encode()).hexdigest()[:32]}.onnx"
    if not path.is_file() or not model.digest:
        device = next(model.generator.parameters()).device
        data, _ = to_onnx(model.generator.cpu(), facts(model), ONNX_OPTION)
        model.generator.to(device)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(path, data)
        except OSError as error:
            raise UserError(f"the cache {path.parent} cannot be written: {error.strerror or error}") from error
    return path


ENGINES: dict[str, Callable[[Model], Draw]] = {"torch": as_torch, "compile": as_compiled, "onnx": as_onnx}
"""Name -> what makes it of a model; `sample(..., engine=)` takes the answer."""


def engine(name: str, model: Model) -> Draw:
    """Returns the engine of a name, for a model.

    Args:
        name: in `ENGINES`.
        model: with its generator in evaluation mode.

    Raises:
        UserError: there is no such engine, answered with the nearest; or it cannot be had here.

    Example:
        >>> from graftgan.zoo.model_folder import load_model
        >>> from graftgan.zoo.sources import find_source
        >>> engine("torch", load_model(find_source("avatars-64")))(torch.zeros(1, 100), None, 1.0).shape
        torch.Size([1, 3, 64, 64])
    """
    check_choice("--engine", name, ENGINES)
    return ENGINES[name](model)
