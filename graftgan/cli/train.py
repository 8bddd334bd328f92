"""`graftgan train IMAGES`."""

from graftgan.cli.arguments import given, parse
from graftgan.recipes import train


def main(words: list[str]) -> None:
    """Trains a source and says where it is."""
    folder = train.run(parse(train.TrainOptions, words, "train", positional=("images",)), given(words))
    print(f"model: {folder / 'model'}")
