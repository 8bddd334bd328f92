"""Puts the bench of methods into docs/results/bench/: a page a pair, and one table over all pairs.

python tools/publish_bench.py OUT

OUT is that of `benchmarks/pairs.py`. Every pair has the files of `tools/publish_comparison.py`; `README.md` below the
line that says so is made anew, what people wrote above it stays.
"""

import json
import re
import sys
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from publish_comparison import OUT, publish  # type: ignore[import-not-found]

BENCH = OUT / "bench"
MARK = "<!-- made by tools/publish_bench.py; do not edit below -->"
CONTROLS = ("source", "copies", "floor")
BASELINE = "finetune"


def main(home: Path) -> None:
    """Publishes every finished comparison of the bench."""
    found: dict[str, dict[str, Any]] = {}
    for run in sorted(home.glob("*-shots/*-compare/results.json")):
        name = run.parent.parent.name
        publish(run.parent, name, BENCH)
        found[name] = json.loads(run.read_bytes())
        for other in home.glob(f"{name}-vae/*-compare/results.json"):
            theirs = json.loads(other.read_bytes())["contenders"]
            found[name]["contenders"] |= {f"vae: {who}": theirs[who] for who in ("source", BASELINE)}
        opinion = run.parent / "second-opinion.json"
        if opinion.exists():
            found[name]["opinion"] = averaged(json.loads(opinion.read_bytes()))
        print(BENCH / f"{name}.md")
    page = BENCH / "README.md"
    above = page.read_text().partition(MARK)[0] if page.exists() else "# The bench of methods\n\n"
    page.write_text(above + MARK + "\n\n" + summary(found) + "\n")


def summary(found: dict[str, dict[str, Any]]) -> str:
    """Returns the tables over all pairs: KID, KID relative to plain fine-tuning, and diversity."""
    parts = []
    for title, metric, relative in (
        ("KID, mean and standard deviation over the draws (lower is better)", "kid", False),
        ("KID relative to plain fine-tuning (below 1: better), and its mean over the pairs", "kid", True),
        ("Intra-cluster LPIPS (higher: more diverse, or noisier; read beside KID)", "intra_lpips", False),
        ("Recall of the hold-out (higher is better)", "recall", False),
    ):
        parts += [f"## {title}", "", *table(found, metric, relative), ""]
    if opinions := {name: results for name, results in found.items() if "opinion" in results}:
        parts += ["## KID by another encoder (Inception), 100 samples: does the lead hold?", ""]
        names = list(dict.fromkeys(who for results in opinions.values() for who in results["opinion"]))
        parts += ["| | " + " | ".join(opinions) + " |", "|---|" + "---:|" * len(opinions)]
        for who in names:
            parts.append(
                f"| {who} | " + " | ".join(results["opinion"].get(who, "–") for results in opinions.values()) + " |"
            )
    return "\n".join(parts).rstrip()


def averaged(opinion: dict[str, Any]) -> dict[str, str]:
    """Returns the mean and standard deviation over the draws of the other encoder's KID, by contender."""
    by: dict[str, list[float]] = {}
    for name, measures in opinion.items():
        by.setdefault(re.sub(r"-d\d+-s\d+$", "", name), []).append(measures["kid"]["value"])
    return {
        who: f"{np.mean(values):.3f}" + (f" ± {np.std(values, ddof=1):.3f}" if len(values) > 1 else "")
        for who, values in by.items()
    }


def table(found: dict[str, dict[str, Any]], metric: str, relative: bool) -> list[str]:
    """Returns one markdown table: a row for everybody, a column for every pair."""
    head = [*found, *(["mean"] if relative else [])]
    lines = ["| | " + " | ".join(head) + " |", "|---|" + "---:|" * len(head)]
    rows = []
    for name in contenders(found):
        cells, ratios = [], []
        for results in found.values():
            value, spread = of(results, name, metric)
            base, _ = of(results, BASELINE, metric)
            if value is None or (relative and not base):
                cells.append("–")
            elif relative:
                assert base is not None
                ratios.append(value / base)
                cells.append(f"{value / base:.2f}")
            else:
                cells.append(f"{value:.3f}" + (f" ± {spread:.3f}" if spread else ""))
        mean = float(np.mean(ratios)) if len(ratios) == len(found) else float("inf")
        rows.append((mean, name, cells + ([f"{mean:.2f}" if np.isfinite(mean) else "–"] if relative else [])))
    if relative:
        rows = sorted(row for row in rows if row[1] not in ("copies", "floor"))
    return lines + [f"| {name} | " + " | ".join(cells) + " |" for _, name, cells in rows]


def contenders(found: dict[str, dict[str, Any]]) -> list[str]:
    """Returns everybody who takes part anywhere: the source, the methods, the other controls."""
    names = list(dict.fromkeys(name for results in found.values() for name in results["contenders"]))
    return ["source", *(name for name in names if name not in CONTROLS), "copies", "floor"]


def of(results: dict[str, Any], name: str, metric: str) -> tuple[float | None, float | None]:
    """Returns mean and spread of a metric; None where there is none."""
    measure = results["contenders"].get(name, {}).get("metrics", {}).get(metric)
    return (None, None) if measure is None else (measure["value"], measure["spread"])


if __name__ == "__main__":
    main(Path(sys.argv[1]))
