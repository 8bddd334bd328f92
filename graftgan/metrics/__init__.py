"""Metrics: features in, a `Measure` out; no metric knows a network.

``METRICS`` is the table of them: name -> `Metric`, which says what evidence the number needs and how it is read.
"""

from graftgan.metrics.authpct import authpct
from graftgan.metrics.copying import copy_share
from graftgan.metrics.data_copying import c_t
from graftgan.metrics.density_coverage import coverage, density
from graftgan.metrics.fid import fid
from graftgan.metrics.fid_infinity import fid_infinity
from graftgan.metrics.inception_score import inception_score
from graftgan.metrics.intra_lpips import PerceptualView, intra_lpips
from graftgan.metrics.kid import kid
from graftgan.metrics.measure import Measure
from graftgan.metrics.metric import EVIDENCE, Metric
from graftgan.metrics.nearest import Nearest, nearest, nearest_ratio
from graftgan.metrics.precision_recall import precision, recall

METRICS: dict[str, Metric] = {
    "kid": Metric(
        kid,
        ("real", "fake"),
        "lower",
        "Quality",
        "KID",
        "How far the pictures are from the hold-out as a whole; fair at any number of pictures, so it leads.",
    ),
    "fid": Metric(
        fid,
        ("real", "fake"),
        "lower",
        "Quality",
        "Frechet distance",
        "How far the pictures are from the hold-out as two Gaussians; too high where either are few.",
        size_bias=True,
    ),
    "fid_infinity": Metric(
        fid_infinity,
        ("real", "fake"),
        "lower",
        "Quality",
        "Frechet distance, infinity",
        "The Frechet distance extrapolated to infinitely many judged pictures; what few real ones add to it stays.",
        size_bias=True,
        slow=True,
    ),
    "precision": Metric(
        precision,
        ("real", "fake"),
        "higher",
        "Quality",
        "precision",
        "Share of the pictures that lie where real ones lie: quality.",
        size_bias=True,
    ),
    "recall": Metric(
        recall,
        ("real", "fake"),
        "higher",
        "Diversity",
        "recall",
        "Share of the held-out pictures that lie where the judged ones lie: diversity.",
        size_bias=True,
    ),
    "density": Metric(
        density,
        ("real", "fake"),
        "higher",
        "Quality",
        "density",
        "How densely held-out pictures lie around the judged ones, 1 as around each other: quality, steadier.",
    ),
    "coverage": Metric(
        coverage,
        ("real", "fake"),
        "higher",
        "Diversity",
        "coverage",
        "Share of the held-out pictures with a judged one nearby: diversity, steadier; grows with the number judged.",
        size_bias=True,
    ),
    "intra_lpips": Metric(
        intra_lpips,
        ("lpips",),
        "higher",
        "Diversity",
        "intra-cluster LPIPS",
        "How different the pictures are that resemble the same photo: 0 for exact copies; mirrored and tinted ones "
        "alone reach 0.3 to 0.4, and noise is high too; above the floor is no merit.",
    ),
    "nearest_ratio": Metric(
        nearest_ratio,
        ("fake", "photos", "real"),
        "neither",
        "Memorisation",
        "nearest photo / hold-out's",
        "How near the pictures come to the photos, 1 as unseen real ones do; well below 1 they are copies.",
    ),
    "copies": Metric(
        copy_share,
        ("fake", "photos"),
        "lower",
        "Memorisation",
        "copies",
        "Share of the pictures that are one of the photos, moved or tinted a little; beside the hold-out's, chance.",
    ),
    "authpct": Metric(
        authpct,
        ("fake", "photos"),
        "higher",
        "Memorisation",
        "AuthPct",
        "Percentage of pictures farther from their nearest photo than it is from another; 0 for copies.",
    ),
    "c_t": Metric(
        c_t,
        ("fake", "photos", "real"),
        "neither",
        "Memorisation",
        "C_T",
        "A rank test against the hold-out: far below 0 the pictures are nearer to the photos than unseen ones.",
        size_bias=True,
    ),
    "inception_score": Metric(
        inception_score,
        ("logits",),
        "higher",
        "Diversity",
        "Inception Score formula",
        "How sure a classifier is of each picture and how many of its classes it sees; says little of a single domain.",
        size_bias=True,
    ),
}

__all__ = [
    "EVIDENCE",
    "METRICS",
    "Measure",
    "Metric",
    "Nearest",
    "PerceptualView",
    "authpct",
    "c_t",
    "copy_share",
    "coverage",
    "density",
    "fid",
    "fid_infinity",
    "inception_score",
    "intra_lpips",
    "kid",
    "nearest",
    "nearest_ratio",
    "precision",
    "recall",
]
