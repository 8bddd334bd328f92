"""Packages that only some ways out of the house need."""

import importlib

from graftgan.errors import UserError


def require(option: str, extra: str, *modules: str) -> None:
    """Refuses an option whose packages are not installed.

    Args:
        option: what the user asked for, as he wrote it.
        extra: of graftgan, that installs them.
        modules: to import.

    Raises:
        UserError: one of them is missing; says what to install.
    """
    for module in modules:
        try:
            importlib.import_module(module)
        except ImportError as error:
            raise UserError(f"{option} needs {module}: pip install 'graftgan[{extra}]'") from error
