"""`graftgan prepare PHOTOS OUT`."""

from graftgan.cli.arguments import parse
from graftgan.recipes import prepare


def main(words: list[str]) -> None:
    """Converts pictures and says how many were kept, and why others were not."""
    options = parse(prepare.PrepareOptions, words, "prepare", positional=("photos", "out"))
    print("\n".join(prepare.summary(prepare.run(options))))
    print(f"pictures and photos.csv: {options.out}")
