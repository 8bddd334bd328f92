"""From words to an options dataclass: flags, help and types all come from its fields."""

import dataclasses
from typing import Annotated, Any, TypeVar, get_type_hints

import tyro

from graftgan.choices import suggestion
from graftgan.errors import UserError

Options = TypeVar("Options")


def parse(kind: type[Options], words: list[str], verb: str, positional: tuple[str, ...] = ()) -> Options:
    """Returns the options that the words of a command line describe.

    Args:
        kind: a frozen dataclass; each field with its docstring line becomes a flag.
        words: after the verb.
        verb: for help and messages.
        positional: fields that are given without a flag, in order; each may be left out if it has a default.

    Returns:
        An instance of `kind`.

    Raises:
        UserError: an unknown flag (answered with the nearest one), a missing or malformed value.
        SystemExit: `--help` was asked for and printed.
    """
    fields = {field.name: field for field in dataclasses.fields(kind)}  # type: ignore[arg-type]
    words = place(words, fields, positional)
    refuse_unknown_flags(words, fields)
    try:
        return tyro.cli(kind, args=words, prog=f"graftgan {verb}", console_outputs="--help" in words or "-h" in words)
    except SystemExit as end:
        if not end.code:
            raise
    raise UserError(reason(words, fields, get_type_hints(kind, include_extras=True)))


def place(words: list[str], fields: dict[str, Any], positional: tuple[str, ...]) -> list[str]:
    """Returns the words with leading bare ones turned into the flags of the positional fields."""
    placed: list[str] = []
    names = list(positional)
    for index, word in enumerate(words):
        if word.startswith("-") and word != "-":
            return placed + list(words[index:])
        if not names:
            raise UserError(f"{word}: one word too many (flags begin with --: {flag_list(fields)})")
        placed += [flag(names.pop(0)), word]
    return placed


def refuse_unknown_flags(words: list[str], fields: dict[str, Any]) -> None:
    """Raises UserError for a flag that no field stands for."""
    known = [flag(name) for name in fields]
    known += [f"--no-{name.replace('_', '-')}" for name, field in fields.items() if field.type in (bool, "bool")]
    for word in words:
        if not word.startswith("--"):
            continue
        name = word.partition("=")[0].replace("_", "-")
        if name not in [*known, "--help"]:
            raise UserError(f"unknown option {name}: {suggestion(name, known)}")


def reason(words: list[str], fields: dict[str, Any], hints: dict[str, Any]) -> str:
    """Returns one line on why the words could not be understood: the flag whose value does not fit its type."""
    for index, word in enumerate(words):
        name, equals, value = word.partition("=")
        field = name.removeprefix("--").replace("-", "_")
        if field not in fields:
            continue
        if not equals:
            value = words[index + 1] if index + 1 < len(words) else ""
        wanted = str(getattr(hints[field], "__name__", hints[field])).replace(" | None", "")
        if not value or value.startswith("--"):
            if wanted != "bool":
                return f"{name}: a value is missing ({wanted})"
            continue
        try:
            tyro.cli(Annotated[hints[field], tyro.conf.Positional], args=[value], console_outputs=False)  # type: ignore[call-overload]
        except SystemExit:
            return f"{name} {value}: not a value of its kind ({wanted})"
    return f"could not be understood: {' '.join(words)}"


def flag(name: str) -> str:
    """Returns the flag of a field."""
    return f"--{name.replace('_', '-')}"


def flag_list(fields: dict[str, Any]) -> str:
    """Returns the flags of the fields, parted by spaces."""
    return " ".join(flag(name) for name in fields)
