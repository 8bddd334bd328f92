"""From words to an options dataclass: flags, help and types all come from its fields."""

import ast
import contextlib
import dataclasses
import importlib
import inspect
import io
import textwrap
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, TypeVar, get_origin, get_type_hints

import tyro

from graftgan.choices import suggestion
from graftgan.errors import UserError

Options = TypeVar("Options")

NAMES: Mapping[str, str] = {
    "methods": "graftgan.methods:METHODS",
    "settings": "graftgan.methods:METHODS",
    "networks": "graftgan.networks:NETWORKS",
    "losses": "graftgan.losses:LOSSES",
    "augments": "graftgan.augment:AUGMENTS",
    "policies": "graftgan.augment.diffaug:POLICIES",
    "encoders": "graftgan.features:ENCODERS",
    "perceptual": "graftgan.features.lpips:PERCEPTUAL",
    "resizes": "graftgan.features.resize:RESIZES",
    "metrics": "graftgan.metrics:METRICS",
    "algorithms": "graftgan.metalearning:ALGORITHMS",
}
"""What stands for `{methods}` and the like in a docstring: a dictionary, imported only where it is asked for."""


def parse(kind: type[Options], words: list[str], verb: str, positional: tuple[str, ...] = ()) -> Options:
    """Returns the options that the words of a command line describe.

    Args:
        kind: a frozen dataclass; each field with its docstring becomes a flag.
        words: after the verb.
        verb: for help and messages.
        positional: fields that may be given without a flag, in order, before or after the flags.

    Returns:
        An instance of `kind`.

    Raises:
        UserError: an unknown flag (answered with the nearest one), a missing or malformed value, one word too many.
        SystemExit: `--help` was asked for and printed.
    """
    hints = get_type_hints(kind)
    refuse_unknown_flags(words, hints)
    words = place(words, hints, positional)
    usage = " ".join(["graftgan", verb, *(name.upper() for name in positional)])
    form = as_form(kind, hints)
    try:
        with contextlib.nullcontext() if {"--help", "-h"} & set(words) else silence():
            found = tyro.cli(form, args=words, prog=usage, description=inspect.getdoc(kind))
    except SystemExit as end:
        if not end.code:
            raise
        raise UserError(reason(words, hints)) from None
    return kind(**{field.name: getattr(found, field.name) for field in dataclasses.fields(form)})


def as_form(kind: type[Any], hints: dict[str, Any]) -> type[Any]:
    """Returns a plain dataclass of the same fields whose help says which names there are to choose from."""
    helps = field_docs(kind)
    fields = []
    for field in dataclasses.fields(kind):
        about = helps.get(field.name, "")
        for placeholder in NAMES:
            if "{" + placeholder + "}" in about:
                about = about.replace("{" + placeholder + "}", ", ".join(names_of(placeholder)))
        hint: Any = hints[field.name]
        told: Any = Annotated[hint, tyro.conf.arg(help=about)]
        fields.append((field.name, told, dataclasses.field(default=field.default)))
    return dataclasses.make_dataclass(kind.__name__, fields, kw_only=True)


def names_of(placeholder: str) -> list[str]:
    """Returns the names that stand for a placeholder; for `settings` those of every method, with their defaults.

    >>> names_of("losses")[2]
    'hinge'
    """
    room, _, name = NAMES[placeholder].partition(":")
    found: Mapping[str, Any] = getattr(importlib.import_module(room), name)
    if placeholder != "settings":
        return list(found)
    return [
        f"{field.name} of {method} ({field.default})"
        for method, kind in found.items()
        for field in dataclasses.fields(kind)
    ]


def field_docs(kind: type[Any]) -> dict[str, str]:
    """Returns the docstring under each field of a dataclass and of those it inherits from, as one line."""
    found = {}
    for owner in reversed([owner for owner in kind.__mro__ if "__annotations__" in vars(owner)]):
        (tree,) = ast.parse(textwrap.dedent(inspect.getsource(owner))).body
        assert isinstance(tree, ast.ClassDef)
        for field, below in zip(tree.body, tree.body[1:], strict=False):
            if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and isinstance(below, ast.Expr):
                found[field.target.id] = " ".join(str(ast.literal_eval(below.value)).split())
    return found


