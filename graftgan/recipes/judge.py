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
DRAW_SEED = 0
LEAST_HELD, MOST_PHOTOS = 4, 1000
BIASED = {"fid"}  # by the number of pictures: half against half would not be a floor for the whole


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
    shown = Eyes(eye, show)
    samples = shown.see(sample(adapted, COPY_SEEDS), "samples")
    close = shown.see(drawn(photos, MOST_PHOTOS), "photos")
    held = None if holdout is None else shown.see(drawn(holdout, pictures), "hold-out")
    near = nearest(samples, close)
    copied: dict[str, Measure] = {}
    try:
        copied["adapted"] = copies(samples, close).under({**shown.protocol(), "seeds": "0-63"})
        if held is not None:
            copied["floor"] = copies(held[: len(COPY_SEEDS)], close).under({**shown.protocol(), "of": "the hold-out"})
    except UserError as error:
        missing.append(f"Copying is not counted: {error}")
    if held is None:
        missing.append(
            "KID and FID are missing: there is no hold-out. Against the photos themselves they would reward copying; "
            "give --holdout FOLDER, or --shots N to train on N of the pictures and measure on the rest."
        )
    elif len(held) < LEAST_HELD:
        missing.append(f"KID and FID are missing: {len(held)} held-out pictures are too few, {LEAST_HELD} at least.")
    elif eye is not None:
        return Judgement(distances(shown, adapted, source, held, pictures, missing), copied, near, missing)
    return Judgement({}, copied, near, missing)


def drawn(pictures: np.ndarray, most: int) -> np.ndarray:
    """Returns at most `most` of the pictures, drawn once and for all: files in order of name are no fair sample."""
    if len(pictures) <= most:
        return np.asarray(pictures)
    order = np.random.default_rng(DRAW_SEED).permutation(len(pictures))[:most]
    return np.asarray(pictures[order])


def distances(
    eyes: "Eyes",
    adapted: Generator,
    source: Generator | None,
    held: np.ndarray,
    pictures: int,
    missing: list[str],
) -> dict[str, dict[str, Measure]]:
    """Returns every metric of adapted, source and noise floor against the hold-out; appends to `missing`."""
    seeds = range(FIRST_METRIC_SEED, FIRST_METRIC_SEED + pictures)
    drawn_by = {"seeds": f"{seeds.start}-{seeds.stop - 1}", "truncation": 1.0}
    contenders = {"adapted": (held, eyes.see(sample(adapted, seeds), "adapted"), drawn_by)}
    if source is not None:
        contenders["source"] = (held, eyes.see(sample(source, seeds), "source"), drawn_by)
    order = np.random.default_rng(DRAW_SEED).permutation(len(held))
    halves = held[order[0::2]], held[order[1::2]]
    contenders["floor"] = (*halves, {"of": "one half of the hold-out against the other"})
    found: dict[str, dict[str, Measure]] = {}
    for name, metric in METRICS.items():
        for who, (real, fake, how) in contenders.items():
            if who == "floor" and name in BIASED:
                continue
            try:
                found.setdefault(name, {})[who] = metric(real, fake).under({**eyes.protocol(), **how})
            except UserError as error:
                missing.append(f"{name} of {who} is missing: {error}")
    return {name: by for name, by in found.items() if "adapted" in by}


@dataclass(frozen=True)
class Eyes:
    """How pictures are looked at: by an encoder, or pixel by pixel where there is none.

    Attributes:
        encoder: None for pixels.
        show: whether to show a bar.
    """

    encoder: Encoder | None
    show: bool

    def see(self, pictures: np.ndarray, what: str) -> np.ndarray:
        """Returns features of pictures, grey ones as colour, with a bar."""
        colour = pictures if pictures.shape[-1] == 3 else pictures.repeat(3, axis=-1)
        if self.encoder is None:
            return colour
        with ProgressBar(f"measure {what}", len(colour), quiet=not self.show) as bar:
            return self.encoder.encode(colour, progress=lambda done, total: bar.update(done))

    def protocol(self) -> dict[str, Any]:
        """Says how pictures were looked at."""
        return {"encoder": "pixels"} if self.encoder is None else self.encoder.protocol()


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
