"""What a small method changed, taken from a finished run, and put back on a source."""

import copy
import dataclasses
import hashlib
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from lightning_fabric import Fabric
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from graftgan.augment import AUGMENTS
from graftgan.choices import check_choice
from graftgan.errors import UserError
from graftgan.formats.card import delta_note
from graftgan.methods import METHODS, Method
from graftgan.methods.base import Preparation
from graftgan.networks import Generator
from graftgan.recipes.options import LARGEST, TrainingOptions, method_from
from graftgan.recipes.pair import draw_discriminator
from graftgan.recipes.training_run import Finished
from graftgan.state import State, frozen_copy
from graftgan.surgery.merge import merged
from graftgan.zoo.delta import MAX_WORD, OWNER, Delta, remove_delta, save_delta
from graftgan.zoo.model_folder import Model, load_model, serialise
from graftgan.zoo.sources import find_source, is_known

RELATIVE, ABSOLUTE = 1e-4, 1e-5


class Asked(Mapping[str, Tensor]):
    """Tensors by name, with a note of those that were asked for: what a method's structure depends on."""

    def __init__(self, tensors: Mapping[str, Tensor]) -> None:
        self._tensors = tensors
        self.names: set[str] = set()

    def __getitem__(self, name: str) -> Tensor:
        found = self._tensors[name]
        self.names.add(name)
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self._tensors)

    def __len__(self) -> int:
        return len(self._tensors)


class Sparing(TorchDispatchMode):
    """Refuses to make a tensor out of nothing that is larger than it may be, before it takes memory.

    Args:
        most: values that one new tensor may have.
    """

    def __init__(self, most: int) -> None:
        super().__init__()
        self.most = most

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Runs one operation, unless its first argument is the shape of too large a tensor."""
        if args and isinstance(args[0], list | tuple | torch.Size) and all(type(size) is int for size in args[0]):
            values = 1
            for size in args[0]:
                values *= size
            if values > self.most:
                raise UserError(f"its settings ask for a tensor of {values} values, the networks have {self.most}")
        return function(*args, **(kwargs or {}))


def write_small_delta(finished: Finished, options: TrainingOptions, average: Generator, model: Model) -> str:
    """Writes the delta of a run whose method is small beside its model; takes an older one away where there is none.

    Args:
        finished: the run.
        options: of the run.
        average: of the chosen step, as the method prepared it, not merged.
        model: what the user gets, merged.

    Returns:
        What the model card says of it; "" where no delta was written.
    """
    folder, delta = finished.folder.path / "model", None
    method = method_from(options.method, options.method_options)
    if method.small and options.source != "none":
        delta = taken(finished, options, method, average, model)
    if delta is None:
        remove_delta(folder)
        return ""
    return delta_note(save_delta(folder, delta), delta.method)


def taken(
    finished: Finished, options: TrainingOptions, method: Method, average: Generator, model: Model
) -> Delta | None:
    """Returns what a run changed in its source's generator; None, with a warning, where that cannot be rebuilt.

    It is all that moves in a run (see `moving`), moved or not, what else differs between the average and the freshly
    prepared source, and what `prepare` asks a checkpoint for.
    """
    source = load_model(find_source(options.source))
    if source.generator.resolution != model.generator.resolution:
        made = f"{source.generator.resolution} px, the run {model.generator.resolution}"
        warnings.warn(f"no delta is written beside the model: the source has {made}", stacklevel=2)
        return None
    everything = finished.state.tensors()
    asked = Asked(everything)
    prepared = rebuilt(source, method, options.seed, asked, finished.fabric)
    fresh, moves = prepared.state_dict(), moving(prepared)
    changed = {
        f"{OWNER}{name}": frozen_copy(value)
        for name, value in average.state_dict().items()
        if name in moves or name not in fresh or not torch.equal(value, fresh[name])
    }
    delta = Delta(
        options.method,
        tuple(f"{field.name}={getattr(method, field.name)}" for field in dataclasses.fields(method)),
        options.seed,
        called(options.source),
        source.digest,
        digest_of(model.generator),
        {**{name: everything[name] for name in sorted(asked.names)}, **changed},
    )
    try:
        again = adapted(source, delta, finished.fabric).state_dict()
        wanted = model.generator.state_dict()
        if again.keys() != wanted.keys() or not all(same(again[name], wanted[name]) for name in wanted):
            raise UserError("it does not give the model back")
    except UserError as error:
        warnings.warn(f"no delta is written beside the model: {error}", stacklevel=2)
        return None
    return delta


def same(one: Tensor, other: Tensor) -> bool:
    """Returns whether two tensors agree up to rounding."""
    other = other.to(one.device)
    return one.shape == other.shape and torch.allclose(one.double(), other.double(), RELATIVE, ABSOLUTE)


def digest_of(generator: Generator) -> str:
    """Returns the sha256 that the generator's file has."""
    return hashlib.sha256(serialise(generator, torch.float32)).hexdigest()


