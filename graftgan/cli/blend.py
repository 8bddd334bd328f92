"""`graftgan blend DELTA[=WEIGHT]...`."""

from graftgan.cli.arguments import parse
from graftgan.recipes import blend


def main(words: list[str]) -> None:
    """Blends deltas, and says of what and where."""
    done = blend.run(parse(blend.BlendOptions, words, "blend", positional=("deltas",)))
    for part in done.parts:
        kept = "to the bit what its run wrote" if part.exact else "what its run wrote, up to rounding on this machine"
        print(f"{part.weight:g} x {part.name}: {part.delta.method}, alone {kept}")
    print(f"model: {done.folder}\npicture: {done.folder / 'blend.png'}")
    print(f"The source {done.source} is as it was: to remove a delta is to use the source.")
