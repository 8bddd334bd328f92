"""Puts the model of a training run into the package as an embedded source, with measured numbers in its card.

    python tools/embed_source.py RUN HELDOUT --name avatars-64

measures FID and KID (Inception) of as many samples as there are held-out pictures, then writes
`graftgan/assets/NAME` in float16. Replacing a source by a better one is this one command.
"""

import argparse
import json
import shlex
from pathlib import Path

import numpy as np
import torch

from graftgan.data import load_pictures
from graftgan.export.card import model_card
from graftgan.features import ENCODERS
from graftgan.metrics import Measure, fid, kid
from graftgan.networks import Generator
from graftgan.sampling.sample import sample
from graftgan.training.progress import ProgressBar
from graftgan.zoo.model_folder import Model, load_model, save_model

ASSETS = Path(__file__).parent.parent / "graftgan" / "assets"
FIRST_SEED = 1_000_000

CREDITS = (
    "trained on designs by Lisa Wischofsky (Adventurer), Micah Lanier (Avatar Illustration System) and The Visual Team"
    " (Face Generator), CC BY 4.0, and Pablo Stanley (Open Peeps), CC0 1.0"
)

DESIGNS = """## Data

36,000 avatars, 9,000 in each of four hand-drawn styles, drawn by seed at 64 px on white by `tools/avatars/render.mjs`
from the npm packages @dicebear/core and @dicebear/collection 9.4.3:

| style | designer | licence |
|---|---|---|
| [Adventurer](https://www.figma.com/community/file/1184595184137881796) | Lisa Wischofsky | [CC BY 4.0] |
| [Avatar Illustration System](https://www.figma.com/community/file/829741575478342595) (Micah) | Micah Lanier | [CC BY 4.0] |
| [Face Generator](https://www.figma.com/community/file/986078800058673824) (Big Ears) | The Visual Team | [CC BY 4.0] |
| [Open Peeps](https://www.openpeeps.com/) | Pablo Stanley | [CC0 1.0] |

[CC BY 4.0]: https://creativecommons.org/licenses/by/4.0/
[CC0 1.0]: https://creativecommons.org/publicdomain/zero/1.0/

Changes: the designs were combined and coloured by seed, drawn small, and used to train a network; the network's pictures
are new ones in their manner.

No drawing of the held-out set was drawn for training too (the renderer compares the drawings).

## Make it again

From the repository's root, with AVATARS an empty folder and RUN the folder that the training names:

    npm install --prefix tools/avatars
    S=adventurer,micah,openPeeps,bigEars
    node tools/avatars/render.mjs AVATARS --styles $S --count 1250 --split heldout
    node tools/avatars/render.mjs AVATARS --styles $S --count 9000 --split train --not heldout:1250
    {command}
    python tools/embed_source.py RUN AVATARS/heldout --name {name} --hardware "{hardware}"

## Hardware

{hardware}

## Licence of the weights

Apache-2.0, with the credits above (CC BY 4.0 asks for them): see NOTICE.
"""  # noqa: E501


def main() -> None:
    """Measures, then writes the embedded source."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("run", type=Path, help="folder of the training run")
    parser.add_argument("heldout", type=Path, help="folder or zip of held-out pictures")
    parser.add_argument("--name", default="avatars-64")
    parser.add_argument("--hardware", default="One core of a two-core CPU, float32.")
    parser.add_argument("--encoder", default="inception", choices=list(ENCODERS))
    arguments = parser.parse_args()

    model = load_model(arguments.run / "model")
    record = json.loads((arguments.run / "run.json").read_bytes())
    measured = measure(model.generator, arguments.heldout, arguments.encoder)
    about = {
        "network": model.network,
        "resolution": model.generator.resolution,
        "parameters": f"{count(model.generator)} generator, {count(model.discriminator)} discriminator, in float16",
        **model.about,
        **{name: sentence(value) for name, value in measured.items()},
        "credits": CREDITS,
    }
    command = without(record["command"].replace(record["images"], "AVATARS/train"), "--outdir", "--images", "--devices")
    text = DESIGNS.format(command=command, name=arguments.name, hardware=arguments.hardware)
    card = model_card(about, arguments.name, text, licence="apache-2.0")
    embedded = Model(model.network, model.generator, model.discriminator, about)
    save_model(ASSETS / arguments.name, embedded, card, dtype=torch.float16)
    print(card)


def without(command: str, *flags: str) -> str:
    """Returns a command line without some flags and their values: where a run was written is nobody's business."""
    words = shlex.split(command)
    kept = [word for at, word in enumerate(words) if word not in flags and (at == 0 or words[at - 1] not in flags)]
    return shlex.join(kept)


def measure(generator: Generator, heldout: Path, encoder: str) -> dict[str, Measure]:
    """Returns FID and KID of a generator against held-out pictures, as many samples as pictures."""
    pictures = load_pictures(heldout, generator.resolution).pixels
    eye = ENCODERS[encoder]()
    features: list[np.ndarray] = []
    seeds = range(FIRST_SEED, FIRST_SEED + len(pictures))
    for what, images in (("held-out", pictures), ("samples", sample(generator, seeds))):
        with ProgressBar(what, len(images)) as bar:
            features.append(eye.encode(images, progress=lambda done, _, bar=bar: bar.update(done)))  # type: ignore[misc]
    where = {"encoder": encoder}
    return {"FID": fid(*features).under(where), "KID": kid(*features).under(where)}


def sentence(measure: Measure) -> str:
    """Returns a measure with its error and protocol in words."""
    error = "" if measure.error is None else f" +- {measure.error:.4f}"
    protocol = measure.protocol
    warning = f"; {protocol['warning']}" if "warning" in protocol else ""
    return (
        f"{measure.value:.4g}{error} ({protocol['encoder']}, {protocol['fake']} samples, truncation 1, against"
        f" {protocol['real']} held-out pictures{warning})"
    )


def count(network: torch.nn.Module | None) -> str:
    """Returns how many parameters a network has, in millions."""
    return f"{sum(parameter.numel() for parameter in network.parameters()) / 1e6:.2f} M" if network else "no"


if __name__ == "__main__":
    main()
