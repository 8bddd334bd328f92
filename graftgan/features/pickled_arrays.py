"""Reads the numpy arrays of a pickled tree of dicts as data: nothing is unpickled, nothing named in it is called."""

from typing import Any

import numpy as np

from graftgan.inert.budget import Budget
from graftgan.inert.numpy_arrays import NUMPY_NAMES, array_of, is_array
from graftgan.inert.records import dotted, mapping
from graftgan.inert.refusal import Refusal, naming
from graftgan.inert.walker import walk


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
    with naming(source):
        budget = Budget(len(pickled))
        tree = walk(memoryview(pickled), budget, NUMPY_NAMES.__contains__).root
        return {name: _array(value, budget) for name, value in dotted(tree, _inside, budget) if is_array(value)}


def _inside(value: Any) -> dict[Any, Any]:
    return {} if is_array(value) else mapping(value)


def _array(record: Any, budget: Budget) -> np.ndarray:
    array = array_of(record, budget)
    if array.dtype != np.dtype("<f4"):
        raise Refusal("it holds an array of other numbers than little-endian float32")
    return array
