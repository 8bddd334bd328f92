"""The opcode walker against the pickler itself: what it reads is what was written, of every protocol."""

import pickle
import random
import struct
from collections import OrderedDict
from typing import Any

import pytest

from graftgan.inert.budget import Budget, Limits
from graftgan.inert.records import Global, Reduced, dotted, mapping
from graftgan.inert.refusal import Refusal
from graftgan.inert.walker import walk


def read(data: bytes, limits: Limits | None = None, *names: str) -> Any:
    return walk(memoryview(data), Budget(len(data), limits), lambda name: str(name) in names).root


def plain(rng: random.Random, depth: int = 4) -> Any:
    """A random tree of what needs no names."""
    kinds = ["none", "bool", "whole", "real", "text", "list", "tuple", "dict"]
    kind = rng.choice(kinds if depth else kinds[:5])
    inner = [plain(rng, depth - 1) for _ in range(rng.randrange(5))] if kind in kinds[5:] else []
    return {
        "none": None,
        "bool": rng.random() < 0.5,
        "whole": rng.choice([0, 255, 65536, -1, 2**40, -(2**70), rng.randrange(2**31)]),
        "real": rng.gauss(0, 1),
        "text": rng.choice(["", "weight", "ünï", "x" * 300]),
        "list": inner,
        "tuple": tuple(inner),
        "dict": {rng.choice(["a", 1, None, 2.5, f"key{i}"]): value for i, value in enumerate(inner)},
    }[kind]


@pytest.mark.parametrize("protocol", range(6))
def test_plain_trees_come_back_as_they_are(protocol: int) -> None:
    rng = random.Random(protocol)
    for _ in range(200):
        tree = [plain(rng), plain(rng)]
        if protocol == 0 and "ü" in repr(tree):
            continue  # written with escapes, which are refused
        assert read(pickle.dumps(tree, protocol)) == tree


@pytest.mark.parametrize("protocol", [3, 4, 5])
def test_bytes_are_views_and_sets_are_lists(protocol: int) -> None:
    found = read(pickle.dumps([b"abc", b"x" * 300], protocol))
    assert [bytes(view) for view in found] == [b"abc", b"x" * 300]
    if protocol > 3:
        assert sorted(read(pickle.dumps({1, 2}, protocol))) == [1, 2]


@pytest.mark.parametrize("protocol", range(2, 6))
def test_calls_are_records_and_shared_objects_stay_shared(protocol: int) -> None:
    shared = OrderedDict(a=1, b=[2])
    found = read(pickle.dumps([shared, shared], protocol), None, "collections OrderedDict")
    assert found[0] is found[1]
    assert isinstance(found[0], Reduced) and found[0].callable == Global("collections", "OrderedDict")
    assert mapping(found[0]) == {"a": 1, "b": [2]}


def test_state_is_kept_beside_the_record() -> None:
    class Thing:
        pass

    Thing.__module__, Thing.__qualname__ = "tests", "Thing"
    data = b"\x80\x02ctests\nThing\n)\x81}X\x01\x00\x00\x00aK\x07sb."
    found = read(data, None, "tests Thing")
    assert found.arguments == () and found.state == {"a": 7}


@pytest.mark.parametrize("kind", [Limits(opcodes=50), Limits(text_bytes=50), Limits(depth=20), Limits(stack=20)])
def test_each_budget_ends_the_walk(kind: Limits) -> None:
    deep: Any = []
    for _ in range(30):
        deep = [deep]
    tree = [deep, ["text"] * 1, list(map(str, range(100)))]
    assert read(pickle.dumps(tree, 2)) == tree
    with pytest.raises(Refusal, match="too long|too much text|nests deeper than 20|too many objects"):
        read(pickle.dumps(tree, 2), kind)


@pytest.mark.parametrize("kind", [Limits(opcodes=1000), Limits(text_bytes=1000)])
def test_names_are_on_the_budget(kind: Limits) -> None:
    """Each level holds the next one twice, so that a small file describes 2^40 objects."""
    tree: dict[str, Any] = {}
    for _ in range(40):
        tree = {"a": tree, "b": tree}
    with pytest.raises(Refusal, match="too long|too much text"):
        list(dotted(tree, mapping, Budget(0, kind)))


def test_time_is_a_budget() -> None:
    with pytest.raises(Refusal, match="takes too long"):
        read(pickle.dumps(list(range(5000)), 2), Limits(seconds=0))


def test_a_name_is_refused_before_anything_is_made_of_it() -> None:
    with pytest.raises(Refusal, match="it names 'os system'"):
        read(b"cos\nsystem\n(S'ls'\ntR.")


def test_lengths_are_held_against_the_bytes_that_are_left() -> None:
    for opcode, size in ((b"B", 4), (b"X", 4), (b"\x8e", 8), (b"\x8d", 8), (b"\x96", 8), (b"\x95", 8)):
        with pytest.raises(Refusal, match="ends too early"):
            read(b"\x80\x05" + opcode + struct.pack("<Q", 1000)[:size] + b"abc.")
