"""Measures pictures under one protocol: the same hold-out, photos, encoder and metrics for everyone who is judged."""

import tempfile
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import torch
from lightning_fabric import Fabric

from graftgan.errors import UserError
from graftgan.features import ENCODERS, EfficientNetLite0, Encoder
from graftgan.features.cache import encode_cached
from graftgan.features.lpips import Lpips
from graftgan.metrics import METRICS, Measure, Nearest, nearest
from graftgan.metrics.collapse import collapse_warning
from graftgan.metrics.copying import copying_warning
from graftgan.recipes.subject import DRAW_SEED, Subject, drawn, of_pictures
from graftgan.training.progress import ProgressBar

CHUNK = 64
NEAR = 64
LEAST_HELD, MOST_PHOTOS, MOST_CLUSTERS = 4, 1000, 100

NO_HOLDOUT = (
    "there is no hold-out. Against the photos themselves they would reward copying; give --holdout FOLDER, "
    "or --shots N to train on N of the pictures and measure on the rest"
)


@dataclass(frozen=True)
class Verdict:
    """What was measured of one subject.

    Attributes:
        measures: metric name -> measure, in the order of `METRICS`.
        missing: sentences on which numbers are missing, and why.
        warnings: one plain line each: collapse, copying.
        near: nearest photo of the first 64 pictures; None without photos.
    """

    measures: dict[str, Measure] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    near: Nearest | None = None

    def to_json(self) -> dict[str, Any]:
        """Returns the measures as JSON values: `value`, `error` and `protocol` by metric."""
        return {name: as_json(measure) for name, measure in self.measures.items()}


def as_json(measure: Measure) -> dict[str, Any]:
    """Returns a measure as JSON values."""
    return {"value": measure.value, "error": measure.error, "protocol": measure.protocol}


