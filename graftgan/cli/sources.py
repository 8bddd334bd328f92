"""`graftgan sources`."""

from dataclasses import dataclass

from graftgan.cli.arguments import parse
from graftgan.zoo.sources import EMBEDDED, find_source


@dataclass(frozen=True)
class SourcesOptions:
    """Lists the source models available here."""


def main(words: list[str]) -> None:
    """Prints a line for each source: its name, what it draws and where its card is."""
    parse(SourcesOptions, words, "sources")
    for name, what in EMBEDDED.items():
        print(f"{name}  {what}\n{'':{len(name)}}  {find_source(name) / 'README.md'}")
