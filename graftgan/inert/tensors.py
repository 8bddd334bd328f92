"""From records to tensors: every shape and stride is checked against the numbers that are really there."""

import math
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from graftgan.inert.budget import Budget
from graftgan.inert.records import Global, Reduced, kind
from graftgan.inert.refusal import Refusal, shown

DTYPES: dict[str, torch.dtype] = {
    "FloatStorage": torch.float32,
    "DoubleStorage": torch.float64,
    "HalfStorage": torch.float16,
    "BFloat16Storage": torch.bfloat16,
    "LongStorage": torch.int64,
    "IntStorage": torch.int32,
    "ShortStorage": torch.int16,
    "CharStorage": torch.int8,
    "ByteStorage": torch.uint8,
}
PARAMETERS = {
    Global("torch._utils", "_rebuild_parameter"),
    Global("torch._utils", "_rebuild_parameter_with_state"),
}
VIEWS = {Global("torch._utils", "_rebuild_tensor_v2"), Global("torch._utils", "_rebuild_tensor")}
STORAGES = {Global("torch", name) for name in DTYPES}
TENSOR_NAMES: frozenset[Global] = frozenset(
    {*PARAMETERS, *VIEWS, *STORAGES, Global("collections", "OrderedDict"), Global("torch", "Size")}
)
"""The names that a tensor and the dictionaries around it need."""

MOST_AXES = 8


@dataclass(frozen=True)
class Storage:
    """A row of numbers, of which tensors are views.

    Attributes:
        dtype: of the numbers.
        data: their bytes, a view of the file's.
    """

    dtype: torch.dtype
    data: memoryview

    def numbers(self) -> Tensor:
        """Returns the numbers (N,), in the file's own memory where that is aligned."""
        if not len(self.data):
            return torch.empty(0, dtype=self.dtype)
        flat = torch.frombuffer(self.data, dtype=torch.uint8)
        return (flat.clone() if flat.data_ptr() % self.dtype.itemsize else flat).view(self.dtype)


def is_tensor(value: Any) -> bool:
    """Returns whether a value is the record of a tensor or parameter."""
    return isinstance(value, Reduced) and (value.callable in VIEWS or value.callable in PARAMETERS)


def tensor_of(record: Any, storage_of: Callable[[Any], Storage], budget: Budget) -> Tensor:
    """Returns the tensor that a record describes.

    Args:
        record: of a tensor, or of a parameter around one.
        storage_of: what a tensor's first argument stands for.
        budget: of the file; its bytes are counted.

    Returns:
        A view of the storage, dense, that reads no number twice as often as the storage has them.

    Raises:
        Refusal: it is no such record, or reaches outside its storage.
    """
    if isinstance(record, Reduced) and record.callable in PARAMETERS and record.arguments:
        record = record.arguments[0]
    if not isinstance(record, Reduced) or record.callable not in VIEWS or not 4 <= len(record.arguments) <= 7:
        raise Refusal(f"it holds {kind(record)} where a tensor belongs")
    source, offset, shape, strides = record.arguments[:4]
    shape, strides = _sizes(shape), _sizes(strides)
    storage = storage_of(source)
    length = len(storage.data) // storage.dtype.itemsize
    if len(shape) != len(strides) or type(offset) is not int or offset < 0:
        raise Refusal(f"it holds a tensor of an impossible shape {shown(shape)}")
    count = math.prod(shape)
    last = offset + sum((size - 1) * stride for size, stride in zip(shape, strides, strict=True))
    if count > length or (count and last >= length):
        raise Refusal(f"it holds a tensor {shown(shape)} that reaches outside its {length} numbers")
    if not _dense(shape, strides):
        raise Refusal(f"it holds a tensor {shown(shape)} whose numbers do not lie side by side")
    budget.tensor(count * storage.dtype.itemsize)
    if count == 0:
        return torch.empty(shape, dtype=storage.dtype)
    return torch.as_strided(storage.numbers(), shape, strides, offset)


def _sizes(value: Any) -> tuple[int, ...]:
    if isinstance(value, Reduced) and value.callable == Global("torch", "Size") and len(value.arguments) == 1:
        value = value.arguments[0]
    numbers = value if isinstance(value, tuple) else ()
    if value != numbers or len(numbers) > MOST_AXES or any(type(n) is not int or not 0 <= n < 2**40 for n in numbers):
        raise Refusal("it holds a tensor of an impossible shape")
    return numbers


def _dense(shape: tuple[int, ...], strides: tuple[int, ...]) -> bool:
    """Returns whether strides are those of a tensor without gaps or repetitions, its axes in any order."""
    step = 1
    for stride, size in sorted((stride, size) for size, stride in zip(shape, strides, strict=True) if size != 1):
        if stride != step:
            return 0 in shape
        step *= size
    return True


def storage_at(name: Any, numel: Any, data: memoryview) -> Storage:
    """Returns a storage after checking that its bytes are as many as its kind and length say.

    Raises:
        Refusal: they are not, or the kind is unknown.
    """
    if name not in STORAGES:
        raise Refusal(f"it holds a storage of kind {shown(str(name))}")
    if sys.byteorder != "little":
        raise Refusal("its numbers are little-endian, this machine is not")
    dtype = DTYPES[name.name]
    if type(numel) is not int or numel * dtype.itemsize != len(data):
        raise Refusal(f"a storage says that it has {shown(numel)} numbers and has {len(data)} bytes")
    return Storage(dtype, data)