def adapted(source: Model, delta: Delta, fabric: Fabric) -> Generator:
    """Puts a delta on a source: the method's structure on a copy of it, the delta's values, and the structure merged.

    Args:
        source: stays as it is.
        delta: of that source.
        fabric: device.

    Returns:
        A plain generator (or one with a front) in evaluation mode.

    Raises:
        UserError: the delta names no small method, settings that are refused, or tensors that the method does not make;
            it lacks one that the method trains; or what it makes is not finite.
    """
    check_choice("the delta's method", delta.method, METHODS)
    if not METHODS[delta.method].small:  # its settings may name files: nothing of them is looked at
        raise UserError(f"the delta's method {delta.method} leaves no small delta")
    for setting in delta.settings:
        if _is_beyond(setting.partition("=")[2]):
            raise UserError(f"the delta's settings: {setting} is above {LARGEST}")
    method = method_from(delta.method, delta.settings)
    try:
        generator = rebuilt(source, method, delta.seed, delta.tensors, fabric)
    except KeyError as error:
        raise UserError(f"{delta.method} needs {error.args[0]}, which the delta has not") from error
    except (TypeError, ValueError, ArithmeticError, RuntimeError, MemoryError) as error:
        raise UserError(f"the delta does not fit {delta.method}: {str(error)[:200]}") from error
    lacks = sorted(moving(generator) - {name.removeprefix(OWNER) for name in delta.tensors})
    values = generator.state_dict()
    for full, tensor in sorted(delta.tensors.items()):
        name = full.removeprefix(OWNER)
        if not full.startswith(OWNER):
            raise UserError(f"{full} of the delta is outside the generator")
        if name not in values or values[name].shape != tensor.shape:
            wanted = tuple(values[name].shape) if name in values else "no such tensor"
            raise UserError(f"{name} of the delta is {tuple(tensor.shape)}, {delta.method} makes {wanted}")
        if values[name].is_floating_point() != tensor.is_floating_point():
            raise UserError(f"{name} of the delta is {tensor.dtype}, {delta.method} makes {values[name].dtype}")
        values[name].copy_(tensor)
    if lacks:
        raise UserError(
            f"the delta is not whole: {len(lacks)} of what {delta.method} trains are missing, as {lacks[0]}"
        )
    plain = merged(generator.eval()).requires_grad_(False)
    for name, value in plain.state_dict().items():
        if value.is_floating_point() and not torch.isfinite(value).all():
            raise UserError(f"with the delta {name} is beyond what a float holds")
    return plain


def moving(prepared: Generator) -> set[str]:
    """Returns the tensors that every run moves: what trains, and what batch norms measure while it does.

    Args:
        prepared: by a method, in the mode that it was left in.
    """
    names = {name for name, parameter in prepared.named_parameters() if parameter.requires_grad}
    for name, module in prepared.named_modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm) and module.training:
            names |= {f"{name}.{buffer}" for buffer, _ in module.named_buffers(recurse=False)}
    return names


def called(path: str | Path) -> str:
    """Returns the name of a model or of a run: the last part of its path, before a last `model`, as printable text.

    Example:
        >>> called("runs/0003-ink/model"), called("avatars-64"), called("runs/0003-ink/model/..")
        ('0003-ink', 'avatars-64', '0003-ink')
    """
    if is_known(str(path)):
        return str(path)[:MAX_WORD]
    whole = Path(path).resolve()
    name = (whole.parent.name if whole.name == "model" else whole.name) or whole.name or "source"
    return "".join(sign if sign.isprintable() else "?" for sign in name)[:MAX_WORD]


def rebuilt(source: Model, method: Method, seed: int, saved: Mapping[str, Tensor], fabric: Fabric) -> Generator:
    """Returns a copy of a source's generator in the structure that a method gives it, as it is before any step.

    Args:
        source: stays as it is.
        method: prepares the copy; it measures nothing, as it is told that a checkpoint follows.
        seed: of the run.
        saved: what the structure depends on.
        fabric: device.

    Raises:
        UserError: the source is a VAE without its encoder, or the method refuses it.
        KeyError: `saved` lacks what the method asks for.
    """
    generator = copy.deepcopy(source.generator).train()
    if source.discriminator is None:  # methods prepare it together with the generator
        discriminator = draw_discriminator(source.network, generator, seed).train()
    else:
        discriminator = copy.deepcopy(source.discriminator).train()
    generator.requires_grad_(True)
    discriminator.requires_grad_(True)
    most = sum(value.numel() for network in (generator, discriminator) for value in network.state_dict().values())
    state = State(generator, discriminator, generator, AUGMENTS["none"]()).to(fabric.device)
    rules = method.game(TrainingOptions().rules(generator.resolution))
    # There are no pictures here, but a method may count them for what is not G's; `taken` proves that G is the same.
    blank = torch.zeros(1, generator.channels, generator.resolution, generator.resolution, device=fabric.device)
    preparation = Preparation(lambda _: (blank, None), rules, fabric, seed, saved, lambda *_: None, lambda _: blank)
    with Sparing(most):
        method.prepare(state, preparation)
    return state.generator


def _is_beyond(text: str) -> bool:
    """Returns whether a setting is a number that only a false delta would have."""
    try:
        return not abs(float(text)) <= LARGEST
    except ValueError:
        return False
