"""What a pickle turns into here: plain containers of numbers and text, and inert records for all the rest.

A set comes back as a list and bytes as a view of the file, since nothing needs more.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from graftgan.inert.budget import Budget
from graftgan.inert.refusal import Refusal, shown


@dataclass(frozen=True, slots=True)
class Global:
    """A name that the pickle mentions; nothing is ever looked up by it.

    Attributes:
        module: dotted name of a module.
        name: of something in it.
    """

    module: str
    name: str

    def __str__(self) -> str:
        return f"{self.module} {self.name}"


@dataclass(slots=True, eq=False)
class Reduced:
    """A call that the pickle asks for and never gets, with what it would have given to the result.

    Attributes:
        callable: what should have been called.
        arguments: with what.
        state: what BUILD hands to the result; None where there is none.
        items: key and value pairs set on the result.
        entries: values appended to the result.
    """

    callable: Global
    arguments: tuple[Any, ...]
    state: Any = None
    items: dict[Any, Any] = field(default_factory=dict)
    entries: list[Any] = field(default_factory=list)


@dataclass(frozen=True, slots=True, eq=False)
class Persistent:
    """A reference to something that is kept outside the pickle.

    Attributes:
        key: how the pickle names it.
    """

    key: Any


def children(value: Any) -> Iterator[Any]:
    """Yields what a container or record holds; dictionaries' keys are scalars and left out."""
    if isinstance(value, dict):
        yield from value.values()
    elif isinstance(value, list | tuple):
        yield from value
    elif isinstance(value, Reduced):
        yield from (value.arguments, value.state, value.items, value.entries)
    elif isinstance(value, Persistent):
        yield value.key


def check_depth(root: Any, depth: int) -> None:
    """Refuses a tree that is too deep to walk or that holds itself; itself, it takes no recursion.

    Args:
        root: of the tree; a record may be in it many times.
        depth: containers within containers that are allowed.

    Raises:
        Refusal: it is deeper, or goes in a circle.

    >>> check_depth([[1]], 1)
    Traceback (most recent call last):
    graftgan.inert.refusal.Refusal: its pickle nests deeper than 1
    """
    heights: dict[int, int] = {}
    path: dict[int, int] = {id(root): 1}
    trail = [(root, children(root))]
    while trail:
        value, rest = trail[-1]
        for child in rest:
            if not isinstance(child, dict | list | tuple | Reduced | Persistent) or not child:
                continue
            if id(child) in path:
                raise Refusal("its pickle holds an object that holds itself")
            known = heights.get(id(child), 1)
            if len(trail) + known > depth:
                raise Refusal(f"its pickle nests deeper than {depth}")
            if id(child) not in heights:
                path[id(child)] = 1
                trail.append((child, children(child)))
                break
            path[id(value)] = max(path[id(value)], 1 + known)
        else:
            trail.pop()
            height = heights[id(value)] = path.pop(id(value))
            if trail:
                above = id(trail[-1][0])
                path[above] = max(path[above], 1 + height)


def mapping(value: Any) -> dict[Any, Any]:
    """Returns a dictionary, or what an ordered or dotted one would have held.

    Args:
        value: a dict, or the record of a dict's subclass built from nothing or from a list of pairs.

    Raises:
        Refusal: it is neither.
    """
    if isinstance(value, dict):
        return value
    if not isinstance(value, Reduced) or value.callable not in DICTIONARIES:
        raise Refusal(f"it holds {kind(value)} where a dictionary belongs")
    pairs: dict[Any, Any] = {}
    for pair in value.arguments[0] if value.arguments and isinstance(value.arguments[0], list) else []:
        if not isinstance(pair, list | tuple) or len(pair) != 2 or not isinstance(pair[0], str):
            raise Refusal("it holds a dictionary that is not made of pairs")
        pairs[pair[0]] = pair[1]
    return pairs | value.items


def dotted(root: Any, inside: Callable[[Any], dict[Any, Any]], budget: Budget) -> Iterator[tuple[str, Any]]:
    """Yields every object of a tree with its dotted name, the root under "".

    Args:
        root: of the tree.
        inside: the objects in an object, by their names there.
        budget: of the file. One object may have many names, so that a small file could describe an endless tree:
            a name counts as much as an opcode.

    Raises:
        Refusal: the names are more than the budget.

    >>> dict(dotted({"a": {"b": 1}}, lambda value: value if isinstance(value, dict) else {}, Budget(0)))["a.b"]
    1
    """
    waiting = [("", root)]
    while waiting:
        path, value = waiting.pop()
        yield path, value
        for key, child in inside(value).items():
            name = f"{path}.{key}" if path else str(key)
            budget.opcode()
            budget.text(len(name))
            waiting.append((name, child))


DICTIONARIES = {Global("collections", "OrderedDict"), Global("dnnlib.util", "EasyDict")}


def kind(value: Any) -> str:
    """Returns a few words on what a value is, for a message."""
    if isinstance(value, Reduced):
        return f"a record of {shown(str(value.callable))}"
    name = type(value).__name__
    return f"{'an' if name[0] in 'aeiou' else 'a'} {name}"
