"""`graftgan compare PHOTOS`."""

from graftgan.cli.arguments import given, parse
from graftgan.recipes import compare
from graftgan.recipes.compare_page import lines
from graftgan.recipes.contest import CompareOptions


def main(words: list[str]) -> None:
    """Compares, then prints the table and names the report."""
    compared = compare.run(parse(CompareOptions, words, "compare", positional=("photos",)), given(words))
    print("\n".join(lines(compared.results)))
    print(f"report: {compared.folder / 'report.html'}")
