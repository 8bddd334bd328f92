"""Reads the numpy arrays of a pickled tree of dicts as data: nothing is unpickled, nothing named in it is called."""

import math
import struct
from typing import Any

import numpy as np

from graftgan.errors import UserError
from graftgan.features.inert_pickle import UNREADABLE, Name, Record, expect, walk_pickle

MAX_PICKLE_BYTES = 256 * 2**20
MAX_DEPTH = 8
MAX_ARRAYS = 10_000

_ARRAY = "numpy.core.multiarray _reconstruct"
_DTYPE = "numpy dtype"
_KNOWN = {_ARRAY, _DTYPE, "numpy ndarray"}
_FLOAT32 = ("f4", False, True)
_LITTLE_ENDIAN = (3, "<", None, None, None, -1, -1, 0)
_DAMAGED = (struct.error, EOFError, OverflowError)


def read_pickled_arrays(pickled: bytes, source: str) -> dict[str, np.ndarray]:
    """Read every float32 array of a pickled tree of dicts under its dotted name.

    Args:
        pickled: the file's bytes; check their digest first.
        source: what to call the file in messages.

    Returns:
        Dotted name in the tree (``VGG16_0.Conv_0.kernel``) -> read-only float32 array.

    Raises:
        UserError: the file is damaged, too large, or holds anything but dicts of little-endian float32 arrays.
    """
    try:
        if len(pickled) > MAX_PICKLE_BYTES:
            raise ValueError("it is too large")
        return _arrays(walk_pickle(pickled, _KNOWN.__contains__))
    except (*UNREADABLE, *_DAMAGED) as error:
        raise UserError(f"{source} is not a pickle of arrays that can be read as data: {error}") from error


def _arrays(tree: Any) -> dict[str, np.ndarray]:
    """Go through the tree; one dict may be reached by many paths, so depth and number are limited."""
    arrays: dict[str, np.ndarray] = {}
    waiting: list[tuple[tuple[str, ...], Any]] = [((), tree)]
    seen = 0
    while waiting:
        path, node = waiting.pop()
        seen += 1
        if seen > MAX_ARRAYS or len(path) > MAX_DEPTH:
            raise ValueError("its tree of dicts is too large")
        if isinstance(node, Record):
            arrays[".".join(path)] = _array(node)
        else:
            waiting.extend(((*path, key), child) for key, child in expect(node, dict).items())
    return arrays


def _array(record: Record) -> np.ndarray:
    """Read one array: an empty one made, then given version, shape, dtype, order and bytes."""
    if record.name != _ARRAY or record.arguments != (Name("numpy ndarray"), (0,), b"b") or record.fields:
        raise ValueError(f"its pickle makes {record.name!r} in an unknown way")
    version, shape, dtype, by_columns, data = record.state
    expect(dtype, Record)
    if (dtype.name, dtype.arguments, dtype.state) != (_DTYPE, _FLOAT32, _LITTLE_ENDIAN) or dtype.fields:
        raise ValueError("an array holds other numbers than little-endian float32")
    if version != 1 or by_columns is not False:
        raise ValueError("an array is laid out in an unknown way")
    if any(type(size) is not int or size < 0 for size in expect(shape, tuple)):
        raise ValueError("an array has an impossible shape")
    if math.prod(shape) * 4 != len(expect(data, bytes)):
        raise ValueError(f"an array of shape {shape} has {len(data)} bytes")
    return np.frombuffer(data, "<f4").reshape(shape)
