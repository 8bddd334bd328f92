"""Which pictures the warnings of collapse and copying fire on: made collapses, copies, sound pictures, finished runs.

Of each set (a folder or zip) ten pictures are the photos. Ten collapses are made of them, of the source's samples and
of a picture of the next set, and a generator that copies the photos (mirrored, moved, tinted). Sound are 64 pictures
of the set that are not among the photos, as many of every other set, and 64 samples of the source; another 64 unseen
pictures are the hold-out. Finished runs of `graftgan adapt` are judged by their model, and taken for sound.

    python benchmarks/alarms.py SET SET [SET ...] [--draw 0] [--encoder efficientnet-lite0] [--runs RUN ...]

Prints a Markdown table and totals. Asked: the collapse warning on every made collapse and on at most 1 of 20 sound
rows; every copy flagged. Four sets are 1,300 pictures to encode, about a minute of one core; features are cached.
"""

import argparse
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from graftgan.data import choose_shots, load_pictures
from graftgan.features import ENCODERS, Encoder, encode_cached
from graftgan.metrics.collapse import collapse_warning, diversity
from graftgan.metrics.copying import copy_share, copying_warning
from graftgan.recipes.adapt import AdaptOptions
from graftgan.recipes.options import from_json
from graftgan.recipes.pictures import read_pictures
from graftgan.recipes.subject import drawn
from graftgan.sampling.photo_copies import photo_copies
from graftgan.sampling.sample import sample
from graftgan.training.run_folder import RunFolder
from graftgan.zoo.model_folder import load_model
from graftgan.zoo.sources import DEFAULT_SOURCE, find_source

SAMPLES, SHOTS, SIDE = 64, 10, 64
COLLAPSED, COPIES, SOUND, RUN = "collapse", "copies", "sound", "run"
HEADER = "| set | pictures | kind | diversity | collapse | copies | copying | with hold-out |"


@dataclass(frozen=True)
class Set:
    """Features of one set.

    Attributes:
        name: of the folder or zip.
        photos: (10, dim).
        unseen: (64, dim), none of them a photo.
        holdout: (64, dim), none of them a photo or unseen.
        copies: (64, dim), of all photos, mirrored, moved and tinted.
        one: (64, dim), the same of the first photo.
        other: (32, dim), the same of the second.
    """

    name: str
    photos: np.ndarray
    unseen: np.ndarray
    holdout: np.ndarray
    copies: np.ndarray
    one: np.ndarray
    other: np.ndarray


@dataclass(frozen=True)
class Row:
    """What was measured and said of 64 pictures."""

    of: str
    case: str
    kind: str
    diversity: float
    collapse: bool
    copies: float
    copying: bool
    beside: bool | None

    def line(self) -> str:
        """The table's row."""
        marks = [
            "–" if mark is None else "fired" if mark else "" for mark in (self.collapse, self.copying, self.beside)
        ]
        return (
            f"| {self.of} | {self.case} | {self.kind} | {self.diversity:.3f} | {marks[0]} "
            f"| {self.copies:.2f} | {marks[1]} | {marks[2]} |"
        )


def see(eye: Encoder, pictures: np.ndarray) -> np.ndarray:
    """Features of pictures, grey ones as colour."""
    colour = pictures if pictures.shape[-1] == 3 else pictures.repeat(3, axis=-1)
    return encode_cached(eye, np.ascontiguousarray(colour))


def repeated(rows: np.ndarray) -> np.ndarray:
    """64 rows: those given, in turn."""
    return rows[np.arange(SAMPLES) % len(rows)]


