"""`graftgan export MODEL [OUT]`."""

import sys

from graftgan.cli.arguments import parse
from graftgan.recipes import export


def main(words: list[str]) -> None:
    """Exports a model, and says where it is and how far its pictures are from PyTorch's."""
    options = parse(export.ExportOptions, words, "export", positional=("model", "out"))
    done = export.run(options, lambda line: print(f"graftgan export: {line}", file=sys.stderr, flush=True))
    if done.path is not None:
        print(f"file: {done.path} ({done.path.stat().st_size / 1e6:.1f} MB)")
    if done.difference is not None:
        print(
            f"largest difference from PyTorch's pictures: {done.difference:.1e} (batch 1 and 3, truncation 1 and 0.7)"
        )
    if done.address:
        print(f"hub: {done.address}")
