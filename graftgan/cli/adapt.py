"""`graftgan adapt PHOTOS`."""

from graftgan.cli.arguments import given, parse
from graftgan.recipes import adapt
from graftgan.recipes.judgement import lines
from graftgan.recipes.result import Result


def main(words: list[str]) -> None:
    """Adapts, then names the report and prints the metric lines."""
    say(adapt.run(parse(adapt.AdaptOptions, words, "adapt", positional=("photos",)), given(words)))


def say(result: Result) -> None:
    """Prints what a finished adaptation leaves."""
    print("\n".join(lines(result.metrics)))
    print(f"model:  {result.folder / 'model'}")
    print(f"report: {result.folder / 'report.html'}")
