"""How often the warnings of collapse and copying fire: on made collapses and copies, unseen pictures, finished runs.

For each set of pictures (a folder or zip) and draw, ten pictures are the photos. Ten collapses are made of them and
of the source's samples, a generator that copies the photos (mirrored, moved, tinted), and, as those that must not be
warned of, pictures of the set that are not among the photos. Finished runs of `graftgan adapt` are judged by their
model.

    python benchmarks/alarms.py SET [SET ...] [--draws 2] [--runs RUN ...]

Asked: the collapse warning on 10 of 10 made collapses and on at most 1 of 20 healthy ones; copying flagged in every
draw.
"""

import argparse
import warnings
from pathlib import Path

import numpy as np
import torch

from graftgan.data import choose_shots, load_pictures
from graftgan.features import ENCODERS, Encoder
from graftgan.metrics.collapse import collapse_warning
from graftgan.metrics.copying import copying_warning
from graftgan.recipes.adapt import AdaptOptions
from graftgan.recipes.options import from_json
from graftgan.recipes.pictures import read_pictures
from graftgan.sampling.photo_copies import photo_copies
from graftgan.sampling.sample import sample
from graftgan.training.run_folder import RunFolder
from graftgan.zoo.model_folder import load_model
from graftgan.zoo.sources import DEFAULT_SOURCE, find_source

SAMPLES, SHOTS, HELD = 64, 10, 128
SIDE = 64


def repeated(pictures: np.ndarray) -> np.ndarray:
    """64 pictures: those given, in turn."""
    return pictures[np.arange(SAMPLES) % len(pictures)]


def collapses(photos: np.ndarray, own: np.ndarray, seed: int) -> dict[str, np.ndarray]:
    """Ten collapsed generators, 64 samples each, as an adversarial run that goes wrong makes them.

    Args:
        photos: uint8 (10, H, W, 3) trained on.
        own: uint8 (>= 12, H, W, 3), pictures that a generator makes of its own.
        seed: of the jitter.
    """
    jitter = [photo_copies(photos[at : at + 1], 0, SAMPLES, seed) for at in range(2)]
    one, two = own[:1], np.stack([own[1], photos[0]])
    return {
        "a constant grey field": np.full((SAMPLES, *photos.shape[1:]), 128, np.uint8),
        "one sample": repeated(one),
        "one photo": repeated(photos[2:3]),
        "one photo, jittered": jitter[0],
        "another photo, jittered": jitter[1],
        "one sample, jittered": photo_copies(own[2:3], 0, SAMPLES, seed),
        "two photos": repeated(photos[3:5]),
        "two photos, jittered": np.concatenate([jitter[0][:32], jitter[1][:32]]),
        "a sample and a photo, jittered, 3 to 1": np.concatenate(
            [photo_copies(two[:1], 0, 48, seed), photo_copies(two[1:], 0, 16, seed)]
        ),
        "one sample 4 times of 5": np.concatenate([one.repeat(52, axis=0), own[:12]]),
    }


def see(eye: Encoder, pictures: np.ndarray) -> np.ndarray:
    """Features of pictures, grey ones as colour; equal pictures are encoded once."""
    colour = np.asarray(pictures if pictures.shape[-1] == 3 else pictures.repeat(3, axis=-1))
    different, where = np.unique(colour.reshape(len(colour), -1), axis=0, return_inverse=True)
    return eye.encode(different.reshape(-1, *colour.shape[1:]))[where.reshape(-1)]


def judge_set(path: Path, draw: int, eye: Encoder, own: np.ndarray) -> list[int]:
    """One draw's row: collapses caught; copies flagged without and with a hold-out; false alarms of both kinds."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of pictures that cannot be read
        pixels = load_pictures(path, SIDE).pixels
    pixels = pixels if pixels.shape[-1] == 3 else pixels.repeat(3, axis=-1)
    chosen = choose_shots(len(pixels), SHOTS, draw)
    rest = np.setdiff1d(np.arange(len(pixels)), chosen)
    unseen = see(eye, pixels[rest[choose_shots(len(rest), HELD, draw)]])
    unseen = np.random.default_rng(draw).permutation(unseen)
    photos = see(eye, pixels[chosen])
    made = collapses(np.asarray(pixels[chosen]), own, draw)
    missed = [name for name, pictures in made.items() if collapse_warning(see(eye, pictures), photos) is None]
    for name in missed:
        print(f"  missed in {path.stem}, draw {draw}: {name}")
    copied = see(eye, photo_copies(pixels[chosen], 0, SAMPLES, draw))
    samples, holdout = unseen[:SAMPLES], unseen[SAMPLES:]
    return [
        len(made) - len(missed),
        copying_warning(copied, photos) is not None,
        copying_warning(copied, photos, holdout) is not None,
        collapse_warning(samples, photos) is not None,
        copying_warning(samples, photos) is not None,
        copying_warning(samples, photos, holdout) is not None,
    ]


def judge_run(folder: Path, eye: Encoder) -> list[str | None]:
    """The warnings of a finished run's model: collapse; copying without and with its hold-out."""
    record = RunFolder.open(folder, hold=False).read_record()
    model = load_model(folder / "model").generator
    options = from_json(AdaptOptions, record["options"])
    photos, holdout = read_pictures(options, record["images"], model.resolution, chief=False)
    samples, known = see(eye, sample(model, range(SAMPLES))), see(eye, photos.pixels)
    real = None
    if holdout is not None:
        real = see(eye, holdout.pixels[choose_shots(len(holdout), min(HELD, len(holdout)), 0)])
    return [
        collapse_warning(samples, known),
        copying_warning(samples, known),
        copying_warning(samples, known, real),
    ]


def main() -> None:
    """Prints a row a set and draw, a row a run, and the counts."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sets", type=Path, nargs="*", help="folders or zips of pictures")
    parser.add_argument("--draws", type=int, default=2, help="of ten photos, a set")
    parser.add_argument("--runs", type=Path, nargs="*", default=[], help="folders of finished runs, taken for healthy")
    options = parser.parse_args()
    eye = ENCODERS["efficientnet-lite0"](torch.device("cpu"))
    own = sample(load_model(find_source(DEFAULT_SOURCE)).generator, range(12))
    rows = []
    print("| set | draw | collapses, of 10 | copies | with hold-out | unseen: collapse | copying | with hold-out |")
    print("|---|---|---|---|---|---|---|---|", flush=True)
    for path in options.sets:
        for draw in range(options.draws):
            rows.append(judge_set(path, draw, eye, own))
            print(f"| {path.stem} | {draw} | {' | '.join(str(int(value)) for value in rows[-1])} |", flush=True)
    if rows:
        sums = np.array(rows, int).sum(0)
        print(f"| of {len(rows)} | | {' | '.join(str(value) for value in sums)} |\n")
    judged = []
    for folder in options.runs:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            judged.append(judge_run(folder, eye))
        print(f"{folder.name}: {'; '.join(line for line in judged[-1] if line) or 'no warning'}", flush=True)
    if judged:
        counts = [sum(line is not None for line in column) for column in zip(*judged, strict=True)]
        print(f"of {len(judged)} runs: collapse {counts[0]}, copying {counts[1]}, copying with hold-out {counts[2]}")


if __name__ == "__main__":
    main()
