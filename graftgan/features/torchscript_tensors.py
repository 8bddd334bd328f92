"""Reads the tensors of a TorchScript archive as data: its code is never compiled, its pickle never unpickled.

An archive is a zip: ``data.pkl`` describes the tree of modules, ``data/N`` are the raw numbers of storage N.
The opcodes of the pickle are walked with a short list of allowed ones, and every object becomes an inert
record.
"""

import io
import math
import pickletools
import struct
import zipfile
import zlib
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from graftgan.errors import UserError

MAX_PICKLE_BYTES = 16 * 2**20
MAX_OPCODES = 1_000_000

_STORAGES = {
    "torch FloatStorage": torch.float32,
    "torch DoubleStorage": torch.float64,
    "torch HalfStorage": torch.float16,
    "torch LongStorage": torch.int64,
    "torch IntStorage": torch.int32,
}
_TENSOR = "torch._utils _rebuild_tensor_v2"
_OTHER_NAMES = {"collections OrderedDict", "torch.jit._pickle build_intlist"}
_DAMAGED = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, NotImplementedError, OverflowError)
_UNREADABLE = (ValueError, KeyError, IndexError, TypeError, AttributeError, RuntimeError)
_CONSTANTS: dict[str, Any] = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
_LITERALS = {"BINUNICODE", "BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT"}


class _Mark:
    """Where a group of arguments begins on the walker's stack."""


@dataclass(frozen=True)
class _Name:
    """A dotted name that the pickle mentions; nothing is ever looked up by it."""

    text: str


@dataclass(frozen=True)
class _Storage:
    """A reference to ``data/<key>``."""

    dtype: torch.dtype
    key: str
    length: int


@dataclass
class _Record:
    """An object of the tree: what was called and with what, and the fields it was given."""

    name: str
    arguments: tuple[Any, ...] = ()
    fields: dict[Any, Any] = field(default_factory=dict)


