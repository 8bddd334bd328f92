"""How a reader of untrusted bytes says no: a reason, to which the outermost reader adds the file's name."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from graftgan.errors import UserError

LONGEST_SHOWN = 60


class Refusal(Exception):
    """The bytes are not what may be read; the message is the reason, without the file's name."""


@contextlib.contextmanager
def naming(file: str | Path) -> Iterator[None]:
    """Turns whatever goes wrong in reading a file into one line that names it.

    Args:
        file: what to call it.

    Raises:
        UserError: the file is refused.

    >>> with naming("a.pkl"):
    ...     raise Refusal("it is empty")
    Traceback (most recent call last):
    graftgan.errors.UserError: a.pkl: it is empty
    """
    try:
        yield
    except UserError as error:
        if str(error).startswith(str(file)):
            raise
        raise UserError(f"{file}: {error}") from error
    except Refusal as error:
        raise UserError(f"{file}: {error}") from error
    except OSError as error:
        raise UserError(f"{file}: {error.strerror or error}") from error
    # The fuzz target goes in below this line, so that none of these is hidden from it.
    except (Exception, MemoryError) as error:
        raise UserError(f"{file}: cannot be read as data ({type(error).__name__})") from error


def shown(value: Any) -> str:
    """Returns something out of an untrusted file for a message: printable, and short.

    >>> shown("a" * 100) == "'" + "a" * 59 + "..."
    True
    """
    text = ascii(value[: 2 * LONGEST_SHOWN] if isinstance(value, str | bytes) else value)
    return text if len(text) <= LONGEST_SHOWN + 2 else text[:LONGEST_SHOWN] + "..."
