"""The bench of methods: six real pairs of a source and a small target, every method, three draws, one budget.

python benchmarks/pairs.py OUT --data DATA --avatars AVATARS [--pairs NAME ...] [--shots 10] [--methods a,b] [--kimg 4]

DATA holds the zips that `DATA.md` of the data set describes; AVATARS what `tools/avatars/render.mjs` drew:

    S=adventurer,micah,openPeeps,bigEars
    node tools/avatars/render.mjs AVATARS --styles $S --count 5000 --split train --size 32
    node tools/avatars/render.mjs AVATARS --styles notionists --count 1500 --split unseen --size 64

It lays the pictures out below OUT, trains each source once (`graftgan train`, DCGAN at 32 px, about ten minutes) and
holds one `graftgan compare` a pair; with `--network vae` the same of the other kind of generator. What exists is not
done again, and a stopped comparison goes on: so a longer machine can extend the bench with more methods, more pairs or
a larger budget (another OUT).
"""

import argparse
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

SIZE = "--resolution 32 --cbase 1024 --cmax 64 --ticks 20 --seed 0".split()
GAN = "--network dcgan --z-dim 64 --loss hinge --r1 1.0 --lr-g 0.0004 --lr-d 0.0004".split()
VAE = "--network vae --kimg 60".split()
FEW = "--augment diffaug --augment-policy translation".split()
PROTOCOL = "batch=8 checkpoint=last ticks=4 metric_pictures=200 lpips_pictures=60".split()


@dataclass(frozen=True)
class Source:
    """A domain with pictures enough to train a source from.

    Attributes:
        kimg: how long it trains as a GAN.
        where: a file of DATA, or a folder of AVATARS.
        wanted: which files of a zip; every one where None.
        settings: of its training.
    """

    kimg: int
    where: str
    wanted: Callable[[list[str]], bool] | None = None
    settings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Pair:
    """A source and the few pictures that it is grafted onto.

    Attributes:
        source: a name in `SOURCES`.
        where: as in `Source`.
        wanted: as in `Source`.
        about: one line for people.
    """

    source: str
    where: str
    wanted: Callable[[list[str]], bool] | None = None
    about: str = ""


WORN = ("t-shirt", "longsleeve", "shirt", "pants")
SOURCES = {
    "avatars": Source(300, "train"),
    "anime": Source(400, "anime-64.zip"),
    "digits": Source(200, "mnist-28.zip", lambda parts: parts[0] == "train"),
    "clothing": Source(300, "clothing-64.zip", lambda parts: parts[0] in WORN, ("--flip", *FEW)),
    "brain": Source(250, "brain-mri-64.zip", lambda parts: parts[0] == "notumor", tuple(FEW)),
}
PAIRS = {
    "notionists": Pair("avatars", "unseen/notionists", about="avatars to another avatar style"),
    "emoji": Pair("avatars", "emoji-people-64.zip", about="avatars to emoji people"),
    "kaokore": Pair("anime", "kaokore-64.zip", about="anime to faces of Japanese picture scrolls"),
    "letters": Pair(
        "digits", "omniglot-105.zip", lambda parts: parts[0] == "Sanskrit", "white digits on black to black letters"
    ),
    "shoes": Pair("clothing", "clothing-64.zip", lambda parts: parts[0] == "shoes", "shirts and trousers to shoes"),
    "glioma": Pair("brain", "brain-mri-64.zip", lambda parts: parts[0] == "glioma", "brain MRI to one tumour class"),
}


def main() -> None:
    """Lays out, trains and compares what is asked for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--avatars", type=Path, required=True)
    parser.add_argument("--pairs", nargs="+", choices=PAIRS, default=list(PAIRS))
    parser.add_argument("--shots", type=int, default=10)
    parser.add_argument("--draws", type=int, default=3)
    parser.add_argument("--kimg", type=float, default=4.0)
    parser.add_argument("--network", choices=("dcgan", "vae"), default="dcgan")
    parser.add_argument("--methods", default="", help="parted by commas; all where none is named")
    asked = parser.parse_args()
    for name in asked.pairs:
        pair = PAIRS[name]
        source = trained(pair.source, asked)
        photos = laid_out(name, pair.where, pair.wanted, asked)
        compare(name, source, photos, asked)


def trained(name: str, asked: argparse.Namespace) -> Path:
    """Returns the run of a source, trained unless it was."""
    source, home = SOURCES[name], asked.out / f"source-{name}{suffix(asked)}"
    runs = sorted(home.glob("*/run.json"))
    if runs and (runs[-1].parent / "model" / "config.json").exists():
        return runs[-1].parent
    if runs:
        graftgan("train", "--resume", str(runs[-1].parent))
    else:
        pictures = laid_out(f"source-pictures-{name}", source.where, source.wanted, asked)
        gan = [*GAN, "--kimg", str(source.kimg), *source.settings]
        graftgan("train", str(pictures), *SIZE, *(VAE if asked.network == "vae" else gan), "--outdir", str(home))
    return trained(name, asked)


def laid_out(name: str, where: str, wanted: Callable[[list[str]], bool] | None, asked: argparse.Namespace) -> Path:
    """Returns a folder or zip of pictures; part of a zip is copied into a folder once."""
    path = asked.data / where if where.endswith(".zip") else asked.avatars / where
    if wanted is None:
        return path
    folder: Path = asked.out / name
    if not folder.exists():
        half = folder.with_name(f"{name}-half")
        half.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(path) as archive:
            for entry in archive.namelist():
                parts = entry.split("/")
                if not entry.endswith("/") and wanted(parts):
                    (half / "_".join(parts)).write_bytes(archive.read(entry))
        half.rename(folder)
    return folder


def compare(name: str, source: Path, photos: Path, asked: argparse.Namespace) -> None:
    """Holds the comparison of a pair, or goes on with it."""
    home = asked.out / f"{name}-{asked.shots}-shots{suffix(asked)}"
    begun = sorted(home.glob("*/run.json"))
    methods = ["--methods", asked.methods] if asked.methods else []
    if begun:
        graftgan("compare", "--resume", str(begun[-1].parent), *methods)
        return
    size = ["--shots", str(asked.shots), "--draws", str(asked.draws), "--seeds", "1", "--kimg", str(asked.kimg)]
    graftgan(
        *("compare", str(photos), "--source", str(source), *methods, *size),
        *("--adapt", *PROTOCOL, "--outdir", str(home)),
    )


def suffix(asked: argparse.Namespace) -> str:
    """Returns what tells the folders of one kind of generator from those of the other."""
    return "-vae" if asked.network == "vae" else ""


def graftgan(*words: str) -> None:
    """Runs a verb, showing the command; ends where it fails."""
    print("graftgan", *words, flush=True)
    done = subprocess.run([sys.executable, "-m", "graftgan", *words], check=False)
    if done.returncode:
        sys.exit(done.returncode)


if __name__ == "__main__":
    main()