class Judge:
    """Measures any number of subjects against one hold-out and one set of photos.

    Args:
        holdout: uint8 (M, H, W, C) of the target domain, never trained on; None where there are none.
        held: which of them count, positions; None: all. (So a whole folder is encoded, and cached, once.)
        photos: uint8 (k, H, W, C) trained on; None where they are not known.
        encoder: a name in `ENCODERS`.
        resize: a name in `RESIZES`.
        lpips: a name in `PERCEPTUAL`; None leaves intra-cluster LPIPS out.
        lpips_pictures: the most pictures whose LPIPS is taken; 1000 in the published protocol.
        metrics: names in `METRICS`; None: all that are not slow.
        device: of the encoder.
        fabric: splits the encoding over its processes, which then all have to call `measure` alike; only the first
            gets numbers. None: this process does all.
        show: whether to show bars.
    """

    def __init__(
        self,
        *,
        holdout: np.ndarray | None,
        photos: np.ndarray | None,
        held: np.ndarray | None = None,
        encoder: str = "efficientnet-lite0",
        resize: str = "clean",
        lpips: str | None = "lpips-alex",
        lpips_pictures: int = 1000,
        metrics: Collection[str] | None = None,
        device: torch.device | str = "cpu",
        fabric: Fabric | None = None,
        show: bool = True,
    ) -> None:
        self.holdout, self.fabric, self.show, self.device = holdout, fabric, show, device
        self.photos = None if photos is None else drawn(photos, MOST_PHOTOS)
        self.photos_in_all = 0 if photos is None else len(photos)
        self.held = np.arange(0 if holdout is None else len(holdout)) if held is None else held
        self.lpips_name, self.lpips_pictures = lpips, lpips_pictures
        self.names = [name for name in METRICS if (name in metrics if metrics is not None else not METRICS[name].slow)]
        self.blind = ""
        try:
            self.encoder: Encoder | None = ENCODERS[encoder](device, resize)
        except UserError as error:
            self.encoder, self.blind = None, str(error)

    def measure(self, subject: Subject) -> Verdict:
        """Measures one subject.

        Args:
            subject: whose pictures are encoded once, chunk by chunk.

        Returns:
            Every metric for which there is evidence; what cannot be measured is said in `missing`.
        """
        fake = self.features(subject)
        evidence: dict[str, Any] = {"fake": fake, "real": self.real_features, "photos": self.photo_features}
        if isinstance(self.encoder, EfficientNetLite0):
            evidence["logits"] = self.encoder.logits(fake)
        missing: list[str] = []
        if self.is_first() and "intra_lpips" in self.names:
            evidence["lpips"] = self.perceptual(subject, missing)
        if not self.is_first():
            return Verdict()
        return self.compared({name: found for name, found in evidence.items() if found is not None}, subject, missing)

    def floor(self) -> Verdict | None:
        """Measures one half of the hold-out against the other: what a perfect generator would get.

        Metrics that move with the number of pictures are left out, as halves are no floor for the whole.

        Returns:
            The noise floor; None where there is no hold-out, or too little of it.
        """
        if self.holdout is None or self.encoder is None or self.real_features is None:
            return None
        pixels, held = self.holdout, self.held
        order = np.random.default_rng(DRAW_SEED).permutation(len(held))
        one, other = order[0::2], order[1::2]
        how = {"of": "one half of the hold-out against the other", "side": int(pixels.shape[1])}
        half = Subject("floor", len(other), lambda start, stop: np.asarray(pixels[held[other[start:stop]]]), how)
        features = {"real": self.real_features[one], "fake": self.real_features[other], "photos": self.photo_features}
        evidence: dict[str, Any] = {name: found for name, found in features.items() if found is not None}
        if isinstance(self.encoder, EfficientNetLite0):
            evidence["logits"] = self.encoder.logits(evidence["fake"])
        if self.is_first() and "intra_lpips" in self.names and (view := self.perceptual(half, [])) is not None:
            evidence["lpips"] = view
        if not self.is_first():
            return Verdict()
        return self.compared(evidence, half, [], [name for name in self.names if not METRICS[name].size_bias])

    def compared(
        self, evidence: dict[str, Any], subject: Subject, missing: list[str], names: Sequence[str] | None = None
    ) -> Verdict:
        """Returns every metric that the evidence allows."""
        found: dict[str, Measure] = {}
        absent: dict[str, list[str]] = {}
        for name in self.names if names is None else names:
            metric = METRICS[name]
            lacking = [need for need in metric.needs if need not in evidence]
            if lacking:
                absent.setdefault(self.reason(lacking[0]), []).append(metric.title)
                continue
            try:
                measure = metric.compute(*(evidence[need] for need in metric.needs))
            except UserError as error:
                missing.append(f"{metric.title} of {subject.name} is missing: {error}")
                continue
            seen = {} if metric.needs == ("lpips",) else self.protocol()
            if metric.needs == ("logits",):
                seen["classes_of"] = f"ImageNet, as {seen['encoder']} tells them"
            found[name] = measure.under({**seen, **subject.how})
        if self.photos is not None and len(self.photos) < self.photos_in_all:
            missing.append(f"Of the {self.photos_in_all} photos {len(self.photos)} are compared with, drawn once.")
        missing += [f"{listed(titles)} missing: {reason}." for reason, titles in absent.items() if reason]
        fake, photos, real = evidence["fake"], evidence.get("photos"), evidence.get("real")
        near = None if photos is None else nearest(fake[:NEAR], photos)
        warnings = []
        if photos is not None and self.encoder is not None:
            warnings = [collapse_warning(fake, photos), copying_warning(fake, photos, real)]
        return Verdict(found, missing, [warning for warning in warnings if warning], near)

    def reason(self, need: str) -> str:
        """Returns why a piece of evidence is not there; empty where nobody asked for it."""
        if need == "real":
            if self.encoder is None:
                return self.blind
            if self.holdout is None:
                return NO_HOLDOUT
            return f"{len(self.held)} held-out pictures are too few, {LEAST_HELD} at least"
        if need == "logits":
            return "" if self.encoder is None else f"{self.encoder.name} has no classes; efficientnet-lite0 has"
        return "the photos trained on are not known; give --shots FOLDER" if need == "photos" else ""

    @cached_property
    def real_features(self) -> np.ndarray | None:
        """Features of the hold-out; None where there are none worth measuring with."""
        if self.holdout is None or self.encoder is None or len(self.held) < LEAST_HELD:
            return None
        return self.known(self.holdout, "hold-out")[self.held]

    @cached_property
    def photo_features(self) -> np.ndarray | None:
        """Features of the photos; pixels where there is no encoder."""
        return None if self.photos is None else self.known(self.photos, "photos")

    def known(self, pixels: np.ndarray, what: str) -> np.ndarray:
        """Returns features of pictures that were perhaps encoded in an earlier run."""
        if self.encoder is None or self.is_split():
            return self.features(of_pictures(what, pixels, what))
        with ProgressBar(f"measure {what}", len(pixels), quiet=not self.show) as bar:
            return encode_cached(self.encoder, pixels, progress=lambda done, total: bar.update(done))

    def features(self, subject: Subject) -> np.ndarray:
        """Returns features of a subject, (N, dim), each process seeing to its share; flat pixels without an encoder."""
        low, high, share = 0, subject.count, subject.count
        if self.is_split():
            assert self.fabric is not None
            share = -(-subject.count // self.fabric.world_size)
            low = min(self.fabric.global_rank * share, subject.count)
            high = min(low + share, subject.count)
        rows = []
        with ProgressBar(f"measure {subject.name}", high - low, quiet=not self.show) as bar:
            for start in range(low, high, CHUNK):
                stop = min(start + CHUNK, high)
                pictures = subject.pictures(start, stop)
                rows.append(
                    pictures.reshape(len(pictures), -1).astype(np.float32)
                    if self.encoder is None
                    else self.encoder.encode(pictures)
                )
                bar.update(stop - low)
        return self.gathered(rows, share, subject.count)

    def gathered(self, rows: list[np.ndarray], share: int, count: int) -> np.ndarray:
        """Returns the rows of every process, in order."""
        if not self.is_split():
            return np.concatenate(rows)
        assert self.fabric is not None and self.encoder is not None
        mine = np.zeros((share, self.encoder.dim), np.float32)
        if rows:
            found = np.concatenate(rows)
            mine[: len(found)] = found
        everybody = torch.as_tensor(self.fabric.all_gather(torch.from_numpy(mine).to(self.fabric.device)))
        return everybody.reshape(-1, self.encoder.dim)[:count].cpu().numpy()

    def perceptual(self, subject: Subject, missing: list[str]) -> Any:
        """Returns the LPIPS view of a subject's first pictures and the photos; None where it cannot be had."""
        if self.lpips_name is None or self.photos is None or len(self.photos) > MOST_CLUSTERS:
            if self.lpips_name is not None and self.photos is not None:
                missing.append(
                    f"Intra-cluster LPIPS is missing: a cluster for each of {len(self.photos)} photos says little"
                )
            return None
        pictures = spooled(subject, min(subject.count, self.lpips_pictures))
        with ProgressBar(f"LPIPS of {subject.name}", len(pictures), quiet=not self.show) as bar:
            try:
                return self.lpips.view(pictures, self.photos, progress=lambda done, total: bar.update(done))
            except UserError as error:
                missing.append(f"Intra-cluster LPIPS is missing: {error}")
                return None

    @cached_property
    def lpips(self) -> Lpips:
        """The perceptual network, read when it is first needed."""
        assert self.lpips_name is not None
        return Lpips(self.lpips_name, self.device)

    def protocol(self) -> dict[str, Any]:
        """Says how pictures were looked at."""
        return {"encoder": "pixels"} if self.encoder is None else self.encoder.protocol()

    def is_split(self) -> bool:
        """Whether several processes share the encoding."""
        return self.fabric is not None and self.fabric.world_size > 1 and self.encoder is not None

    def is_first(self) -> bool:
        """Whether this process computes the numbers."""
        return self.fabric is None or self.fabric.global_rank == 0


def spooled(subject: Subject, count: int) -> np.ndarray:
    """Returns a subject's first pictures on a disk file that is gone once nobody looks at it."""
    first = subject.pictures(0, 1)
    with tempfile.TemporaryFile() as file:
        found: np.ndarray = np.memmap(file, np.uint8, "w+", shape=(count, *first.shape[1:]))
    for start in range(0, count, CHUNK):
        stop = min(start + CHUNK, count)
        found[start:stop] = subject.pictures(start, stop)
    return found


def listed(titles: Sequence[str]) -> str:
    """Returns titles as the subject of a sentence.

    Example:
        >>> listed(["KID", "recall"]), listed(["FID"])
        ('KID and recall are', 'FID is')
    """
    if len(titles) == 1:
        return f"{titles[0]} is"
    return f"{', '.join(titles[:-1])} and {titles[-1]} are"
