"""Files of torch.save, without torch.load: the zip of today, and the stream of pickles of before 2020.

Zip: `NAME/data.pkl` describes the object, `NAME/data/N` are the numbers of storage N. Stream: five pickles (magic
number, protocol, facts of the machine, the object, the storages' keys), then for each storage its length and its
numbers. The same stream, around a single storage, stands inside other pickles for every tensor.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from graftgan.inert.budget import Budget
from graftgan.inert.records import Global, Persistent
from graftgan.inert.refusal import Refusal, shown
from graftgan.inert.tensors import DTYPES, STORAGES, TENSOR_NAMES, Storage, storage_at
from graftgan.inert.walker import walk
from graftgan.inert.zip_entries import zip_entries

MAGIC = 0x1950A86A20F9469CFC6C
MAGIC_BYTES = b"\x8a\x0a" + MAGIC.to_bytes(10, "little") + b"."
PROTOCOL = 1001
MACHINE = {"protocol_version": PROTOCOL, "little_endian": True, "type_sizes": {"short": 2, "int": 4, "long": 4}}
"""What torch.save has always written of its machine, where numbers are little-endian."""
OTHER_NAMES = frozenset({Global("argparse", "Namespace")})
"""What training scripts put beside their networks."""
SCRIPT_NAMES = TENSOR_NAMES | {Global("torch.jit._pickle", "build_intlist")}
"""What TorchScript names beside its modules, whose classes are its own."""


@dataclass(frozen=True)
class TorchFile:
    """What torch.save wrote.

    Attributes:
        root: the object's inert tree.
        storage_of: a tensor's reference -> its numbers.
    """

    root: Any
    storage_of: Callable[[Any], Storage]


def is_torch_stream(data: memoryview, start: int = 0) -> bool:
    """Returns whether bytes begin as the old format does."""
    at = start + 2 if data[start : start + 1] == b"\x80" else start
    return data[at : at + len(MAGIC_BYTES)] == MAGIC_BYTES


def expected(name: Global) -> bool:
    """Returns whether a file of torch.save may mention a name."""
    return name in TENSOR_NAMES or name in OTHER_NAMES


def expected_in_script(name: Global) -> bool:
    """Returns whether a TorchScript archive may mention a name."""
    return name.module.startswith("__torch__.") or name in SCRIPT_NAMES


def read_torch_zip(data: memoryview, budget: Budget, script: bool = False) -> TorchFile:
    """Reads the zip format.

    Args:
        data: the file.
        budget: of the file.
        script: whether it is a TorchScript archive, in which code, never looked at, lies compressed beside the rest.

    Raises:
        Refusal: it is not such a file, or not whole.
    """
    entries = zip_entries(data, skip_packed=script)
    pickles = [name for name in entries if name.count("/") == 1 and name.endswith("/data.pkl")]
    if len(pickles) != 1:
        raise Refusal(f"it is a zip with {len(pickles)} entries data.pkl, where a checkpoint has one")
    folder = pickles[0].removesuffix("data.pkl")
    order = entries.get(f"{folder}byteorder")
    if order is not None and data[order.start : order.stop] != b"little":
        raise Refusal("its numbers are not little-endian")
    described = entries[pickles[0]]
    walked = walk(data, budget, expected_in_script if script else expected, described.start, described.stop)
    if walked.end != described.stop:
        raise Refusal("its data.pkl goes on after its end")

    def storage_of(reference: Any) -> Storage:
        name, key, numel = _reference(reference)
        place = entries.get(f"{folder}data/{key}")
        if place is None:
            raise Refusal(f"its storage {shown(key)} is missing")
        return storage_at(name, numel, data[place.start : place.stop])

    return TorchFile(walked.root, storage_of)


def read_torch_stream(data: memoryview, budget: Budget, start: int = 0, end: int = -1) -> TorchFile:
    """Reads the old format.

    Args:
        data: the bytes that hold it.
        budget: of the file.
        start: where it begins.
        end: where it ends; -1: with the data.

    Raises:
        Refusal: it is not such a file, or not whole.
    """
    end = len(data) if end < 0 else end
    heads, at = [], start
    for _ in range(3):
        head = walk(data, budget, lambda name: False, at, end)
        heads.append(head.root)
        at = head.end
    if heads != [MAGIC, PROTOCOL, MACHINE]:
        raise Refusal("it is not a little-endian file of torch.save")
    described = walk(data, budget, expected, at, end)
    keys = walk(data, budget, lambda name: False, described.end, end)
    kinds: dict[str, tuple[Global, int]] = {}
    for reference in described.persistents:
        name, key, numel = _reference(reference)
        if kinds.setdefault(key, (name, numel)) != (name, numel):
            raise Refusal(f"it describes its storage {shown(key)} in two ways")
    if not isinstance(keys.root, list) or not all(isinstance(key, str) for key in keys.root):
        raise Refusal("it has no list of its storages")
    if len(set(keys.root)) != len(keys.root) or set(keys.root) != set(kinds):
        raise Refusal("the list of its storages is not the one that its tensors need")
    return TorchFile(described.root, _numbers(data, keys.end, end, keys.root, kinds))


def _numbers(
    data: memoryview, at: int, end: int, keys: list[str], kinds: dict[str, tuple[Global, int]]
) -> Callable[[Any], Storage]:
    """Finds the storages at the end of a stream: for each key its length in 8 bytes, then its numbers."""
    storages = {}
    for key in keys:
        name, numel = kinds[key]
        counted = int.from_bytes(data[at : min(at + 8, end)], "little")
        size = storage_size(name, numel)
        if at + 8 + size > end or counted != numel:
            raise Refusal(f"its storage {shown(key)} is cut off, or has {counted} numbers instead of {numel}")
        storages[key] = storage_at(name, numel, data[at + 8 : at + 8 + size])
        at += 8 + size
    if at != end:
        raise Refusal(f"{end - at} bytes follow its last storage")

    def storage_of(reference: Any) -> Storage:
        _, key, _ = _reference(reference)
        return storages[key]

    return storage_of


def storage_size(name: Global, numel: int) -> int:
    """Returns the bytes that a storage of a kind takes; its kind is known, its length a whole number."""
    return numel * DTYPES[name.name].itemsize


def _reference(reference: Any) -> tuple[Global, str, int]:
    """Returns kind, key and length of a storage that a pickle refers to; where it was kept does not matter."""
    key: tuple[Any, ...] = reference.key if isinstance(reference, Persistent) else ()
    if len(key) not in (5, 6) or key[0] != "storage" or len(key) == 6 and key[5] is not None:
        raise Refusal("it refers to something other than a storage")
    _, name, number, _, numel = key[:5]
    if name not in STORAGES or not isinstance(number, str) or type(numel) is not int or numel < 0:
        raise Refusal("it refers to a storage of an unknown kind")
    if not (number.isdecimal() and number.isascii()):
        raise Refusal(f"it refers to the storage {shown(number)}, which is not a number")
    return name, number, numel
