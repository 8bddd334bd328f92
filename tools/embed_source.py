"""Puts the model of a training run into the package as an embedded source, with measured numbers in its card.

    python tools/embed_source.py RUN HELDOUT --name digits-32 --hardware "One core of a two-core CPU, 60 minutes."
    python tools/embed_source.py RUN holdout --name clothing-64 --hardware "One core of a two-core CPU, 40 minutes."

measures FID and KID (Inception) of as many samples as there are held-out pictures, then writes
`graftgan/assets/NAME` in float16: weights, config.json with the facts and the hash, the card and the picture grid.
What is known of the data stands in `tools/cards/NAME.md`: lines `fact: value` up to `---`, then the card's Markdown, in
which `{command}`, `{embed}` and `{hardware}` are filled in. Three of the facts are only for the commands: `images` and
`source`, as the training is to call them, and `heldout`, as this tool is. Replacing a source by a better one is this
one command.
"""

import argparse
import dataclasses
import hashlib
import json
import shlex
from pathlib import Path
from typing import Any

import numpy as np
import torch

from graftgan.data import load_pictures
from graftgan.errors import UserError
from graftgan.features import ENCODERS
from graftgan.files import write_atomically
from graftgan.formats.card import model_card
from graftgan.metrics import fid, kid
from graftgan.networks import Generator
from graftgan.recipes.options import from_json
from graftgan.recipes.pictures import read_pictures
from graftgan.recipes.record import command, digest_of
from graftgan.recipes.source_pictures import sheet, tiles_of
from graftgan.recipes.source_register import in_words
from graftgan.recipes.train import TrainOptions
from graftgan.sampling.sample import sample
from graftgan.training.progress import ProgressBar
from graftgan.zoo.entry import parameters
from graftgan.zoo.model_folder import Model, load_model, save_model, serialise
from graftgan.zoo.registry import SAMPLES

ROOT = Path(__file__).parent.parent
ASSETS = ROOT / "graftgan" / "assets"
CARDS = Path(__file__).parent / "cards"
FIRST_SEED = 1_000_000
HOLDOUT = "holdout"
FOR_COMMANDS = ("images", "source", "heldout")


