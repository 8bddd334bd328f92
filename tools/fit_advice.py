"""Makes the table that advice rests on from finished comparisons, and says how well it advises.

python tools/fit_advice.py [NAME=]FOLDER [[NAME=]FOLDER ...]

Each FOLDER is that of a finished `graftgan compare`. Folders of one source, target and number of photos are one pair:
what several measured is taken from the first. NAME replaces the pair's own, "SOURCE to TARGET". Written are
`graftgan/assets/advice/measured.json` and `docs/results/advice.md`, the regret of the rule on every pair that it was
not told. The distance is measured anew from source and photos; where they are gone, it is the KID of the unchanged
source against the hold-out, which estimates the same.
"""

import json
import math
import re
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from graftgan.data import load_pictures
from graftgan.errors import UserError
from graftgan.features import ENCODERS
from graftgan.methods import METHODS
from graftgan.recipes.advice_rule import Row, Rule, fit, is_known, leave_one_pair_out, left_out
from graftgan.recipes.measured import BASELINE, FORMAT, MEASURED, Pair
from graftgan.recipes.source_look import SAMPLES, distance_of, encoded, samples_of
from graftgan.recipes.watch import LAST
from graftgan.zoo.model_folder import load_model
from graftgan.zoo.sources import EMBEDDED, find_source

ENCODER = "efficientnet-lite0"
PAGE = Path(__file__).parent.parent / "docs" / "results" / "advice.md"
NO_NAME = {"train", "images", "photos", "pictures"}


def pair_of(folder: Path, name: str) -> Pair:
    """Returns what one comparison measured."""
    record, results = (json.loads((folder / file).read_bytes()) for file in ("run.json", "results.json"))
    options = record["options"]
    entrants = {key: one for key, one in results["contenders"].items() if one["kind"] == "method"}
    kid, seconds, chosen = {}, {}, {}
    for key, one in entrants.items():
        kid[key] = one["metrics"].get("kid", {}).get("values") or [None] * len(one["runs"])
        watched = [run["checkpoint"] for run in one["runs"] if run.get("checkpoint")]
        chosen[key] = [
            seen["kimg"] for seen in watched if not seen.get("rule", "").startswith(LAST)
        ]  # the last step is no choice
        cards = [json.loads(path.read_bytes()) for path in sorted((folder / "verdicts").glob("*-d*-s*.json"))]
        times = [card["seconds"] for card in cards if card["contender"] == key and card.get("seconds") is not None]
        if times:
            seconds[key] = round(float(np.mean(times)), 1)
    source = source_name(options["source"])
    distance, side, network = distance_to_draws(record)
    if distance is None:
        measure = results["contenders"]["source"]["metrics"]["kid"]
        distance, side = measure["value"], side or int(measure.get("protocol", {}).get("side", 0))
        print(f"{folder}: source or photos are gone; the distance is the source's KID against the hold-out")
    return Pair(
        name or f"{source} to {stem_of(Path(options['photos']))}",
        results["shots"],
        round(float(distance), 6),
        {key: [None if value is None else round(value, 6) for value in values] for key, values in kid.items()},
        side,
        results["kimg"],
        source,
        seconds,
        {key: [round(value, 4) for value in values] for key, values in chosen.items()},
        network,
        opinion_in(folder),
    )


def opinion_in(folder: Path) -> dict[str, Any]:
    """Returns the KID of every run by another encoder, from `second-opinion.json`; empty where there is none.

    A method is left out unless it was asked about on the draws and seeds that fine-tuning was.
    """
    path = folder / "second-opinion.json"
    if not path.is_file():
        return {}
    found: dict[str, dict[str, float]] = {}
    encoders = set()
    for name, card in json.loads(path.read_bytes()).items():
        run = re.fullmatch(r"(.+)-(d\d+-s\d+)", name)
        if run and "kid" in card:
            found.setdefault(run[1], {})[run[2]] = round(card["kid"]["value"], 6)
            encoders.add(card["kid"]["protocol"]["encoder"])
    if len(encoders) > 1:
        sys.exit(f"{path}: KID by more than one encoder: {', '.join(sorted(encoders))}")
    base = found.get(BASELINE, {})
    kid = {key: list(runs.values()) for key, runs in found.items() if runs.keys() == base.keys()}
    return {"encoder": encoders.pop(), "kid": kid} if kid else {}


