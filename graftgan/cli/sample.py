"""`graftgan sample MODEL`."""

from graftgan.cli.arguments import parse
from graftgan.recipes import sample


def main(words: list[str]) -> None:
    """Draws pictures and says where they are."""
    print(f"pictures: {sample.run(parse(sample.SampleOptions, words, 'sample', positional=('model',)))}")
