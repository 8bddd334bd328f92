"""`graftgan blend DELTA[=WEIGHT]...`."""

from graftgan.cli.arguments import parse
from graftgan.recipes import blend

UNLIKE = "to the bit what its run wrote: another machine rounds differently, or the delta was changed"


def main(words: list[str]) -> None:
    """Blends deltas, and says of what and where."""
    done = blend.run(parse(blend.BlendOptions, words, "blend", positional=("deltas",)))
    for part in done.parts:
        kept = "to the bit what its run wrote" if part.exact else f"not {UNLIKE}"
        print(f"{part.weight:g} x {part.name}: {part.delta.method}, alone {kept}")
    print(f"model: {done.folder}\npicture: {done.folder / 'blend.png'}")
    print(f"The source {done.source} is as it was: to remove a delta is to use the source.")
