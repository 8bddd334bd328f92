"""The results of a comparison by the features of another encoder: KID again, of the same generators.

python benchmarks/second_opinion.py COMPARISON [--methods finetune,projected] [--encoder inception] [--pictures 100]

A method that trains against an encoder's features is rewarded by a metric in those features (`projected` and
EfficientNet-Lite0). What it is worth is told by an encoder that it never saw. Same hold-out, and the first of the
comparison's own latents; written to COMPARISON/second-opinion.json, what is there is not measured again.
"""

import argparse
import dataclasses
import json
from pathlib import Path
from typing import Any

from graftgan.files import write_atomically
from graftgan.recipes.contest import CompareOptions, read_contest
from graftgan.recipes.judge import Judge, Verdict, as_json
from graftgan.recipes.options import from_json
from graftgan.recipes.result import load
from graftgan.recipes.subject import of_generator

METRICS = {"kid", "recall", "coverage"}


def main() -> None:
    """Measures the named methods of every draw, the source and the floor."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("comparison", type=Path)
    parser.add_argument("--methods", default="finetune,projected", help="parted by commas")
    parser.add_argument("--encoder", default="inception")
    parser.add_argument("--pictures", type=int, default=100)
    asked = parser.parse_args()
    folder: Path = asked.comparison
    options = from_json(CompareOptions, json.loads((folder / "run.json").read_bytes())["options"])
    source = load(options.source).model.generator
    contest = read_contest(dataclasses.replace(options, methods=()), source.resolution, True)
    holdout = contest.holdout.pixels
    judge = Judge(holdout=holdout, photos=None, encoder=asked.encoder, lpips=None, metrics=METRICS, show=False)
    path = folder / "second-opinion.json"
    found: dict[str, Any] = json.loads(path.read_bytes()) if path.exists() else {}

    def note(name: str, verdict: Verdict | None) -> None:
        measures = {} if verdict is None else {name: as_json(measure) for name, measure in verdict.measures.items()}
        found[name] = measures
        write_atomically(path, json.dumps(found, indent=1).encode())
        print(f"{name:24} KID {measures['kid']['value']:.4f} ± {measures['kid']['error'] or 0:.4f}", flush=True)

    if "floor" not in found:
        note("floor", judge.floor())
    if "source" not in found:
        note("source", judge.measure(of_generator("source", source, asked.pictures)))
    for draw in range(1, options.draws + 1):
        for method in asked.methods.split(","):
            name = f"{method.replace(':', '-')}-d{draw}-s0"
            runs = sorted((folder / "cells" / name).glob("*/model/config.json"))
            if name not in found and runs:
                generator = load(runs[-1].parent).model.generator
                note(name, judge.measure(of_generator(method, generator, asked.pictures)))


if __name__ == "__main__":
    main()
