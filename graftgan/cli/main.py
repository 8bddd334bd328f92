"""The command line: finds the verb, runs it, turns errors into one line and an exit code.

Nothing heavy is imported before a verb asks for it, so that help is on the screen at once.
"""

import contextlib
import importlib
import io
import os
import sys
import warnings

from graftgan.choices import suggestion
from graftgan.errors import GraftganError, UserError

# verb -> what it does; each is a file of this folder with a function `main(arguments)`
VERBS: dict[str, str] = {
    "demo": "the main job on the embedded source and ten embedded pictures",
    "adapt": "the main job: PHOTOS and a source -> adapted generator, samples, metrics, report",
    "advise": "ranks the sources for PHOTOS, recommends method, budget and settings, and says why",
    "train": "a source model from scratch, from a folder or zip of pictures",
    "meta": "a source that has learnt to be adapted, from TASKS: one folder of pictures a class",
    "sample": "pictures by seed from a model or a run; grids, style mixtures and films",
    "replay": "makes a picture or film of `sample` again, from what the file says of itself",
    "evaluate": "the metric table of MODEL_OR_FOLDER against --reference, each number with its protocol",
    "compare": "the same job by several --methods under one budget, beside the controls",
    "blend": "small deltas of one source, put on it by weight: DELTA[=WEIGHT]... --out MODEL",
    "prepare": "check and convert pictures; one row a file on what was done or why it was refused",
    "convert": "another project's checkpoint (NVIDIA .pkl, rosinality .pt) into a model folder, executing none of it",
    "export": "MODEL as one ONNX, safetensors or pt2 file, or on the model hub",
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
    if words[0] not in VERBS:
        print(f"graftgan: {words[0]}: {suggestion(words[0], VERBS)}", file=sys.stderr)
        return 2
    with contextlib.ExitStack() as stack:
        stack.enter_context(warnings.catch_warnings())
        warnings.showwarning = lambda message, *_: say(words[0], f"warning: {message}")  # type: ignore[assignment]
        if helps():
            stack.enter_context(contextlib.redirect_stdout(io.StringIO()))
        return answer(words[0], words[1:])


def answer(verb: str, words: list[str]) -> int:
    """Runs a verb; turns its errors into one line and an exit code."""
    try:
        importlib.import_module(f"graftgan.cli.{verb}").main(words)
    except SystemExit as end:
        return int(end.code or 0)
    except GraftganError as error:
        if helps():  # the first process says it; an exit code here would have the launcher kill that process
            if isinstance(error, UserError):
                say(verb, f"(in a helping process) {error}")
            return 0
        say(verb, str(error))
        return error.exit_code
    except OSError as error:
        say(verb, f"{error.filename or 'the disk'}: {error.strerror or error}")
        return 2
    except KeyboardInterrupt:
        say(verb, "interrupted")
        return 130
    return 0


def helps() -> bool:
    """Returns whether this is one of several processes of a run, and not the first."""
    return os.environ.get("LOCAL_RANK", "0") != "0" or os.environ.get("NODE_RANK", "0") != "0"


def say(verb: str, line: str) -> None:
    """Prints one line for the user."""
    print(f"graftgan {verb}: {' '.join(line.split())}", file=sys.stderr)


def run() -> None:
    """What the installed command calls."""
    sys.exit(main())
