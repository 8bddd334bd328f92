"""`graftgan convert FILE OUT`."""

from graftgan.cli.arguments import parse
from graftgan.recipes import convert


def main(words: list[str]) -> None:
    """Converts a checkpoint, and says what was taken of it and what was not."""
    options = parse(convert.ConvertOptions, words, "convert", positional=("file", "out"))
    print("\n".join(convert.run(options).about["load_report"]))
    print(f"model: {options.out}")
