"""Answering a wrong name with the nearest right one."""

import difflib
from collections.abc import Iterable

from graftgan.errors import UserError


def check_choice(option: str, value: str, choices: Iterable[str]) -> None:
    """Refuses a value that is not among the choices.

    Args:
        option: named in the message, as the user writes it: `--method`.
        value: what the user gave.
        choices: what is valid.

    Raises:
        UserError: names option, value, the nearest valid one, and all of them.

    Example:
        >>> check_choice("--loss", "hinge", ["hinge", "minimax"])
    """
    choices = list(choices)
    if value in choices:
        return
    raise UserError(f"{option} {value}: {suggestion(value, choices)}")


def suggestion(value: str, choices: Iterable[str]) -> str:
    """Returns `did you mean X? (choose from ...)` for a wrong value."""
    choices = list(choices)
    near = difflib.get_close_matches(value, choices, n=1, cutoff=0.5)
    listed = f"choose from {', '.join(choices)}"
    return f"did you mean {near[0]}? ({listed})" if near else f"unknown ({listed})"
