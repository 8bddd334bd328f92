"""Where pictures come from: a folder at any depth, or a zip, listed and read, never written or extracted.

A file that may not be opened is an entry too, with the reason, so that nobody is left out of the account.
"""

import os
import stat
from pathlib import Path

from graftgan.data.archive import ZipSource
from graftgan.data.entry import Source, brief
from graftgan.data.folder import FolderSource
from graftgan.data.rows import printable_name
from graftgan.errors import UserError


def open_source(path: Path | str) -> Source:
    """List a folder or a zip.

    Args:
        path: a folder, searched at any depth, or a zip file. Links inside a folder are read when they lead
            to a plain file inside the same folder; folders that are links are not entered.

    Returns:
        The source with its entries sorted by name.

    Raises:
        UserError: nothing is there, or it is neither a folder nor a zip, or it may not be read.
    """
    path = Path(path)
    shown = printable_name(str(path))
    try:
        mode = os.stat(path).st_mode
    except (OSError, ValueError) as error:
        raise UserError(f"no folder or zip of pictures at {shown} ({brief(error)})") from error
    if stat.S_ISDIR(mode):
        return FolderSource(path)
    if not stat.S_ISREG(mode):
        raise UserError(f"{shown} is neither a folder nor a zip of pictures")
    return ZipSource(path)


def is_inside(path: Path, source: Path) -> bool:
    """Whether `path` is the source or lies in it, links resolved."""
    inner, outer = os.path.realpath(path), os.path.realpath(source)
    return inner == outer or inner.startswith(os.path.join(outer, ""))
