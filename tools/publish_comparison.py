"""Puts a finished comparison into docs/results/: table, numbers, file lists and pictures, without paths or photos.

python tools/publish_comparison.py RUN [RUN ...]

Of each run it writes `docs/results/NAME.md` (the table and its protocol), `NAME.json` (every value), `NAME-draws.csv`
(the file list of each draw) and `NAME.png`: the same ten latents by the source and by every method, first draw, first
seed. Real pictures are not shown, as not every data set may be copied.
"""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from graftgan.recipes.result import load
from graftgan.sampling.grid import grid
from graftgan.sampling.sample import sample

OUT = Path(__file__).parent.parent / "docs" / "results"
SEEDS, SCALE, LABEL = range(10), 1, 92


def publish(run: Path, name: str | None = None, out: Path = OUT) -> str:
    """Writes the files of one comparison below `out`; returns the name, that of the photos where none is given."""
    record = json.loads((run / "run.json").read_bytes())
    options = record["options"]
    name = name or Path(options["photos"]).stem
    # where things lay on one machine is nobody's business: files and folders are named without their parents
    hidden = {str(Path(options["outdir"])): "runs", f"{Path(options['photos']).parent}/": ""}
    if Path(options["source"]).is_absolute():
        hidden[f"{Path(options['source']).parent.parent}/"] = ""
    if options["holdout"] is not None:
        hidden[f"{Path(options['holdout']).parent}/"] = ""
    out.mkdir(parents=True, exist_ok=True)
    for source, target in (("results.md", f"{name}.md"), ("results.json", f"{name}.json")):
        text = (run / source).read_text()
        for path, shown in hidden.items():
            text = text.replace(path, shown)
        if target.endswith(".md"):
            text = text.replace("\n\n", f"\n\n![{name}: the same latents by every method]({name}.png)\n\n", 1)
        (out / target).write_text(text)
    (out / f"{name}-draws.csv").write_text((run / "draws.csv").read_text())
    pictures(run, options, json.loads((run / "results.json").read_bytes())).save(out / f"{name}.png", optimize=True)
    return name


def pictures(run: Path, options: dict[str, Any], results: dict[str, Any]) -> Image.Image:
    """Returns the matrix: a row for the source and for each method, nothing picked."""
    rows = {"source": sample(load(options["source"]).model.generator, SEEDS)}
    for name, found in results["contenders"].items():
        if found["kind"] == "method":
            (cell,) = (run / "cells" / f"{name.replace(':', '-')}-d1-s0").iterdir()
            rows[name] = sample(load(cell).model.generator, SEEDS)
    sheet = grid(np.concatenate(list(rows.values())), len(SEEDS), scale=SCALE)
    page = Image.new("RGB", (LABEL + sheet.shape[1], sheet.shape[0]), "white")
    page.paste(Image.fromarray(sheet), (LABEL, 0))
    step = sheet.shape[0] / len(rows)
    for at, name in enumerate(rows):
        ImageDraw.Draw(page).text((4, round((at + 0.5) * step) - 6), name, fill="black")
    return page


if __name__ == "__main__":
    for folder in sys.argv[1:]:
        print(OUT / f"{publish(Path(folder))}.md")
