"""Follows the opcodes of a pickle without doing what they say: containers and inert records come out.

A short list of opcodes is allowed, names are only compared, never looked up, and nothing is ever called.
"""

import pickletools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

MAX_OPCODES = 1_000_000

UNREADABLE = (ValueError, KeyError, IndexError, TypeError, AttributeError, RuntimeError)
"""What following a damaged or hostile pickle may raise."""

_CONSTANTS: dict[str, Any] = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
_LITERALS = {"BINUNICODE", "BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT", "BINBYTES", "SHORT_BINBYTES"}
_SHORT_TUPLES = {"EMPTY_TUPLE": 0, "TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}


class _Mark:
    """Where a group of arguments begins on the walker's stack."""


@dataclass(frozen=True)
class Name:
    """A dotted name that the pickle mentions; nothing is ever looked up by it."""

    text: str


@dataclass(eq=False)
class Record:
    """An object of the tree: what would be called and with what, and the state that would be set.

    Attributes:
        name: "module name", as the pickle has it.
        arguments: of the call.
        fields: the state, where it is a dict.
        state: the state, where it is a tuple.
    """

    name: str
    arguments: tuple[Any, ...] = ()
    fields: dict[str, Any] = field(default_factory=dict)
    state: tuple[Any, ...] = ()


def walk_pickle(
    pickled: bytes,
    is_known: Callable[[str], bool],
    refer: Callable[[Any], Any] | None = None,
) -> Any:
    """Follow the opcodes of a pickle and return its inert tree; anything not on the list is refused.

    Args:
        pickled: the pickle; its length, of which a few times as much memory is used, is the caller's to limit.
        is_known: says of "module name" whether a pickle of this kind may mention it.
        refer: what a persistent reference stands for; without it, references are refused.

    Returns:
        Numbers, text, bytes, tuples, lists, dicts with text as keys, `Name` and `Record`.

    Raises:
        One of UNREADABLE: the pickle is damaged, too long, or does what is not on the list.

    Example:
        >>> walk_pickle(b"\\x80\\x02}X\\x01\\x00\\x00\\x00aK\\x07s.", lambda name: False)
        {'a': 7}
    """
    stack: list[Any] = []
    memo: dict[int, Any] = {}
    argument: Any
    for count, (opcode, argument, _) in enumerate(pickletools.genops(pickled)):
        if count > MAX_OPCODES:
            raise ValueError("its pickle is too long")
        name = opcode.name
        if name in _LITERALS:
            stack.append(argument)
        elif name in _CONSTANTS:
            stack.append(_CONSTANTS[name])
        elif name == "GLOBAL":
            if not is_known(argument):
                raise ValueError(f"its pickle names {argument!r}")
            stack.append(Name(argument))
        elif name == "MARK":
            stack.append(_Mark())
        elif name in ("BINPUT", "LONG_BINPUT"):
            memo[argument] = stack[-1]
        elif name in ("BINGET", "LONG_BINGET"):
            stack.append(memo[argument])
        elif name == "BINPERSID" and refer is not None:
            stack.append(refer(stack.pop()))
        elif name == "STOP":
            return stack.pop()
        elif name != "PROTO":
            _apply(name, stack)
    raise ValueError("its pickle has no end")


def expect(value: Any, kind: type) -> Any:
    """Return the value, or refuse it where it is of another kind.

    Raises:
        ValueError: names both kinds.

    Example:
        >>> expect("a", str)
        'a'
    """
    if not isinstance(value, kind):
        raise ValueError(f"its pickle holds a {type(value).__name__} where a {kind.__name__.lstrip('_')} belongs")
    return value


def _apply(opcode: str, stack: list[Any]) -> None:
    """Do one opcode that takes from the stack and puts back containers or records."""
    if opcode in _SHORT_TUPLES:
        items = [stack.pop() for _ in range(_SHORT_TUPLES[opcode])]
        stack.append(tuple(reversed(items)))
    elif opcode == "EMPTY_LIST":
        stack.append([])
    elif opcode == "EMPTY_DICT":
        stack.append({})
    elif opcode == "TUPLE":
        stack.append(tuple(_from_mark(stack)))
    elif opcode == "APPENDS":
        items = _from_mark(stack)
        expect(stack[-1], list).extend(items)
    elif opcode == "SETITEMS":
        items = _from_mark(stack)
        _fill(stack[-1], items)
    elif opcode == "SETITEM":
        value, key = stack.pop(), stack.pop()
        _fill(stack[-1], [key, value])
    elif opcode in ("REDUCE", "NEWOBJ"):
        arguments = expect(stack.pop(), tuple)
        stack.append(Record(expect(stack.pop(), Name).text, arguments))
    elif opcode == "BUILD":
        state = stack.pop()
        record = expect(stack[-1], Record)
        if isinstance(state, tuple):
            record.state = state
        else:
            record.fields.update(expect(state, dict))
    else:
        raise ValueError(f"its pickle uses the opcode {opcode}")


def _fill(container: Any, items: list[Any]) -> None:
    # Only text: hashing a tuple that is nested without end would overflow the stack.
    pairs = {expect(key, str): value for key, value in zip(items[::2], items[1::2], strict=True)}
    expect(container, dict).update(pairs)


def _from_mark(stack: list[Any]) -> list[Any]:
    """Pop everything above the last mark, and the mark."""
    items: list[Any] = []
    while not isinstance(top := stack.pop(), _Mark):
        items.append(top)
    return items[::-1]