def distance_to_draws(record: dict[str, Any]) -> tuple[float | None, int, str]:
    """Returns the KID of source samples against the photos, mean over draws, the side and the kind of the source.

    The distance is None where source or photos are gone; side and kind are 0 and "" where the source is.
    """
    options, side, network = record["options"], 0, ""
    try:
        model = load_model(find_source(options["source"]))
        generator, side, network = model.generator, model.generator.resolution, model.network
        square = next((word[7:] for word in options["adapt"] if word.startswith("square=")), "crop")
        pictures = load_pictures(options["photos"], generator.resolution, square=square)
    except UserError:
        return None, side, network
    place = {digest: at for at, digest in enumerate(pictures.digests)}
    draws = [[place.get(digest) for _, digest in draw] for draw in record["draws"]]
    if any(at is None for draw in draws for at in draw):
        return None, side, network
    encoder = ENCODERS[ENCODER]()
    samples = encoded(encoder, samples_of(generator, SAMPLES))
    found = [distance_of(encoded(encoder, np.array(pictures.pixels[draw])), samples).value for draw in draws]
    return float(np.mean(found)), side, network


def source_name(source: str) -> str:
    """Returns what a source is called: its name, or what it was trained on; never where it lies."""
    if source in EMBEDDED:
        return source
    run = Path(source) / "run.json"
    return stem_of(Path(json.loads(run.read_bytes())["images"])) if run.is_file() else stem_of(Path(source))


def stem_of(path: Path) -> str:
    """Returns the name of a folder or zip of pictures."""
    return path.parent.name if path.stem in NO_NAME else path.stem


def merged(pairs: list[Pair]) -> list[Pair]:
    """Returns one pair for all folders of the same name, number of photos and budget."""
    found: dict[tuple[str, int, float], Pair] = {}
    for pair in pairs:
        key = (pair.name, pair.shots, pair.kimg)
        first = found.setdefault(key, pair)
        fields = ("kid", "seconds", "chosen_kimg")
        both = {name: {**getattr(pair, name), **getattr(first, name)} for name in fields}
        found[key] = replace(first, **both, opinion=first.opinion or pair.opinion)
    return list(found.values())


def page(pairs: list[Pair]) -> str:
    """Returns the table of regret."""
    rule, alike = fit(pairs), [left_out(at, pairs, Rule()) for at in range(len(pairs))]
    rows = leave_one_pair_out(pairs)
    lines = [
        "# How well the advice advises",
        "",
        "Made by `tools/fit_advice.py` from finished comparisons. Each pair is advised by a rule that was fitted",
        "without it, widths and margin included, and may choose among what was measured on it. Regret is the KID that",
        f"the choice loses against the best entrant of that pair. KID by {ENCODER} against the hold-out, mean",
        f"over draws and seeds; distance: KID of {SAMPLES} source samples against the photos. *Without nearness*: the",
        f"method that is best on average over the other pairs, where it is {Rule().margin:.0%} ahead of fine-tuning.",
        "",
        "| pair | photos | distance | `auto` chooses | its KID | best | its KID | regret | of the best "
        "| finetune's regret | regret without nearness |",
        "|---|---:|---:|---|---:|---|---:|---:|---:|---:|---:|",
    ]
    for row, plain in zip(rows, alike, strict=True):
        lines.append(
            f"| {row.pair.name} | {row.pair.shots} | {row.pair.distance:.3f} | {row.chosen} | {row.kid:.4f} "
            f"| {row.best} | {row.best_kid:.4f} | {row.regret:.4f} | {row.regret / row.best_kid:.0%} "
            f"| {row.baseline_kid - row.best_kid:.4f} | {plain.regret:.4f} |"
        )
    auto, plain_regret = mean([row.regret for row in rows]), mean([row.regret for row in alike])
    base = mean([row.baseline_kid - row.best_kid for row in rows])
    share = mean([row.regret / row.best_kid for row in rows])
    lines += [
        f"| **mean** | | | | | | | **{auto:.4f}** | **{share:.0%}** | **{base:.4f}** | **{plain_regret:.4f}** |",
        "",
        words_of(rule, pairs),
        f"Entrants: {len({name for pair in pairs for name in pair.kid})}. Not advised, as this version cannot run them",
        f"or a run failed: {', '.join(unusable(pairs)) or 'none'}.",
        "The best of many noisy means is lucky, so part of every regret is noise.",
        "",
        *second_opinions(rows),
    ]
    return "\n".join(lines)