def main() -> None:
    """Measures, then writes the embedded source."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("run", type=Path, help="folder of the training run")
    parser.add_argument("heldout", help=f"folder or zip of held-out pictures, or {HOLDOUT}: those of the run itself")
    parser.add_argument("--name", required=True)
    parser.add_argument("--card", type=Path, help="facts and text; default: tools/cards/NAME.md")
    parser.add_argument("--licence", help="of the weights, instead of the one that the card states")
    parser.add_argument("--hardware", required=True, help="what it was trained on and how long that took, a sentence")
    parser.add_argument("--encoder", default="inception", choices=list(ENCODERS))
    parser.add_argument("--assets", type=Path, default=ASSETS, help="where to")
    words = parser.parse_args()
    facts, text = read_card(words.card or CARDS / f"{words.name}.md")
    if words.licence:
        facts["licence"] = words.licence

    record = json.loads((words.run / "run.json").read_bytes())
    options = from_json(TrainOptions, record["options"])
    model = load_model(words.run / "model")
    heldout = held_out(words.heldout, options, record, model.generator.resolution)
    measured = measure(model.generator, heldout, words.encoder)
    about = about_of(model, facts, measured, record)
    text = filled(text, facts, options, words)
    card = model_card(about, words.name, text, licence=facts["licence"].lower())
    folder = words.assets / words.name
    save_model(folder, dataclasses.replace(model, about=about), card, dtype=torch.float16)
    embedded = load_model(folder)  # the grid shows the weights as they are published
    write_atomically(folder / SAMPLES, sheet(tiles_of(embedded.generator)))
    print(card)


def read_card(path: Path) -> tuple[dict[str, str], str]:
    """Returns the facts and the text of a source's card file.

    Raises:
        SystemExit: it says nothing of what the source draws, its data, its licence or its credits.
    """
    head, _, text = path.read_text().partition("\n---\n")
    facts = dict(tuple(part.strip() for part in line.split(":", 1)) for line in head.splitlines())
    if missing := {"what", "data", "licence", "credits"} - facts.keys():
        raise SystemExit(f"{path}: says nothing of {', '.join(sorted(missing))}")
    return facts, text


def held_out(where: str, options: TrainOptions, record: dict[str, Any], resolution: int) -> np.ndarray:
    """Returns the held-out pictures, uint8 (N, side, side, 3).

    Raises:
        UserError: the run held none out, or its pictures are no longer those that it began with.
    """
    if where != HOLDOUT:
        pictures = load_pictures(Path(where), resolution)
        trained = {digest for _, digest in record["photos"]}
        if shared := len(trained & set(pictures.digests)):
            raise UserError(f"{where}: {shared} of its pictures were trained on")
        return np.asarray(pictures.pixels)
    _, kept = read_pictures(options, record["images"], resolution, chief=True)
    if kept is None or digest_of(kept) != record["holdout_sha256"]:
        raise UserError(f"the run held no pictures out, or {record['images']} has changed since")
    return np.asarray(kept.pixels)


def about_of(model: Model, facts: dict[str, str], measured: dict[str, str], record: dict[str, Any]) -> dict[str, Any]:
    """Returns the facts that config.json and the card state."""
    known = {key: value for key, value in facts.items() if key not in FOR_COMMANDS}
    # A run that went on from an earlier state of the same source names that state, which nobody else has.
    own = {key: value for key, value in model.about.items() if key not in ("credits", "method", "source")}
    critic = "no" if model.discriminator is None else f"{parameters(model.discriminator) / 1e6:.2f} M"
    return {
        "what": known.pop("what"),
        "network": model.network,
        "resolution": model.generator.resolution,
        "parameters": f"{parameters(model.generator) / 1e6:.2f} M generator, {critic} discriminator, in float16",
        **own,
        **measured,
        **known,
        "versions": ", ".join(f"{name} {version}" for name, version in record["versions"].items()),
        "generator_sha256": hashlib.sha256(serialise(model.generator, torch.float16)).hexdigest(),
    }


def filled(text: str, facts: dict[str, str], options: TrainOptions, words: argparse.Namespace) -> str:
    """Returns a card's text with the commands that make the source again; where things lie is nobody's business."""
    called = facts.get("images", Path(str(options.images)).name)
    again = {"images": called, "outdir": "runs", "devices": "auto", "resume": None}
    again |= {"source": facts["source"]} if "source" in facts else {}
    heldout = words.heldout if words.heldout == HOLDOUT else facts.get("heldout", Path(words.heldout).name)
    embed = ["python", "tools/embed_source.py", "RUN", heldout, "--name", words.name, "--hardware", words.hardware]
    replaced = {
        "command": command("train", dataclasses.replace(options, **again)),
        "embed": shlex.join(embed),
        "hardware": words.hardware,
    }
    for name, value in replaced.items():
        text = text.replace(f"{{{name}}}", value)
    return text.strip()


def measure(generator: Generator, pictures: np.ndarray, encoder: str) -> dict[str, str]:
    """Returns FID and KID of a generator against held-out pictures, as many samples as pictures, with protocol."""
    eye = ENCODERS[encoder]()
    features: list[np.ndarray] = []
    seeds = range(FIRST_SEED, FIRST_SEED + len(pictures))
    for what, images in (("held-out", pictures), ("samples", sample(generator, seeds))):
        with ProgressBar(what, len(images)) as bar:
            features.append(eye.encode(images, progress=lambda done, _, bar=bar: bar.update(done)))  # type: ignore[misc]
    found = {"FID": fid(*features), "KID": kid(*features)}
    return {
        name: in_words({"value": one.value, "error": one.error, "protocol": {**one.protocol, "encoder": encoder}})
        for name, one in found.items()
    }


if __name__ == "__main__":
    main()
