"""Makes the README's picture from a demo run: the photos, then the first latents, unchanged source and adapted.

python tools/readme_picture.py RUN
"""

import json
import sys
from pathlib import Path

import numpy as np
from PIL import Image

from graftgan.data import load_pictures
from graftgan.recipes.result import load
from graftgan.sampling.grid import grid
from graftgan.sampling.sample import sample

OUT = Path(__file__).parent.parent / "docs" / "images" / "demo.png"
SCALE, SEEDS = 2, range(16)


def main(run: Path) -> None:
    """Writes docs/images/demo.png; nothing in it is picked: all photos, seeds 0 to 15."""
    record = json.loads((run / "run.json").read_bytes())
    photos = load_pictures(record["images"], 64).pixels
    source, adapted = (sample(load(model).model.generator, SEEDS) for model in (record["options"]["source"], run))
    rows = [grid(photos, 10, scale=SCALE), grid(source, 8, scale=SCALE), grid(adapted, 8, scale=SCALE)]
    width = max(row.shape[1] for row in rows)
    sheet = []
    for row in rows:
        left = (width - row.shape[1]) // 2
        sheet.append(np.pad(row, ((0, 24), (left, width - row.shape[1] - left), (0, 0)), constant_values=255))
    OUT.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.concatenate(sheet)[:-24]).save(OUT, optimize=True)
    print(OUT)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