def read_set(path: Path, draw: int, eye: Encoder) -> Set:
    """Features of one set, by one draw of ten photos."""
    pixels = load_pictures(path, SIDE).pixels
    chosen = choose_shots(len(pixels), SHOTS, draw)
    rest = np.random.default_rng(draw).permutation(np.setdiff1d(np.arange(len(pixels)), chosen))
    photos = np.asarray(pixels[chosen])
    return Set(
        path.stem,
        see(eye, photos),
        see(eye, pixels[rest[:SAMPLES]]),
        see(eye, pixels[rest[SAMPLES : 2 * SAMPLES]]),
        see(eye, photo_copies(photos, 0, SAMPLES, draw)),
        see(eye, photo_copies(photos[:1], 0, SAMPLES, draw)),
        see(eye, photo_copies(photos[1:2], 0, SAMPLES // 2, draw)),
    )


def collapses(
    own: Set, foreign: Set, source: np.ndarray, sample_moved: np.ndarray, grey: np.ndarray
) -> dict[str, np.ndarray]:
    """Ten collapsed generators, 64 rows each, as an adversarial run that goes wrong makes them.

    Args:
        own: whose photos were trained on.
        foreign: another set.
        source: features (64, dim) of the source's samples.
        sample_moved: features (64, dim) of one of them, mirrored, moved and tinted.
        grey: features (1, dim) of a grey field.
    """
    return {
        "a constant grey field": repeated(grey),
        "one sample of the source": repeated(source[:1]),
        "one photo": repeated(own.photos[2:3]),
        "two photos": repeated(own.photos[3:5]),
        "one photo, moved and tinted": own.one,
        "two photos, moved and tinted": np.concatenate([own.one[:32], own.other]),
        "one sample of the source, moved and tinted": sample_moved,
        f"one picture of {foreign.name}, moved and tinted": foreign.one,
        "a sample and a photo, moved and tinted, 3 to 1": np.concatenate([sample_moved[:48], own.one[:16]]),
        "one sample 4 times of 5": np.concatenate([source[:1].repeat(52, axis=0), source[:12]]),
    }


def judged(of: str, case: str, kind: str, fake: np.ndarray, photos: np.ndarray, holdout: np.ndarray | None) -> Row:
    """One row."""
    return Row(
        of,
        case,
        kind,
        diversity(fake, photos).value,
        collapse_warning(fake, photos) is not None,
        copy_share(fake, photos).value,
        copying_warning(fake, photos) is not None,
        None if holdout is None else copying_warning(fake, photos, holdout) is not None,
    )


def rows_of_sets(sets: list[Set], eye: Encoder) -> list[Row]:
    """Every case of every set."""
    pictures = sample(load_model(find_source(DEFAULT_SOURCE)).generator, range(SAMPLES))
    source, moved = see(eye, pictures), see(eye, photo_copies(pictures[:1], 0, SAMPLES, 0))
    grey = see(eye, np.full((1, SIDE, SIDE, 3), 128, np.uint8))
    rows = []
    for at, own in enumerate(sets):
        foreign = sets[(at + 1) % len(sets)]
        cases = {name: (COLLAPSED, made) for name, made in collapses(own, foreign, source, moved, grey).items()}
        cases |= {"the photos, moved and tinted": (COPIES, own.copies), "unseen": (SOUND, own.unseen)}
        cases |= {f"unseen of {other.name}": (SOUND, other.unseen) for other in sets if other is not own}
        cases |= {"samples of the source": (SOUND, source)}
        rows += [judged(own.name, case, kind, fake, own.photos, own.holdout) for case, (kind, fake) in cases.items()]
    return rows


def row_of_run(folder: Path, eye: Encoder) -> Row:
    """What is said of a finished run's model."""
    record = RunFolder.open(folder, hold=False).read_record()
    model = load_model(folder / "model").generator
    options = from_json(AdaptOptions, record["options"])
    photos, holdout = read_pictures(options, record["images"], model.resolution, chief=False)
    real = None if holdout is None else see(eye, drawn(holdout.pixels, SAMPLES))
    return judged(folder.name, "the model", RUN, see(eye, sample(model, range(SAMPLES))), see(eye, photos.pixels), real)


def totals(rows: list[Row]) -> list[str]:
    """How often each warning fired, of how many rows, by kind, with the extremes of what it looks at."""
    found = []
    for kind in (COLLAPSED, COPIES, SOUND, RUN):
        ours = [row for row in rows if row.kind == kind]
        if ours:
            beside = [row.beside for row in ours if row.beside is not None]
            spread = [row.diversity for row in ours]
            shares = [row.copies for row in ours]
            held = f", with hold-out {sum(beside)} of {len(beside)}" if beside else ""
            found.append(
                f"{kind}: collapse fired {sum(row.collapse for row in ours)} of {len(ours)} "
                f"(diversity {min(spread):.3f} to {max(spread):.3f}); copying {sum(row.copying for row in ours)} of "
                f"{len(ours)}{held} (copies {min(shares):.2f} to {max(shares):.2f})"
            )
    return found


def main() -> None:
    """Prints a row a set and case, a row a run, and the totals."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sets", type=Path, nargs="*", help="folders or zips of pictures, two at least")
    parser.add_argument("--draw", type=int, default=0, help="of ten photos")
    parser.add_argument("--encoder", choices=ENCODERS, default="efficientnet-lite0")
    parser.add_argument("--runs", type=Path, nargs="*", default=[], help="folders of finished runs, taken for sound")
    options = parser.parse_args()
    if len(options.sets) == 1:
        parser.error("two sets are needed: one is the other's foreign domain")
    warnings.simplefilter("ignore")  # of pictures that cannot be read
    eye = ENCODERS[options.encoder](torch.device("cpu"))
    rows = rows_of_sets([read_set(path, options.draw, eye) for path in options.sets], eye) if options.sets else []
    rows += [row_of_run(folder, eye) for folder in options.runs]
    print(f"{HEADER}\n{'|---' * 8}|")
    for row in rows:
        print(row.line())
    print()
    for line in totals(rows):
        print(line)


if __name__ == "__main__":
    main()
