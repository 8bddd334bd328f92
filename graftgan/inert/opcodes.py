"""The opcodes of pickle, each an act of the machine.

Source: the descriptions in Python's own `pickletools`; names in the table's comments are theirs.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from functools import partial
from typing import Any

from graftgan.inert.machine import Machine
from graftgan.inert.records import Global, Persistent, Reduced, kind
from graftgan.inert.refusal import Refusal, shown

LONGEST_INT = 64
SMALL = 2**63
Act = Callable[[Machine], None]


def proto(m: Machine) -> None:
    if m.at != m.start + 1 or m.number(1) > 5:
        raise Refusal("its pickle is of no protocol from 0 to 5")


def frame(m: Machine) -> None:
    if m.number(8) > m.end - m.at:
        raise Refusal(f"it ends too early: the frame at byte {m.at - 9} is longer than the rest")


def stop(m: Machine) -> None:
    if len(m.stack) != 1 or m.marks:
        raise Refusal(f"its pickle ends with {len(m.stack)} objects and {len(m.marks)} marks instead of one object")
    m.done = True


def mark(m: Machine) -> None:
    if len(m.marks) >= m.budget.limits.stack:
        raise Refusal(f"its pickle keeps too many marks waiting (over {m.budget.limits.stack})")
    m.marks.append(len(m.stack))


def literal(value: Any, m: Machine) -> None:
    m.push(value)


def whole(size: int, signed: bool, m: Machine) -> None:
    m.push(m.number(size, signed))


def long(size: int, m: Machine) -> None:
    if (length := m.number(size)) > LONGEST_INT:
        raise Refusal(f"byte {m.at} begins a whole number of {length} bytes")
    m.push(m.number(length, signed=True))


def decimal(m: Machine) -> None:
    text = m.line()
    if text in ("00", "01"):  # how protocol 0 writes False and True
        m.push(text == "01")
        return
    digits = text.removesuffix("L")
    if not (digits.removeprefix("-").isdecimal() and digits.isascii() and len(digits) <= LONGEST_INT):
        raise Refusal(f"{shown(text)} is not a whole number")
    m.push(int(digits))


def real(m: Machine) -> None:
    m.push(struct.unpack(">d", m.take(8))[0])


def decimal_real(m: Machine) -> None:
    text = m.line()
    try:
        m.push(float(text))
    except ValueError:
        raise Refusal(f"{shown(text)} is not a number") from None


def text(size: int, m: Machine) -> None:
    m.push(m.text(m.number(size)))


def old_text(size: int, m: Machine) -> None:
    m.push(m.text(m.number(size), "ascii"))


def text_line(m: Machine) -> None:
    if "\\" in (found := m.line()):
        raise Refusal("it holds text with escapes")
    m.push(found)


def quoted_line(m: Machine) -> None:
    found = m.line()
    if len(found) < 2 or found[0] != found[-1] or found[0] not in "'\"" or "\\" in found:
        raise Refusal(f"{shown(found)} is not a quoted text")
    m.push(found[1:-1])


def raw(size: int, m: Machine) -> None:
    m.push(m.take(m.number(size)))


def get(size: int, m: Machine) -> None:
    index = m.number(size) if size else number_line(m)
    if index not in m.memo:
        raise Refusal(f"its pickle refers to object {index}, which it has not put aside")
    m.push(m.memo[index])


def put(size: int, m: Machine) -> None:
    remember(m.number(size) if size else number_line(m), m)


def memoize(m: Machine) -> None:
    remember(len(m.memo), m)


def remember(index: int, m: Machine) -> None:
    # An index is used once, and never runs ahead of the pickle: other readers disagree on what such a file means.
    if index in m.memo or index > m.at - m.start:
        raise Refusal(f"its pickle puts an object aside as {index}, which cannot be")
    m.memo[index] = m.top()


def number_line(m: Machine) -> int:
    text = m.line()
    if not (text.isdecimal() and text.isascii() and len(text) < 12):
        raise Refusal(f"{shown(text)} is not a number of the memo")
    return int(text)


def container(make: Callable[[], Any], m: Machine) -> None:
    m.push(make())


def tuple_of(count: int, m: Machine) -> None:
    if len(m.stack) - (m.marks[-1] if m.marks else 0) < count:
        raise Refusal(f"byte {m.at - 1} takes from an empty stack")
    found = tuple(m.stack[-count:])
    del m.stack[-count:]
    m.push(found)


def marked(make: Callable[[list[Any]], Any], m: Machine) -> None:
    m.push(make(m.since_mark()))


def marked_dict(m: Machine) -> None:
    found: dict[Any, Any] = {}
    fill(found, m.since_mark(), m)
    m.push(found)


def append(m: Machine) -> None:
    extend(m, [m.pop()])


def appends(m: Machine) -> None:
    extend(m, m.since_mark())


def extend(m: Machine, values: list[Any]) -> None:
    owner = m.top((list, Reduced))
    (owner.entries if isinstance(owner, Reduced) else owner).extend(values)


def set_item(m: Machine) -> None:
    value, key = m.pop(), m.pop()
    set_on_top(m, [key, value])


def set_items(m: Machine) -> None:
    set_on_top(m, m.since_mark())


def set_on_top(m: Machine, values: list[Any]) -> None:
    owner = m.top((dict, Reduced))
    fill(owner.items if isinstance(owner, Reduced) else owner, values, m)


def fill(owner: dict[Any, Any], values: list[Any], m: Machine) -> None:
    if len(values) % 2:
        raise Refusal(f"byte {m.at - 1} sets a key without a value")
    for key, value in zip(values[::2], values[1::2], strict=True):
        # Keys that are containers, or endless numbers, can be made to take for ever to hash.
        if not (key is None or isinstance(key, str | float) or isinstance(key, int) and -SMALL <= key < SMALL):
            raise Refusal(f"its pickle has {kind(key)} for a key")
        owner[key] = value


def name_lines(m: Machine) -> None:
    push_name(Global(m.line(), m.line()), m)


def name_from_stack(m: Machine) -> None:
    name, module = m.pop(str), m.pop(str)
    push_name(Global(module, name), m)


def push_name(name: Global, m: Machine) -> None:
    if not m.allowed(name):
        raise Refusal(f"it names {shown(str(name))}, which no checkpoint that graftgan reads needs")
    m.push(name)


def reduce(m: Machine) -> None:
    arguments, called = m.pop(tuple), m.pop(Global)
    m.push(Reduced(called, arguments))


def build(m: Machine) -> None:
    state, owner = m.pop(), m.top(Reduced)
    if owner.state is not None or state is None:
        raise Refusal(f"its pickle builds {kind(owner)} twice, or out of nothing")
    owner.state = state


def persistent(m: Machine) -> None:
    m.persistents.append(Persistent(m.pop(tuple)))
    m.push(m.persistents[-1])


def _table() -> dict[int, Act]:
    acts: dict[bytes, Act] = {
        b"\x80": proto,
        b"\x95": frame,
        b".": stop,
        b"(": mark,
        b"N": partial(literal, None),
        b"\x88": partial(literal, True),  # NEWTRUE
        b"\x89": partial(literal, False),  # NEWFALSE
        b"J": partial(whole, 4, True),  # BININT
        b"K": partial(whole, 1, False),
        b"M": partial(whole, 2, False),
        b"\x8a": partial(long, 1),  # LONG1
        b"\x8b": partial(long, 4),
        b"I": decimal,
        b"L": decimal,
        b"G": real,  # BINFLOAT
        b"F": decimal_real,
        b"\x8c": partial(text, 1),  # SHORT_BINUNICODE
        b"X": partial(text, 4),
        b"\x8d": partial(text, 8),
        b"U": partial(old_text, 1),  # SHORT_BINSTRING
        b"T": partial(old_text, 4),
        b"V": text_line,  # UNICODE
        b"S": quoted_line,  # STRING
        b"C": partial(raw, 1),  # SHORT_BINBYTES
        b"B": partial(raw, 4),
        b"\x8e": partial(raw, 8),
        b"\x96": partial(raw, 8),  # BYTEARRAY8
        b"g": partial(get, 0),
        b"h": partial(get, 1),  # BINGET
        b"j": partial(get, 4),
        b"p": partial(put, 0),
        b"q": partial(put, 1),  # BINPUT
        b"r": partial(put, 4),
        b"\x94": memoize,
        b")": partial(literal, ()),
        b"]": partial(container, list),
        b"}": partial(container, dict),
        b"\x8f": partial(container, list),  # EMPTY_SET
        b"\x85": partial(tuple_of, 1),
        b"\x86": partial(tuple_of, 2),
        b"\x87": partial(tuple_of, 3),
        b"t": partial(marked, tuple),
        b"l": partial(marked, list),
        b"\x91": partial(marked, list),  # FROZENSET
        b"d": marked_dict,
        b"a": append,
        b"e": appends,
        b"\x90": appends,  # ADDITEMS
        b"s": set_item,
        b"u": set_items,
        b"c": name_lines,  # GLOBAL
        b"\x93": name_from_stack,  # STACK_GLOBAL
        b"R": reduce,
        b"\x81": reduce,  # NEWOBJ
        b"b": build,
        b"Q": persistent,  # BINPERSID
    }
    return {code[0]: act for code, act in acts.items()}


OPCODES: dict[int, Act] = _table()
"""Byte -> what it does."""