def second_opinions(rows: list[Row]) -> list[str]:
    """Returns the table of what another encoder says of the choices; nothing where none was asked."""
    asked = [row for row in rows if row.pair.opinion]
    if not asked:
        return []
    lines = [
        "## A second opinion",
        "",
        f"A method that trains against the features of {ENCODER} has a home advantage in the table above. The same",
        "models measured by another encoder; a dash: it was not asked about that method.",
        "",
        "| pair | `auto` chooses | trains against | encoder | its KID | finetune's KID | its KID over finetune's |",
        "|---|---|---|---|---:|---:|---:|",
    ]
    for row in asked:
        own, base = row.pair.opinion_of(row.chosen), row.pair.opinion_of(BASELINE)
        over = "–" if own is None or base is None else f"{own / base:.2f}"
        kids = " | ".join("–" if value is None else f"{value:.4f}" for value in (own, base))
        sees = METHODS[row.chosen.split(":")[0]].sees or "–"
        lines.append(f"| {row.pair.name} | {row.chosen} | {sees} | {row.pair.opinion['encoder']} | {kids} | {over} |")
    return [*lines, ""]


def words_of(rule: Rule, pairs: list[Pair]) -> str:
    """Returns the widths in words."""
    if len(pairs) < 3:
        return (
            f"With fewer than three pairs nothing can be fitted: all count alike, and {rule.margin:.0%} are asked for."
        )
    distance = "distance has no say" if rule.distance is None else f"width {rule.distance:g} in log distance"
    shots = "the number of photos has no say" if rule.shots is None else f"width {rule.shots:g} in log photos"
    ahead = f"a method has to be {rule.margin:.0%} below fine-tuning's KID to be taken"
    return f"Fitted on all pairs: {distance}; {shots}; {ahead}."


def unusable(pairs: list[Pair]) -> list[str]:
    """Returns the entrants that cannot be advised."""
    names = dict.fromkeys(name for pair in pairs for name in pair.kid)
    return [n for n in names if not is_known(n) or any(not math.isfinite(p.ratio(n)) for p in pairs)]


def mean(values: list[float]) -> float:
    """Returns the mean."""
    return float(np.mean(values))


def main(words: list[str]) -> None:
    """Reads the folders, writes table and page."""
    found = []
    for name, _, folder in (word.rpartition("=") for word in words):
        if (Path(folder) / "results.json").is_file():
            found.append(pair_of(Path(folder), name))
        else:
            print(f"{folder}: left out, not a finished comparison")
    pairs = merged(found)
    if not pairs:
        sys.exit("no finished comparison among them; nothing was written")
    protocol = (
        f"graftgan compare: KID of the model of every run (draws, then seeds) against the hold-out, by {ENCODER}; "
        f"distance: KID of {SAMPLES} source samples against the photos of a draw, mean over the draws; "
        "null: the run failed"
    )
    table = {"format": FORMAT, "encoder": ENCODER, "protocol": protocol, "pairs": [asdict(pair) for pair in pairs]}
    MEASURED.parent.mkdir(exist_ok=True)
    MEASURED.write_text(json.dumps(table, indent=1) + "\n")
    PAGE.write_text(page(pairs))
    print(f"{MEASURED}\n{PAGE}")


if __name__ == "__main__":
    if not sys.argv[1:]:
        sys.exit("usage: python tools/fit_advice.py [NAME=]FOLDER ...")
    main(sys.argv[1:])
