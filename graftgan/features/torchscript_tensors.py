"""Reads the tensors of a TorchScript archive as data: its code is never compiled, its pickle never unpickled."""

from typing import Any

from torch import Tensor

from graftgan.inert.budget import Budget
from graftgan.inert.records import Reduced, dotted
from graftgan.inert.refusal import naming
from graftgan.inert.tensors import is_tensor, tensor_of
from graftgan.inert.torch_files import read_torch_zip


def read_torchscript_tensors(archive: bytes, source: str) -> dict[str, Tensor]:
    """Read every tensor of a TorchScript archive under its dotted name.

    Args:
        archive: the archive's bytes; check their digest first.
        source: what to call the file in messages.

    Returns:
        Dotted name in the module tree (``net.layers.conv.weight``) -> CPU tensor, a view of one copy of the archive.

    Raises:
        UserError: the archive is damaged, or holds anything but plain modules, numbers and tensors.
    """
    with naming(source):
        budget = Budget(len(archive))
        # A copy, since torch warns of every tensor over memory that is not writable.
        file = read_torch_zip(memoryview(bytearray(archive)), budget, script=True)
        found = dotted(file.root, _inside, budget)
        return {name: tensor_of(value, file.storage_of, budget) for name, value in found if is_tensor(value)}


def _inside(value: Any) -> dict[Any, Any]:
    return value.state if isinstance(value, Reduced) and isinstance(value.state, dict) else {}
