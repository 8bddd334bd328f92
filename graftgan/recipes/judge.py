"""What an adapted generator is worth: distance to the hold-out beside source and noise floor, and copying."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from graftgan.errors import UserError
from graftgan.features import ENCODERS, Encoder
from graftgan.metrics import METRICS, Measure, Nearest, copies, nearest
from graftgan.networks import Generator
from graftgan.sampling.sample import sample
from graftgan.training.progress import ProgressBar

COPY_SEEDS = range(64)
FIRST_METRIC_SEED = 1_000_000


@dataclass(frozen=True)
class Judgement:
    """The numbers of a run, each with its protocol.

    Attributes:
        metrics: metric name -> who ("adapted", "source", "floor") -> measure.
        copies: who ("adapted", "floor": the hold-out, which cannot have copied) -> how many of 64 pictures are nearer
            to a photo than the photos are to each other; empty for one photo.
        neighbours: nearest photo of samples 0 to 63.
        missing: sentences on which numbers are missing, and why.
    """

    metrics: dict[str, dict[str, Measure]] = field(default_factory=dict)
    copies: dict[str, Measure] = field(default_factory=dict)
    neighbours: Nearest | None = None
    missing: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """Returns the judgement as `metrics.json` holds it."""
        found: dict[str, Any] = {
            name: {who: as_json(measure) for who, measure in by.items()} for name, by in self.metrics.items()
        }
        if self.copies:
            found["copies"] = {who: as_json(measure) for who, measure in self.copies.items()}
        return {**found, "missing": self.missing}


def as_json(measure: Measure) -> dict[str, Any]:
    """Returns a measure as JSON values."""
    return {"value": measure.value, "error": measure.error, "protocol": measure.protocol}


def judge(
    adapted: Generator,
    source: Generator | None,
    photos: np.ndarray,
    holdout: np.ndarray | None,
    *,
    encoder: str,
    pictures: int,
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
        device: of the encoder.
        show: whether to show a bar.

    Returns:
        The numbers; what cannot be measured is said in `missing`.
    """
    missing: list[str] = []
    try:
        eye: Encoder | None = ENCODERS[encoder](device)
    except UserError as error:
        eye = None
        missing.append(f"KID and FID are missing: {error}")
    samples = sample(adapted, COPY_SEEDS)
    close, far = photos, samples
    if eye is not None:
        close, far = encode(eye, photos, "photos", show), encode(eye, samples, "samples", show)
    near = nearest(far, close)
    copied: dict[str, Measure] = {}
    try:
        where = {"encoder": "pixels"} if eye is None else eye.protocol()
        copied["adapted"] = copies(far, close).under({**where, "seeds": "0-63"})
        if holdout is not None:
            others = holdout[: len(COPY_SEEDS)]
            others = others if eye is None else encode(eye, others, "hold-out", show)
            copied["floor"] = copies(others, close).under({**where, "of": "the first pictures of the hold-out"})
    except UserError as error:
        missing.append(f"Copying is not counted: {error}")
    if holdout is None or len(holdout) < 4:
        missing.append(
            "KID and FID are missing: there is no hold-out. Against the photos themselves they would reward copying; "
            "give --holdout FOLDER, or --shots N to train on N of the pictures and measure on the rest."
        )
        return Judgement({}, copied, near, missing)
    if eye is None:
        return Judgement({}, copied, near, missing)
    return Judgement(
        distances(eye, adapted, source, holdout[:pictures], pictures, missing, show), copied, near, missing
    )


def distances(
    eye: Encoder,
    adapted: Generator,
    source: Generator | None,
    holdout: np.ndarray,
    pictures: int,
    missing: list[str],
    show: bool,
) -> dict[str, dict[str, Measure]]:
    """Returns every metric of adapted, source and noise floor against the hold-out; appends to `missing`."""
    seeds = range(FIRST_METRIC_SEED, FIRST_METRIC_SEED + pictures)
    reference = encode(eye, holdout, "hold-out", show)
    contenders = {"adapted": (reference, encode(eye, sample(adapted, seeds), "adapted", show))}
    if source is not None:
        contenders["source"] = (reference, encode(eye, sample(source, seeds), "source", show))
    contenders["floor"] = (reference[0::2], reference[1::2])
    found: dict[str, dict[str, Measure]] = {}
    for name, metric in METRICS.items():
        for who, (real, fake) in contenders.items():
            try:
                found.setdefault(name, {})[who] = metric(real, fake).under(
                    {**eye.protocol(), "seeds": f"{seeds.start}-{seeds.stop - 1}", "truncation": 1.0}
                )
            except UserError as error:
                missing.append(f"{name} of {who} is missing: {error}")
    return {name: by for name, by in found.items() if "adapted" in by}


def encode(eye: Encoder, pictures: np.ndarray, what: str, show: bool) -> np.ndarray:
    """Returns features of pictures, grey ones as colour, with a bar."""
    colour = pictures if pictures.shape[-1] == 3 else pictures.repeat(3, axis=-1)
    with ProgressBar(f"measure {what}", len(colour), quiet=not show) as bar:
        return eye.encode(colour, progress=lambda done, total: bar.update(done))


def lines(metrics: dict[str, Any]) -> list[str]:
    """Returns what `metrics.json` holds as lines for the terminal."""
    found = []
    for name, by in metrics.items():
        if name == "missing":
            continue
        protocol = by["adapted"]["protocol"]
        if name == "copies":
            real = (
                f"; of the hold-out {by['floor']['value']:.0f} of {by['floor']['protocol']['fake']}"
                if "floor" in by
                else ""
            )
            found.append(f"copies: {by['adapted']['value']:.0f} of {protocol['fake']} ({protocol['rule']}{real})")
            continue
        values = "   ".join(f"{who} {measure['value']:.4g}" for who, measure in by.items())
        sizes = f"{protocol['fake']} samples against {protocol['real']} held-out pictures"
        found.append(f"{name}: {values}   (lower is better; {protocol.get('encoder', 'pixels')}; {sizes})")
    return found + list(metrics.get("missing", []))
