"""`graftgan sample MODEL`."""

from graftgan.cli.arguments import parse
from graftgan.recipes import sample


def main(words: list[str]) -> None:
    """Draws pictures and says where they are."""
    done = sample.draw(parse(sample.SampleOptions, words, "sample", positional=("model",)))
    print(f"pictures: {done.folder}")
    for path in [path for path in done.files if path.name != "grid.png"]:
        print(f"{'film:' if path.suffix != '.png' else path.stem + ':':9} {path}")
    if done.left_out:
        print(f"grid.png shows the first of them, and leaves out {done.left_out}.")