def read_torchscript_tensors(archive: bytes, source: str) -> dict[str, Tensor]:
    """Read every tensor of a TorchScript archive under its dotted name.

    Args:
        archive: the archive's bytes; check their digest first.
        source: what to call the file in messages.

    Returns:
        Dotted name in the module tree (``net.layers.conv.weight``) -> CPU tensor with its own memory.

    Raises:
        UserError: the archive is damaged, or holds anything but plain modules, numbers and tensors.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as entries:
            names = [name for name in entries.namelist() if name.count("/") == 1 and name.endswith("/data.pkl")]
            if len(names) != 1:
                raise ValueError(f"{len(names)} entries are called data.pkl")
            if entries.getinfo(names[0]).file_size > MAX_PICKLE_BYTES:
                raise ValueError("data.pkl is too large")
            tree = _walk(entries.read(names[0]))
            return _tensors(tree, entries, names[0].removesuffix("data.pkl") + "data/", limit=2 * len(archive))
    except _DAMAGED as error:
        raise UserError(f"{source} is a damaged archive: {error}") from error
    except _UNREADABLE as error:
        raise UserError(f"{source} is not a TorchScript archive that can be read as data: {error}") from error


def _walk(pickled: bytes) -> Any:
    """Follow the opcodes of a pickle and return its inert tree; anything not on the list is refused."""
    stack: list[Any] = []
    memo: dict[int, Any] = {}
    argument: Any
    for count, (opcode, argument, _) in enumerate(pickletools.genops(pickled)):
        if count > MAX_OPCODES:
            raise ValueError("data.pkl is too long")
        name = opcode.name
        if name in _LITERALS:
            stack.append(argument)
        elif name in _CONSTANTS:
            stack.append(_CONSTANTS[name])
        elif name == "GLOBAL":
            stack.append(_name(argument))
        elif name == "MARK":
            stack.append(_Mark())
        elif name in ("BINPUT", "LONG_BINPUT"):
            memo[argument] = stack[-1]
        elif name in ("BINGET", "LONG_BINGET"):
            stack.append(memo[argument])
        elif name == "STOP":
            return stack.pop()
        elif name != "PROTO":
            _apply(name, stack)
    raise ValueError("data.pkl has no end")


def _apply(opcode: str, stack: list[Any]) -> None:
    """Do one opcode that takes from the stack and puts back containers or records."""
    if opcode == "EMPTY_TUPLE":
        stack.append(())
    elif opcode == "EMPTY_LIST":
        stack.append([])
    elif opcode == "EMPTY_DICT":
        stack.append({})
    elif opcode == "TUPLE":
        stack.append(tuple(_from_mark(stack)))
    elif opcode == "APPENDS":
        items = _from_mark(stack)
        _expect(stack[-1], list).extend(items)
    elif opcode == "SETITEMS":
        items = _from_mark(stack)
        _expect(stack[-1], dict).update(zip(items[::2], items[1::2], strict=True))
    elif opcode == "BINPERSID":
        stack.append(_storage(stack.pop()))
    elif opcode in ("REDUCE", "NEWOBJ"):
        arguments = _expect(stack.pop(), tuple)
        stack.append(_Record(_expect(stack.pop(), _Name).text, arguments))
    elif opcode == "BUILD":
        state = _expect(stack.pop(), dict)
        _expect(stack[-1], _Record).fields.update(state)
    else:
        raise ValueError(f"data.pkl uses the opcode {opcode}")


def _name(text: str) -> _Name:
    if text.startswith("__torch__.") or text == _TENSOR or text in _STORAGES or text in _OTHER_NAMES:
        return _Name(text)
    raise ValueError(f"data.pkl names {text!r}")


def _expect(value: Any, kind: type) -> Any:
    if not isinstance(value, kind):
        raise ValueError(f"data.pkl holds a {type(value).__name__} where a {kind.__name__.lstrip('_')} belongs")
    return value


def _from_mark(stack: list[Any]) -> list[Any]:
    """Pop everything above the last mark, and the mark."""
    items: list[Any] = []
    while not isinstance(top := stack.pop(), _Mark):
        items.append(top)
    return items[::-1]


def _storage(reference: Any) -> _Storage:
    kind, name, key, _device, length = _expect(reference, tuple)
    dtype = _STORAGES.get(_expect(name, _Name).text)
    if kind != "storage" or dtype is None or not key.isdecimal():
        raise ValueError("data.pkl refers to an unknown kind of storage")
    return _Storage(dtype, key, _expect(length, int))


def _tensors(tree: Any, entries: zipfile.ZipFile, folder: str, limit: int) -> dict[str, Tensor]:
    """Go through the tree and read each tensor in it, at most ``limit`` bytes in all."""
    tensors: dict[str, Tensor] = {}
    waiting = [("", tree)]
    seen = size = 0
    while waiting:
        path, node = waiting.pop()
        # One object may be reached by many paths: unlimited, a small file could describe an endless tree.
        seen += 1
        if seen > MAX_OPCODES:
            raise ValueError("its tree of modules is too large")
        if not isinstance(node, _Record):
            continue
        if node.name == _TENSOR:
            tensors[path] = _tensor(node, entries, folder)
            size += tensors[path].nbytes
            if size > limit:
                raise ValueError("its tensors are larger than the file")
        waiting.extend((f"{path}.{name}".lstrip("."), child) for name, child in node.fields.items())
    return tensors


def _tensor(record: _Record, entries: zipfile.ZipFile, folder: str) -> Tensor:
    """Read one tensor; its shape and strides must lie inside its storage, and the storage inside the file."""
    storage, offset, shape, strides = record.arguments[:4]
    _expect(storage, _Storage)
    numbers = (storage.length, offset, *shape, *strides)
    if len(shape) != len(strides) or any(type(number) is not int or number < 0 for number in numbers):
        raise ValueError(f"tensor of storage {storage.key} has an impossible shape")
    last = offset + sum((size - 1) * stride for size, stride in zip(shape, strides, strict=True))
    # More elements than the storage has would mean strides that read it again and again.
    if 0 in shape or last >= storage.length or math.prod(shape) > storage.length:
        raise ValueError(f"tensor of storage {storage.key} reaches outside its storage")
    entry = entries.getinfo(folder + storage.key)
    # The entry's own size bounds the memory: a stored entry cannot be larger than the file that holds it.
    if entry.compress_type != zipfile.ZIP_STORED or entry.file_size != storage.length * storage.dtype.itemsize:
        raise ValueError(f"storage {storage.key} has another size than its tensor says")
    flat = torch.frombuffer(bytearray(entries.read(entry)), dtype=storage.dtype)
    return torch.as_strided(flat, shape, strides, offset).clone(memory_format=torch.contiguous_format)
