"""Other people's checkpoints: finds out what kind of file it is and has it read, as data, by the reader for it."""

from pathlib import Path
from typing import Any

from graftgan.inert.budget import Budget, Limits, read_whole
from graftgan.inert.numpy_arrays import NUMPY_NAMES
from graftgan.inert.records import Global, kind, mapping
from graftgan.inert.refusal import Refusal, naming
from graftgan.inert.tensors import TENSOR_NAMES
from graftgan.inert.torch_files import TorchFile, is_torch_stream, read_torch_stream, read_torch_zip
from graftgan.inert.walker import walk
from graftgan.zoo.nvidia import NVIDIA_NAMES, read_nvidia
from graftgan.zoo.part import Foreign
from graftgan.zoo.plain import is_dictionary, read_plain
from graftgan.zoo.rosinality import is_rosinality, read_rosinality
from graftgan.zoo.tensorflow import TENSORFLOW_NAMES, read_tensorflow

PICKLE_NAMES = NVIDIA_NAMES | TENSORFLOW_NAMES | TENSOR_NAMES | NUMPY_NAMES
"""Every name that a pickle of NVIDIA's may mention."""


def read_foreign(path: Path, partial: bool = False, limits: Limits | None = None) -> Foreign:
    """Returns what another project's checkpoint holds; executes, imports and unpickles nothing of it.

    Args:
        path: of the file; what is in it counts, not its name.
        partial: whether a file may be taken of which a discriminator cannot be read.
        limits: of size, length, depth and time.

    Raises:
        UserError: the file cannot be read, or is none of the kinds known; one line that names it.
    """
    with naming(path):
        return read_bytes(read_whole(path, limits), partial, limits)


def read_bytes(data: memoryview, partial: bool = False, limits: Limits | None = None) -> Foreign:
    """Returns what the bytes of a checkpoint hold; as `read_foreign`, but raises Refusal."""
    budget = Budget(len(data), limits)
    if data[:2] == b"PK":
        return read_torch(read_torch_zip(data, budget), budget, partial)
    if is_torch_stream(data):
        return read_torch(read_torch_stream(data, budget), budget, partial)
    if is_text(data):
        pointer = bytes(data[:40]).startswith(b"version https://git-lfs")
        raise Refusal("it is a pointer of Git LFS: fetch the file itself" if pointer else "it is a text, no checkpoint")
    walked = walk(data, budget, expected)
    if walked.end != len(data):
        raise Refusal(f"{len(data) - walked.end} bytes follow the end of its pickle")
    if isinstance(walked.root, tuple):
        return read_tensorflow(walked.root, budget, partial)
    if is_dictionary(walked.root):
        return read_nvidia(walked.root, budget, partial)
    raise Refusal(f"it holds {kind(walked.root)}, not networks")


def is_text(data: memoryview) -> bool:
    """Returns whether a file begins with a thousand characters of plain text, or is all text.

    >>> is_text(memoryview(b"hello")), is_text(memoryview(bytes([128, 4])))
    (True, False)
    """
    return all(32 <= byte < 127 or byte in b"\t\r\n" for byte in bytes(data[:1000]))


def expected(name: Global) -> bool:
    """Returns whether a pickle may mention a name."""
    return name in PICKLE_NAMES


def read_torch(file: TorchFile, budget: Budget, partial: bool) -> Foreign:
    """Returns what a file of torch.save holds."""
    parts: dict[Any, Any] = mapping(file.root)
    if is_rosinality(parts):
        return read_rosinality(file, parts, budget, partial)
    return read_plain(file, parts, budget)
