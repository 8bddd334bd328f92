"""Reads the tensors of a TorchScript archive as data: its code is never compiled, its pickle never unpickled.

An archive is a zip: ``data.pkl`` describes the tree of modules, ``data/N`` are the raw numbers of storage N.
The opcodes of the pickle are followed by `inert_pickle`, and every object becomes an inert record.
"""

import io
import math
import struct
import zipfile
import zlib
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from graftgan.errors import UserError
from graftgan.features.inert_pickle import MAX_OPCODES, UNREADABLE, Name, Record, expect, walk_pickle

MAX_PICKLE_BYTES = 16 * 2**20

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


@dataclass(frozen=True)
class _Storage:
    """A reference to ``data/<key>``."""

    dtype: torch.dtype
    key: str
    length: int


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
            tree = walk_pickle(entries.read(names[0]), _is_known, _storage)
            return _tensors(tree, entries, names[0].removesuffix("data.pkl") + "data/", limit=2 * len(archive))
    except _DAMAGED as error:
        raise UserError(f"{source} is a damaged archive: {error}") from error
    except UNREADABLE as error:
        raise UserError(f"{source} is not a TorchScript archive that can be read as data: {error}") from error


def _is_known(name: str) -> bool:
    return name.startswith("__torch__.") or name == _TENSOR or name in _STORAGES or name in _OTHER_NAMES


def _storage(reference: Any) -> _Storage:
    kind, name, key, _device, length = expect(reference, tuple)
    dtype = _STORAGES.get(expect(name, Name).text)
    if kind != "storage" or dtype is None or not key.isdecimal():
        raise ValueError("its pickle refers to an unknown kind of storage")
    return _Storage(dtype, key, expect(length, int))


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
        if not isinstance(node, Record):
            continue
        if node.name == _TENSOR:
            tensors[path] = _tensor(node, entries, folder)
            size += tensors[path].nbytes
            if size > limit:
                raise ValueError("its tensors are larger than the file")
        waiting.extend((f"{path}.{name}".lstrip("."), child) for name, child in node.fields.items())
    return tensors


def _tensor(record: Record, entries: zipfile.ZipFile, folder: str) -> Tensor:
    """Read one tensor; its shape and strides must lie inside its storage, and the storage inside the file."""
    storage, offset, shape, strides = record.arguments[:4]
    expect(storage, _Storage)
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
