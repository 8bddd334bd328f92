"""Puts the measurements of meta-learning into docs/results/meta/: tables, rows, and pictures side by side.

python tools/publish_meta.py OUT omniglot-105.zip

OUT is that of `benchmarks/meta.py`. In `README.md` what lies below the line that says so is made anew; what people
wrote above it stays. The pictures are of the first classes in alphabetical order, and of the first seeds: nobody chose
them.
"""

import csv
import json
import shutil
import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from graftgan.data import load_pictures
from graftgan.sampling.grid import grid

OUT = Path(__file__).parent.parent / "docs" / "results" / "meta"
MARK = "<!-- made by tools/publish_meta.py; do not edit below -->"
WAYS = ("meta", "loop", "finetune", "tuned", "scratch", "nearest")
MEASURES = (
    (
        "kid",
        "KID to the class's remaining pictures, mean ± standard deviation over classes (lower is better)",
        "{:.2f}",
    ),
    ("diversity", "Diversity: distance of two samples / of two remaining pictures (1 is right)", "{:.2f}"),
    ("near_photo", "Share of samples nearer to a photo than any remaining picture (copies: 1)", "{:.2f}"),
    ("seconds", "Seconds for the steps and 64 samples, one thread", "{:.1f}"),
)
SHOWN_CLASSES, SHOWN = 12, 5


def main(home: Path, tasks: str) -> None:
    """Writes tables and picture."""
    OUT.mkdir(parents=True, exist_ok=True)
    with (home / "rows.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    for name in ("rows.csv", "rates.json", "setting.json"):
        if (home / name).exists():
            shutil.copy(home / name, OUT / name)
    page = OUT / "README.md"
    above = page.read_text().partition(MARK)[0] if page.exists() else "# Meta-learning, measured\n\n"
    page.write_text(above + MARK + "\n\n" + tables(rows) + "\n")
    picture(home, tasks, sorted({row["class"] for row in rows})[:SHOWN_CLASSES])
    if (home / "rates.json").exists():
        print(json.loads((home / "rates.json").read_text())["best"])


def tables(rows: list[dict[str, str]]) -> str:
    """Returns a table a measure: a row for every way, a column for every number of photos and steps."""
    cells: dict[tuple[str, int, int], dict[str, list[float]]] = {}
    for row in rows:
        cell = cells.setdefault((row["way"], int(row["shots"]), int(row["steps"])), {})
        for key, _, _ in MEASURES:
            cell.setdefault(key, []).append(float(row[key]))
    columns = sorted({(shots, steps) for _, shots, steps in cells if steps})
    most = max(len(cell["kid"]) for cell in cells.values())
    parts = []
    for key, title, form in MEASURES:
        heads = [f"{shots} photo{'s' if shots > 1 else ''}, {steps} steps" for shots, steps in columns]
        parts += [f"## {title}", "", "| | " + " | ".join(heads) + " |", "|---|" + "---:|" * len(heads)]
        for way in WAYS:
            told = []
            for shots, steps in columns:
                values = cells.get((way, shots, 0 if way == "nearest" else steps), {}).get(key)
                mean = "–" if not values else form.format(np.mean(values))
                told.append(mean + (f" ± {form.format(np.std(values))}" if values and key == "kid" else ""))
                if values and len(values) < most:
                    told[-1] += f" ({len(values)} classes)"
            parts.append(f"| {way} | " + " | ".join(told) + " |")
        parts.append("")
    return "\n".join([*parts, f"{most} classes, where a cell does not say otherwise. `nearest` takes no steps."])


def picture(home: Path, tasks: str, classes: list[str]) -> None:
    """Draws the same classes by every way: a row a class, the photos first."""
    pictures = load_pictures(tasks, 32)
    columns = [("photos", ""), ("meta", "10"), ("meta", "100"), ("finetune", "10"), ("finetune", "100")]
    columns += [("loop", "100"), ("scratch", "100"), ("nearest", "0")]
    lines = []
    for name in classes:
        task = pictures.classes.index(name)
        at = np.flatnonzero(pictures.labels == task)
        for way, steps in columns:
            if way == "photos":
                lines.append(np.array(pictures.pixels[at[:SHOWN]]))
            else:
                lines.append(np.load(home / "samples" / f"{way}-{task}-5-{steps}.npy")[:SHOWN])
    blocks = [grid(line, SHOWN, gap=1, scale=2) for line in lines]
    height, width = blocks[0].shape[:2]
    sheet = Image.new("RGB", (len(columns) * (width + 14), len(classes) * (height + 6) + 18), "white")
    pen = ImageDraw.Draw(sheet)
    for at, (way, steps) in enumerate(columns):
        pen.text((at * (width + 14) + 2, 2), f"{way} {steps if steps not in ('', '0') else ''}", fill="black")
    for at, block in enumerate(blocks):
        row, column = divmod(at, len(columns))
        sheet.paste(Image.fromarray(block), (column * (width + 14), 18 + row * (height + 6)))
    sheet.save(OUT / "side-by-side.png", optimize=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
