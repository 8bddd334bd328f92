"""From records to NumPy arrays and numbers: plain numeric kinds only, every length checked."""

import math
from typing import Any

import numpy as np

from graftgan.inert.budget import Budget
from graftgan.inert.records import Global, Reduced, kind
from graftgan.inert.refusal import Refusal, shown

# NumPy 2 renamed the module; files of both are about.
CORES = ("numpy.core", "numpy._core")
RECONSTRUCT = {Global(f"{core}.multiarray", "_reconstruct") for core in CORES}
SCALAR = {Global(f"{core}.multiarray", "scalar") for core in CORES}
FROM_BUFFER = {Global(f"{core}.numeric", "_frombuffer") for core in CORES}
ARRAY, DTYPE, ENCODE = Global("numpy", "ndarray"), Global("numpy", "dtype"), Global("_codecs", "encode")
EMPTY = Global("__builtin__", "bytes")
NUMPY_NAMES: frozenset[Global] = frozenset({*RECONSTRUCT, *SCALAR, *FROM_BUFFER, ARRAY, DTYPE, ENCODE, EMPTY})
"""The names that an array or a number of NumPy needs."""

KINDS = {
    f"{letter}{size}"
    for letter, sizes in {"f": (2, 4, 8), "i": (1, 2, 4, 8), "u": (1, 2, 4, 8)}.items()
    for size in sizes
}
MOST_AXES = 8


def is_array(value: Any) -> bool:
    """Returns whether a value is the record of an array."""
    return isinstance(value, Reduced) and (value.callable in RECONSTRUCT or value.callable in FROM_BUFFER)


def array_of(record: Any, budget: Budget) -> np.ndarray:
    """Returns the array that a record describes.

    Args:
        record: as NumPy pickles an array, in band, or a single number.
        budget: of the file; its bytes are counted.

    Returns:
        A view of the file's own memory.

    Raises:
        Refusal: it is no such record, its kind is not numeric, or its bytes are not as many as its shape says.
    """
    if isinstance(record, Reduced) and record.callable in SCALAR:
        return np.array(number_of(record))
    if not is_array(record):
        raise Refusal(f"it holds {kind(record)} where an array belongs")
    if record.callable in RECONSTRUCT:
        state = record.state
        begun = len(record.arguments) == 3 and record.arguments[:2] == (ARRAY, (0,))
        if not isinstance(state, tuple) or len(state) != 5 or not begun or bytes_of(record.arguments[2]) != b"b":
            raise Refusal("it holds an array of an unknown form")
        version, shape, described, fortran, raw = state
        if version != 1:
            raise Refusal(f"it holds an array of the version {shown(version)}")
    else:
        if len(record.arguments) != 4:
            raise Refusal("it holds an array of an unknown form")
        raw, described, shape, order = record.arguments
        fortran = order == "F"
    dtype, raw = _dtype(described), bytes_of(raw)
    whole = isinstance(shape, tuple) and all(type(size) is int and 0 <= size < 2**40 for size in shape)
    if not whole or len(shape) > MOST_AXES or math.prod(shape) * dtype.itemsize != len(raw):
        raise Refusal(f"it holds an array {shown(shape)} of {len(raw)} bytes, which cannot be")
    budget.tensor(len(raw))
    return np.frombuffer(raw, dtype).reshape(shape, order="F" if fortran else "C")


def number_of(value: Any) -> Any:
    """Returns a plain number for the record of one of NumPy's; anything else as it is.

    Raises:
        Refusal: the record is of another kind or length.
    """
    if not isinstance(value, Reduced) or value.callable not in SCALAR:
        return value
    if len(value.arguments) != 2:
        raise Refusal("it holds a number of an unknown form")
    dtype, raw = _dtype(value.arguments[0]), bytes_of(value.arguments[1])
    if len(raw) != dtype.itemsize:
        raise Refusal(f"it holds a number of {len(raw)} bytes, which cannot be")
    return np.frombuffer(raw, dtype)[0].item()


def _dtype(record: Any) -> np.dtype:
    """Returns a numeric dtype; its state says little- or big-endian, and that it is nothing more."""
    known = isinstance(record, Reduced) and record.callable == DTYPE and record.arguments
    name = record.arguments[0] if known else None
    if not isinstance(name, str) or name not in KINDS:
        raise Refusal(f"it holds an array of the kind {shown(name)}")
    state = record.state
    if state is None:
        return np.dtype(name)
    if not isinstance(state, tuple) or not 8 <= len(state) <= 9 or state[1] not in ("<", ">", "|", "="):
        raise Refusal("it holds an array of an unknown kind")
    if any(part not in (None, -1, 0) for part in state[2:8]):
        raise Refusal("it holds an array of a compound kind")
    return np.dtype(state[1].replace("|", "=") + name)


def bytes_of(value: Any) -> memoryview:
    """Returns bytes, also where protocols 0 to 2 wrote them as text, or as a call for none at all."""
    if isinstance(value, Reduced) and value.callable == EMPTY and value.arguments == ():
        return memoryview(bytearray())
    if isinstance(value, Reduced) and value.callable == ENCODE and len(value.arguments) == 2:
        text, encoding = value.arguments
        if isinstance(text, str) and encoding == "latin1":
            try:
                return memoryview(bytearray(text, "latin1"))
            except UnicodeEncodeError:
                raise Refusal("it holds bytes written as text that is not latin1") from None
    if not isinstance(value, memoryview):
        raise Refusal(f"it holds {kind(value)} where bytes belong")
    return value