def place(words: list[str], hints: dict[str, Any], positional: tuple[str, ...]) -> list[str]:
    """Returns the words with bare ones, wherever they stand, turned into the flags of the positional fields.

    A flag takes the word after it; a switch takes none, and a flag of several values takes all up to the next flag,
    except that a word without `=`, if not the first, goes to a positional field that still lacks its own. A positional
    field of several values takes all words up to the next flag.

    Raises:
        UserError: there are more bare words than positional fields.
    """
    free = [name for name in positional if flag(name) not in {word.partition("=")[0] for word in words}]
    placed: list[str] = []
    left = list(words)
    while left:
        word = left.pop(0)
        if not is_flag(word):
            if not free:
                raise UserError(f"{word}: one word too many (flags begin with --: {flag_list(hints)})")
            name = free.pop(0)
            placed += [flag(name), word]
            while get_origin(hints[name]) is tuple and left and not is_flag(left[0]):
                placed.append(left.pop(0))
            continue
        placed.append(word)
        hint = hints.get(field_of(word))
        if "=" in word or hint is None or hint is bool:
            continue
        many = get_origin(hint) is tuple
        taken = 0
        while left and not is_flag(left[0]) and not (many and taken and free and "=" not in left[0]):
            placed.append(left.pop(0))
            taken += 1
            if not many:
                break
    return placed


def refuse_unknown_flags(words: list[str], hints: dict[str, Any]) -> None:
    """Raises UserError for a flag that no field stands for."""
    known = [flag(name) for name in hints]
    known += [f"--no-{name.replace('_', '-')}" for name, hint in hints.items() if hint is bool]
    for word in words:
        name = word.partition("=")[0].replace("_", "-")
        if is_flag(word) and name not in [*known, "--help", "-h"]:
            raise UserError(f"unknown option {name}: {suggestion(name, known)}")


def reason(words: list[str], hints: dict[str, Any]) -> str:
    """Returns one line on why the words could not be understood: the flag whose value does not fit its type."""
    for index, word in enumerate(words):
        name, equals, value = word.partition("=")
        hint = hints.get(field_of(word)) if is_flag(word) else None
        if hint is None or (hint is bool and not equals):
            continue
        if not equals:
            value = words[index + 1] if index + 1 < len(words) else ""
        wanted = KINDS.get(hint, str(getattr(hint, "__name__", hint)))
        if not value or (not equals and is_flag(value)):
            return f"{name}: a value is missing ({wanted})"
        try:
            with silence():
                tyro.cli(Annotated[hint, tyro.conf.Positional], args=[value])  # type: ignore[call-overload]
        except SystemExit:
            return f"{name} {value}: not {wanted}"
    return f"could not be understood: {' '.join(words)}"


KINDS: dict[Any, str] = {
    int: "a whole number",
    int | None: "a whole number",
    float: "a number",
    float | None: "a number",
    str: "a word",
    str | None: "a word",
    bool: "a switch, which takes no value",
}


@contextlib.contextmanager
def silence() -> Iterator[None]:
    """Keeps the parser's own account of an error, many lines long, off the terminal."""
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        yield


def is_flag(word: str) -> bool:
    """Returns whether a word is a flag, and not a value such as `-1`."""
    if not word.startswith("-") or word == "-":
        return False
    try:
        float(word)
    except ValueError:
        return True
    return False


def flag(name: str) -> str:
    """Returns the flag of a field."""
    return f"--{name.replace('_', '-')}"


def field_of(word: str) -> str:
    """Returns the name of the field that a flag would stand for."""
    return word.partition("=")[0].removeprefix("--").replace("-", "_")


def flag_list(hints: dict[str, Any]) -> str:
    """Returns the flags of the fields, parted by spaces."""
    return " ".join(flag(name) for name in hints)


def given(words: list[str]) -> set[str]:
    """Returns the fields that a command line names, whatever value it gives them.

    Example:
        >>> sorted(given(["photos", "--lr-g", "0.1", "--no-flip"]))
        ['flip', 'lr_g']
    """
    names = [word.partition("=")[0].removeprefix("--").replace("-", "_") for word in words if word.startswith("--")]
    return {name.removeprefix("no_") for name in names}
