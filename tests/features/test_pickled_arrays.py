"""Pickled arrays: they come out as data; whatever else a pickle does is refused and never done."""

import pickle
import struct

import numpy as np
import pytest

from graftgan.errors import UserError
from graftgan.features.pickled_arrays import read_pickled_arrays


def text(value: str) -> bytes:
    return b"X" + struct.pack("<I", len(value)) + value.encode()


def whole(value: int) -> bytes:
    return b"J" + struct.pack("<i", value)


DTYPE = b"cnumpy\ndtype\n" + text("f4") + b"\x89\x88\x87R(K\x03" + text("<") + b"NNN" + whole(-1) * 2 + b"K\x00tb"
EMPTY = b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85C\x01b\x87R"


NUMBERS = struct.pack("<6f", *range(6))


def array(shape=(2, 3), dtype=DTYPE, data=NUMBERS, version=1, order=b"\x89", made=EMPTY) -> bytes:
    sizes = b"(" + b"".join(map(whole, shape)) + b"t"
    return made + b"(" + whole(version) + sizes + dtype + order + b"C" + bytes([len(data)]) + data + b"tb"


def dictionary(*items: bytes) -> bytes:
    return b"}(" + b"".join(items) + b"u"


def file(tree: bytes) -> bytes:
    return b"\x80\x03" + tree + b"."


def test_reads_arrays_under_dotted_names():
    tree = dictionary(text("net"), dictionary(text("kernel"), array()), text("bias"), array((0,), data=b""))
    arrays = read_pickled_arrays(file(tree), "a.ckpt")
    assert set(arrays) == {"net.kernel", "bias"}
    np.testing.assert_array_equal(arrays["net.kernel"], np.arange(6, dtype=np.float32).reshape(2, 3))
    assert arrays["bias"].shape == (0,)


def test_reads_what_pickle_writes():
    """As the published files were written; newer numpy has another name for the same function."""
    tree = {"a": {"b": np.random.default_rng(0).normal(size=(3, 4, 5)).astype(np.float32)}, "c": np.ones(2, np.float32)}
    written = pickle.dumps(tree, protocol=3).replace(b"numpy._core.", b"numpy.core.")
    arrays = read_pickled_arrays(written, "a.ckpt")
    np.testing.assert_array_equal(arrays["a.b"], tree["a"]["b"])
    np.testing.assert_array_equal(arrays["c"], tree["c"])


class Bomb:
    """What an attacker would write."""

    def __reduce__(self):
        return (pytest.fail, ("the file's code was run",))


@pytest.mark.parametrize("protocol", range(6))
def test_nothing_named_in_the_file_is_called(protocol):
    with pytest.raises(UserError, match=r"^a\.ckpt: (it names|byte \d+ begins text|it holds)"):
        read_pickled_arrays(pickle.dumps({"a": Bomb()}, protocol), "a.ckpt")


F2 = DTYPE.replace(b"f4", b"f2")
BIG_ENDIAN = DTYPE.replace(b"<", b">")


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (array(shape=(7,)), "of 24 bytes, which cannot be"),
        (array(shape=(-2, -3)), "of 24 bytes, which cannot be"),
        (array(shape=(2, 3, 0)), "of 24 bytes, which cannot be"),
        (array(dtype=F2, shape=(12,)), "other numbers"),
        (array(dtype=BIG_ENDIAN), "other numbers"),
        (array(dtype=b"cnumpy\ndtype\n" + text("O") + b"\x89\x88\x87R"), "of the kind 'O'"),
        (array(dtype=text("f4")), "of the kind None"),
        (array(version=2), "of the version 2"),
        (array(made=EMPTY.replace(b"K\x00\x85", b"K\x01\x85")), "unknown form"),
        (DTYPE, "a record of 'numpy dtype' where a dictionary belongs"),
        (EMPTY, "unknown form"),
        (whole(3), "an int where a dictionary belongs"),
        (b"cos\nsystem\n" + text("true") + b"\x85R", "names 'os system'"),
        (b"cnumpy\nload\n", "names 'numpy load'"),
        (text("a") + b"Q", "a str, not a tuple"),
        (text("a") + b"\x85Q", "a Persistent where a dictionary belongs"),
        (text("os") + text("system") + b"\x93", "names 'os system'"),
        (b"h\x09", "object 9, which it has not put aside"),
        (b"0", "0x30, no opcode"),
        (b"\x87\x87", "empty stack"),
    ],
)
def test_hostile_trees_are_refused(wrong, message):
    with pytest.raises(UserError, match=f"^a.ckpt: .*{message}"):
        read_pickled_arrays(file(dictionary(text("a"), wrong)), "a.ckpt")


def test_keys_are_text():
    """A key that is a tuple nested without end would overflow the stack where it is hashed."""
    deep = b")" + b"\x85" * 20_000
    with pytest.raises(UserError, match="a tuple for a key"):
        read_pickled_arrays(file(b"}" + deep + whole(1) + b"s"), "a.ckpt")


def test_a_tree_without_end_is_refused():
    """Each level holds the next one twice, so that a small file describes 2^40 arrays."""
    tree = array()
    for level in range(40):
        put = bytes([level])
        tree = dictionary(text("a"), tree + b"q" + put, text("b"), b"h" + put)
    with pytest.raises(UserError, match="larger than the file"):
        read_pickled_arrays(file(tree), "a.ckpt")


def test_every_truncation_is_refused():
    good = file(dictionary(text("a"), array()))
    for length in range(len(good)):
        with pytest.raises(UserError, match=r"^a\.ckpt: it ends too early"):
            read_pickled_arrays(good[:length], "a.ckpt")


def test_every_single_damaged_byte_is_refused_or_harmless():
    good = file(dictionary(text("a"), array()))
    for position in range(len(good)):
        damaged = bytearray(good)
        damaged[position] ^= 0xFF
        try:
            arrays = read_pickled_arrays(bytes(damaged), "a.ckpt")
        except UserError:
            continue
        assert [value.shape for value in arrays.values()] == [(2, 3)]
