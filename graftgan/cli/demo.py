"""`graftgan demo`."""

from graftgan.cli.adapt import say
from graftgan.cli.arguments import parse
from graftgan.recipes import demo


def main(words: list[str]) -> None:
    """Runs the demo, then names the report and prints the metric lines."""
    say(demo.run(parse(demo.DemoOptions, words, "demo")))
