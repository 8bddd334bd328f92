"""What an adapted generator is worth: its numbers beside those of the unchanged source and of the noise floor."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from graftgan.metrics import METRICS, Measure, Nearest
from graftgan.networks import Generator
from graftgan.recipes.judge import Judge, as_json
from graftgan.recipes.subject import drawn, of_generator


@dataclass(frozen=True)
class Judgement:
    """The numbers of a run, each with its protocol.

    Attributes:
        metrics: metric name -> who ("adapted", "source", "floor") -> measure.
        missing: sentences on which numbers are missing, and why.
        warnings: one plain line each: collapse, copying.
        near: nearest photo of the adapted generator's first 64 pictures.
    """

    metrics: dict[str, dict[str, Measure]] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    near: Nearest | None = None

    def to_json(self) -> dict[str, Any]:
        """Returns the judgement as `metrics.json` holds it."""
        found = {name: {who: as_json(measure) for who, measure in by.items()} for name, by in self.metrics.items()}
        return {**found, "missing": self.missing, "warnings": self.warnings}


def judge_adapted(
    adapted: Generator,
    source: Generator | None,
    photos: np.ndarray,
    holdout: np.ndarray | None,
    *,
    encoder: str,
    pictures: int,
    lpips: str | None,
    lpips_pictures: int,
    device: torch.device,
    show: bool = True,
) -> Judgement:
    """Measures an adapted generator.

    Protocol: fixed seeds from 1,000,000 on, truncation 1, as many samples as `pictures`, against at most `pictures`
    of the hold-out; the noise floor is one half of the hold-out against the other. Nothing was chosen by it.

    Args:
        adapted: in evaluation mode.
        source: the unchanged source; None where there was none.
        photos: uint8 (N, H, W, C) trained on.
        holdout: uint8 (M, H, W, C) of the same domain, never trained on; None where there are none.
        encoder: a name in `ENCODERS`.
        pictures: samples of each generator, and the most of the hold-out that is used.
        lpips: a name in `PERCEPTUAL`, or None.
        lpips_pictures: the most samples whose LPIPS is taken.
        device: of the encoder.
        show: whether to show a bar.

    Returns:
        The numbers; what cannot be measured is said in `missing`.
    """
    judge = Judge(
        holdout=None if holdout is None else drawn(holdout, pictures),
        photos=photos,
        encoder=encoder,
        lpips=lpips,
        lpips_pictures=lpips_pictures,
        device=device,
        show=show,
    )
    verdict = judge.measure(of_generator("adapted", adapted, pictures))
    before = None if source is None else judge.measure(of_generator("source", source, pictures))
    below = judge.floor()
    metrics: dict[str, dict[str, Measure]] = {}
    for name, measure in verdict.measures.items():
        metrics[name] = {"adapted": measure}
        for who, other in (("source", before), ("floor", below)):
            if other is not None and name in other.measures:
                metrics[name][who] = other.measures[name]
    return Judgement(metrics, verdict.missing, verdict.warnings, verdict.near)


def lines(metrics: dict[str, Any]) -> list[str]:
    """Returns what `metrics.json` holds as lines for the terminal: a table, then warnings and what is missing."""
    rows = [("", "adapted", "source", "floor", "")]
    for name, by in metrics.items():
        if name in METRICS:
            cells = [f"{by[who]['value']:.4g}" if who in by else "–" for who in ("adapted", "source", "floor")]
            better = METRICS[name].better
            note = f"{better} is better" if better != "neither" else ""
            rows.append((METRICS[name].title, cells[0], cells[1], cells[2], note))
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    table = [
        "  ".join(
            [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:4], widths[1:], strict=True))]
        )
        + f"  {row[4]}".rstrip()
        for row in rows
    ]
    found = [] if len(rows) == 1 else [*table, *how(metrics)]
    chosen = metrics.get("checkpoint")
    step = [] if chosen is None else [f"the model is that of {chosen['kimg']:g} kimg: {chosen['rule']}"]
    warned = [f"warning: {line}" for line in metrics.get("warnings", [])]
    return [*found, *step, *warned, *metrics.get("missing", [])]


def how(metrics: dict[str, Any]) -> list[str]:
    """Returns one line on how the numbers were made; each metric's own protocol is in `metrics.json`."""
    protocols = [by["adapted"]["protocol"] for name, by in metrics.items() if name in METRICS]
    first = next((protocol for protocol in protocols if "real" in protocol), protocols[0])
    against = f" against {first['real']} held-out pictures" if "real" in first else ""
    seen = f"{first.get('fake', '?')} samples{against}; {first.get('encoder', 'pixels')}"
    return [f"{seen}; floor: one half of the hold-out against the other"]
