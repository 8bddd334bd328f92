"""TorchScript archives: the tensors come out; whatever else an archive holds is refused and never run."""

import io
import struct
import zipfile

import pytest
import torch

from graftgan.errors import UserError
from graftgan.features.torchscript_tensors import read_torchscript_tensors


def text(value: str) -> bytes:
    return b"X" + struct.pack("<I", len(value)) + value.encode()


def whole(value: int) -> bytes:
    return b"J" + struct.pack("<i", value)


def tensor(length=6, offset=0, shape=(2, 3), strides=(3, 1), key="0", storage=b"ctorch\nFloatStorage\n") -> bytes:
    reference = b"(" + text("storage") + storage + text(key) + text("cpu") + whole(length) + b"tQ"
    sizes = b"(" + b"".join(map(whole, shape)) + b"t" + b"(" + b"".join(map(whole, strides)) + b"t"
    return (
        b"ctorch._utils\n_rebuild_tensor_v2\n(" + reference + whole(offset) + sizes + b"\x89"
        b"ccollections\nOrderedDict\n)RtR"
    )


def module(fields: bytes) -> bytes:
    return b"c__torch__.net\nNet\n)\x81}(" + fields + b"ub"


NUMBERS = struct.pack("<6f", *range(6))


def archive(tree: bytes, method=zipfile.ZIP_STORED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as entries:
        entries.writestr("any/data.pkl", b"\x80\x02" + tree + b".")
        entries.writestr("any/data/0", NUMBERS, compress_type=method)
        entries.writestr("any/code/net.py", b"never read" * 9, compress_type=zipfile.ZIP_DEFLATED)
    return file.getvalue()


def test_reads_tensors_under_dotted_names():
    tree = module(text("net") + module(text("weight") + tensor() + text("stride") + whole(2)))
    tensors = read_torchscript_tensors(archive(tree), "a.pt")
    assert list(tensors) == ["net.weight"]
    assert torch.equal(tensors["net.weight"], torch.arange(6.0).reshape(2, 3))


def test_strides_and_offset_are_obeyed():
    tree = module(text("weight") + tensor(offset=1, shape=(2, 2), strides=(1, 2)))
    assert read_torchscript_tensors(archive(tree), "a.pt")["weight"].tolist() == [[1, 3], [2, 4]]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (tensor(offset=1), "outside its 6 numbers"),
        (tensor(offset=-1), "impossible shape"),
        (tensor(shape=(7,), strides=(1,)), "outside its 6 numbers"),
        (tensor(shape=(2, 3), strides=(4, 1)), "outside its 6 numbers"),
        (tensor(shape=(1000, 1000), strides=(0, 0)), "outside its 6 numbers"),
        (tensor(shape=(2, 2), strides=(3, 1)), "side by side"),
        (tensor(shape=(2, 2), strides=(0, 1)), "side by side"),
        (tensor(shape=(2,), strides=(3, 1)), "impossible shape"),
        (tensor(shape=(2, -3)), "impossible shape"),
        (tensor(length=7), "says that it has 7 numbers and has 24 bytes"),
        (tensor(length=5, shape=(5,), strides=(1,)), "says that it has 5 numbers and has 24 bytes"),
        (tensor(key="1"), "storage '1' is missing"),
        (tensor(key="../0"), "the storage '../0', which is not a number"),
        (tensor(storage=b"ctorch\nQUInt8Storage\n"), "names 'torch QUInt8Storage'"),
        (b"cos\nsystem\n(" + text("true") + b"tR", "names 'os system'"),
        (text("os") + text("system") + b"\x93", "names 'os system'"),
        (b"h\x09", "object 9, which it has not put aside"),
        (b"0000", "0x30, no opcode"),
        (b"tttt", "looks for a mark"),
    ],
)
def test_hostile_trees_are_refused(wrong, message):
    with pytest.raises(UserError, match=f"^a.pt: .*{message}"):
        read_torchscript_tensors(archive(module(text("weight") + wrong)), "a.pt")


def test_compressed_storage_is_refused():
    packed = archive(module(text("weight") + tensor()), method=zipfile.ZIP_DEFLATED)
    with pytest.raises(UserError, match="storage '0' is missing"):
        read_torchscript_tensors(packed, "a.pt")


def test_a_tree_without_end_is_refused():
    """Each level holds the next one twice, so that forty levels describe 2^40 tensors."""
    tree = tensor()
    for level in range(40):
        put = bytes([level])
        tree = module(text("a") + tree + b"q" + put + text("b") + b"h" + put)
    with pytest.raises(UserError, match="larger than the file"):
        read_torchscript_tensors(archive(tree), "a.pt")


@pytest.mark.parametrize("share", [0.0, 0.3, 0.7, 0.99])
def test_truncated_archives_are_refused(share):
    good = archive(module(text("weight") + tensor()))
    with pytest.raises(UserError, match=r"^a\.pt: it is a zip that"):
        read_torchscript_tensors(good[: int(share * len(good))], "a.pt")


def test_every_single_damaged_byte_is_refused_or_harmless():
    good = archive(module(text("weight") + tensor()))
    for position in range(len(good)):
        damaged = bytearray(good)
        damaged[position] ^= 0xFF
        try:
            tensors = read_torchscript_tensors(bytes(damaged), "a.pt")
        except UserError:
            continue
        assert [value.shape for value in tensors.values()] == [(2, 3)]


def test_two_trees_are_refused():
    file = io.BytesIO(archive(module(text("weight") + tensor())))
    with zipfile.ZipFile(file, "a") as entries:
        entries.writestr("other/data.pkl", b"")
    with pytest.raises(UserError, match="a zip with 2 entries data.pkl"):
        read_torchscript_tensors(file.getvalue(), "a.pt")
