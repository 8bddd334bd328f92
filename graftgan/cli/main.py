"""The command line: finds the verb, runs it, turns errors into one line and an exit code.

Nothing heavy is imported before a verb asks for it, so that help is on the screen at once.
"""

import importlib
import sys

from graftgan.choices import suggestion
from graftgan.errors import GraftganError

# verb -> what it does; each is a file of this folder with a function `main(arguments)`
VERBS: dict[str, str] = {
    "demo": "the main job on the embedded source and ten embedded pictures",
    "adapt": "the main job: PHOTOS and a source -> adapted generator, samples, metrics, report",
    "train": "a source model from scratch, from a folder or zip of pictures",
    "sample": "pictures by seed from a model or a run",
    "prepare": "check and convert pictures; one row a file on what was done or why it was refused",
    "sources": "the source models available here",
}

HELP = """graftgan: ten images in, a generator out.

usage: graftgan VERB [options]        graftgan VERB --help

{verbs}

First try:   graftgan demo
Your own:    graftgan adapt PHOTOS    (a folder at any depth, or a zip)
"""


def main(arguments: list[str] | None = None) -> int:
    """Runs one verb.

    Args:
        arguments: words after `graftgan`; None takes them from the process.

    Returns:
        The exit code: 0 done, 2 input refused, 3 stopped early with a valid checkpoint, 4 failed numerically.
    """
    words = sys.argv[1:] if arguments is None else arguments
    if not words or words[0] in ("-h", "--help", "help"):
        print(HELP.format(verbs="\n".join(f"  {verb:9} {what}" for verb, what in VERBS.items())))
        return 0
    if words[0] in ("-V", "--version"):
        from importlib.metadata import version

        print(f"graftgan {version('graftgan')}")
        return 0
    try:
        if words[0] not in VERBS:
            print(f"graftgan: {words[0]}: {suggestion(words[0], VERBS)}", file=sys.stderr)
            return 2
        module = importlib.import_module(f"graftgan.cli.{words[0]}")
        module.main(words[1:])
    except GraftganError as error:
        print(f"graftgan {words[0]}: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print(f"graftgan {words[0]}: interrupted", file=sys.stderr)
        return 130
    return 0


def run() -> None:
    """What the installed command calls."""
    sys.exit(main())
