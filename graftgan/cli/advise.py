"""`graftgan advise PHOTOS`."""

from graftgan.cli.arguments import parse
from graftgan.recipes import advise
from graftgan.recipes.advise_page import lines


def main(words: list[str]) -> None:
    """Advises, then prints the ranking, the recommendation and the command that takes it."""
    advice = advise.run(parse(advise.AdviseOptions, words, "advise", positional=("photos",)))
    print("\n".join(lines(advice.found)))
    print(f"page: {advice.folder / 'advice.html'}")
