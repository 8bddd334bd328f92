"""`graftgan replay PICTURE`."""

from graftgan.cli.arguments import parse
from graftgan.errors import UserError
from graftgan.recipes import replay


def main(words: list[str]) -> None:
    """Makes a picture again and says whether it is the same."""
    done = replay.run(parse(replay.ReplayOptions, words, "replay", positional=("picture",)))
    if done.note:
        print(done.note)
    if not done.same:
        raise UserError(
            f"{done.path} is not the same: pixels differ by up to {done.difference} levels of 255. The old file was "
            "changed, or compressed by another encoder; the new one is what its seeds and model give here"
        )
    verdict = "every pixel is equal" if done.equal else "pixels differ by 1 level of 255 at most, which is rounding"
    print(f"replayed: {done.path}\nmodel:    {done.model}\n{verdict}")
