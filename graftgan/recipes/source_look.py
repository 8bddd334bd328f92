"""One source held beside a few photos, before anything is trained: how near, how well redrawn, what does not fit."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from graftgan.data import PictureSet
from graftgan.features import Encoder
from graftgan.features.cache import encode_cached
from graftgan.metrics import Measure, kid
from graftgan.metrics.source_fit import LEAST_SPREAD, NEIGHBOURS, photo_recall, shrunk_frechet
from graftgan.networks import NETWORKS, Generator
from graftgan.randomness import generator_at
from graftgan.recipes.judge import as_json
from graftgan.recipes.subject import DRAW_SEED, FIRST_METRIC_SEED
from graftgan.sampling.sample import sample, to_uint8
from graftgan.surgery.latent_search import Found, latent_search
from graftgan.zoo.model_folder import Model

SAMPLES = 200
MOST_PHOTOS = 200
SHOWN, BESIDE = 12, 3
STARTS, STEPS = 2, 40
GREY_PHOTO, GREY_SAMPLE = 2.0, 6.0

Told = Callable[[int, int], None]


@dataclass(frozen=True, eq=False)
class Look:
    """What is known of one source beside the photos.

    Attributes:
        source: as it stands behind `--source`.
        title: what it is, in words.
        digest: of the generator's file.
        resolution: side of its pictures in pixels.
        measures: "distance" (KID of its samples against the photos as they are), "frechet", "recall", "own_distance"
            (the distance with the photos in the source's size, as the measured pairs have it), "missed" (median share
            of a photo's contrast that the best found latent misses); those that cannot be had are left out.
        remarks: sentences on size, colour and classes.
        refusal: why `adapt` would refuse it; empty where it would not.
        photos: uint8 (n, H, W, C), the first that were drawn, in its size.
        near: uint8 (n, 3, H, W, C), the samples nearest to each, the nearest first.
        redrawn: uint8 (n, H, W, C), what the latent search found for each.
        names: of the photos' files, n of them.
    """

    source: str
    title: str
    digest: str
    resolution: int
    measures: dict[str, Measure]
    remarks: dict[str, str]
    refusal: str
    photos: np.ndarray
    near: np.ndarray
    redrawn: np.ndarray
    names: list[str]

    @property
    def distance(self) -> float:
        """How far its samples are from the photos."""
        return self.measures["distance"].value

    def to_json(self) -> dict[str, Any]:
        """Returns all but the pictures as JSON values."""
        return {
            "source": self.source,
            "title": self.title,
            "sha256": self.digest,
            "resolution": self.resolution,
            "measures": {name: as_json(measure) for name, measure in self.measures.items()},
            "remarks": self.remarks,
            "refusal": self.refusal,
        }


def look(
    source: str,
    title: str,
    model: Model,
    pictures: PictureSet,
    whole: PictureSet,
    encoder: Encoder,
    samples: int,
    told: Told,
) -> Look:
    """Returns what is known of a source beside the photos.

    Sources are ranked by the photos as they are, the same for all: in a small source's size everything looks alike.

    Args:
        source: as it stands behind `--source`.
        title: what it is, in words.
        model: of the source.
        pictures: the photos, in the source's size; at most `MOST_PHOTOS` of them.
        whole: the same photos in the size that they call for.
        encoder: whose features are compared.
        samples: of the source, at least 6.
        told: called with (done, of) as work goes on.
    """
    generator = model.generator.to(encoder.device).eval()
    drawn = samples_of(generator, samples)
    work = samples + STEPS

    def encoding(done: int, _: int) -> None:
        told(done, work)

    fake = encoded(encoder, drawn, encoding)
    real = encoded(encoder, whole.pixels)
    first = np.asarray(pictures.pixels[:SHOWN])
    found = search(generator, first, lambda done, _: told(samples + done, work))
    apart = np.linalg.norm(real[: len(first), None] - fake[None], axis=2)
    near = np.argsort(apart, axis=1, kind="stable")[:, :BESIDE]
    remarks, refusal = fitting(model, pictures, whole.resolution, drawn)
    measures = measured(real, fake, found)
    own = real if whole.resolution == pictures.resolution else encoded(encoder, pictures.pixels)
    measures["own_distance"] = distance_of(own, fake)
    return Look(
        source,
        title,
        model.digest,
        generator.resolution,
        measures,
        remarks,
        refusal,
        first,
        drawn[near],
        to_uint8(found.pictures),
        pictures.names[: len(first)],
    )


def measured(real: np.ndarray, fake: np.ndarray, found: Found) -> dict[str, Measure]:
    """Returns every number that so many photos and samples allow."""
    measures = {"distance": distance_of(real, fake)}
    if len(real) >= LEAST_SPREAD:
        measures["frechet"] = shrunk_frechet(real, fake)
    if len(fake) >= 2 * NEIGHBOURS:
        measures["recall"] = photo_recall(real, fake)
    errors = found.error.cpu().numpy().astype(float)
    protocol = {
        "metric": "missed",
        "photos": len(errors),
        "rule": f"median share of a photo's contrast missed after {STEPS} steps of Adam on the latent; 1: a flat patch",
        "best random sample": float(np.median(found.drawn.cpu().numpy())),
    }
    measures["missed"] = Measure(float(np.median(errors)), None, protocol)
    return measures


def samples_of(generator: Generator, count: int) -> np.ndarray:
    """Returns the samples that a source is judged by: the first of the seeds that every metric takes."""
    return sample(generator, range(FIRST_METRIC_SEED, FIRST_METRIC_SEED + count))


def encoded(encoder: Encoder, pixels: np.ndarray, told: Told | None = None) -> np.ndarray:
    """Returns features, kept for the next time."""
    return encode_cached(encoder, np.ascontiguousarray(pixels), progress=told)


def distance_of(photos: np.ndarray, samples: np.ndarray) -> Measure:
    """Returns the KID of source samples against photos: the distance that advice goes by.

    One photo has no pairs, and is taken as a domain without spread: its distance is on the high side.

    Args:
        photos: features (N, dim), N >= 1.
        samples: features (M, dim).
    """
    if len(photos) > 1:
        return kid(photos, samples)
    alone = kid(np.repeat(photos, 2, axis=0), samples)
    return Measure(alone.value, None, alone.protocol | {"real": 1, "warning": "one photo has no spread: too high"})


def search(generator: Generator, photos: np.ndarray, told: Told) -> Found:
    """Returns the latents found for photos, uint8 (n, H, W, 3)."""
    pictures = torch.from_numpy(photos.copy()).permute(0, 3, 1, 2).float() / 127.5 - 1
    if generator.channels == 1:
        pictures = pictures.mean(1, keepdim=True)
    rng = generator_at(0, 0, purpose="latent search")
    return latent_search(generator, pictures, starts=STARTS, steps=STEPS, rng=rng, progress=told)


def some(pictures: PictureSet, most: int = MOST_PHOTOS) -> PictureSet:
    """Returns at most so many of the photos, drawn once and for all."""
    if len(pictures) <= most:
        return pictures
    return pictures.take(np.random.default_rng(DRAW_SEED).permutation(len(pictures))[:most])


def fitting(model: Model, pictures: PictureSet, side: int, samples: np.ndarray) -> tuple[dict[str, str], str]:
    """Returns what fits and what does not, by size, colour and classes; and why `adapt` would refuse the source."""
    remarks = {
        "size": size_in_words(model.generator.resolution, side),
        "colour": colour_in_words(model.generator.channels, is_grey(pictures.pixels, GREY_PHOTO), samples),
    }
    classes, refusal = classes_in_words(model, pictures)
    if classes:
        remarks["classes"] = classes
    if model.discriminator is None and NETWORKS[model.network].discriminator.adversary:
        remarks["discriminator"] = "none: one is drawn, and learns from nothing"
    elif model.discriminator is None:
        refusal = refusal or f"it is a {model.network} without its encoder"
    return remarks, refusal


def size_in_words(resolution: int, side: int) -> str:
    """Returns how the source's size suits photos that call for `side` pixels.

    Example:
        >>> size_in_words(32, 64)
        '32 px, your photos call for 64: finer detail is lost'
    """
    if resolution == side:
        return f"{resolution} px, as your photos"
    lost = "finer detail is lost" if resolution < side else "they are enlarged, and stay soft"
    return f"{resolution} px, your photos call for {side}: {lost}"


def is_grey(pixels: np.ndarray, most: float) -> bool:
    """Returns whether the channels of pictures are alike: their mean spread is at most so many levels of 255."""
    return pixels.shape[-1] == 1 or float(np.ptp(np.asarray(pixels[:64]).astype(np.int16), axis=-1).mean()) <= most


def colour_in_words(channels: int, grey: bool, samples: np.ndarray) -> str:
    """Returns how the source's colour suits the photos'."""
    if is_grey(samples, GREY_SAMPLE):
        if grey:
            return "grey, as your photos"
        if channels == 1:
            return "grey only: the colour of your photos would be lost"
        return "grey, your photos are coloured: colour has to be learnt"
    return "coloured, your photos are grey: colour has to be unlearnt" if grey else "coloured, as your photos"


def classes_in_words(model: Model, pictures: PictureSet) -> tuple[str, str]:
    """Returns how the source's classes suit the photos' folders, and why `adapt` would refuse them."""
    classes = model.generator.c_dim
    if not classes:
        return "", ""
    if not pictures.classes:
        return f"{classes} classes; your photos have no folders, so that each class is trained by all", ""
    known = list(model.about.get("classes") or pictures.classes)
    if strange := [name for name in pictures.classes if name not in known]:
        return f"{classes} classes, none of them {strange[0]}", f"it has no class {strange[0]}"
    return f"its classes have the names of your folders: {', '.join(pictures.classes[:5])}", ""
