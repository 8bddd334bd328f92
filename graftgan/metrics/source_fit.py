"""How well a source fits a few photos, before anything is trained: numbers that mean something at five photos.

Why these. The Frechet distance of raw covariances is dominated by what few photos leave unknown: ten photos span nine
of 1280 dimensions, and the rest counts as if it had no spread. Shrinkage (Ledoit and Wolf) fills those dimensions with
as much spread as the photos can vouch for; and recall asks of each photo whether the source draws such pictures, which
needs no more than one. The distance that ranks sources is `kid`, which is unbiased at any number; these two stand
beside it.
"""

from typing import Any

import numpy as np
from sklearn.covariance import ledoit_wolf_shrinkage

from graftgan.errors import UserError
from graftgan.metrics.gaussian import Gaussian, frechet
from graftgan.metrics.measure import Measure, checked_features
from graftgan.metrics.neighbours import error_of_share, inside

LEAST_SPREAD = 5
NEIGHBOURS = 3


def shrunk_frechet(photos: np.ndarray, samples: np.ndarray) -> Measure:
    """Measure how far photos and source samples are apart as Gaussians with shrunk covariances.

    Source: Dowson and Landau, 1982, for the distance; Ledoit and Wolf, "A well-conditioned estimator for
    large-dimensional covariance matrices", 2004, equations 5 and 14, for the shrinkage. Deviation: what lies outside
    the span of all rows is a multiple of the identity on both sides and is added in closed form, so that no matrix is
    larger than the number of pictures.

    Formula: |mu_x - mu_y|^2 + tr(C_x) + tr(C_y) - 2 tr((C_x C_y)^(1/2)), C = (1 - a) S + a (tr(S) / dim) I, with S
    the covariance over N and a from the data.

    Args:
        photos: features (N, dim), N >= 5.
        samples: features of the source's samples, (M, dim), M >= 5.

    Returns:
        The distance, at least 0, with no error; the protocol holds both intensities of shrinkage. It falls as photos
        are added, so compare sources by the same photos only.

    Raises:
        UserError: fewer than five pictures on a side, different widths, NaN or infinity.

    Example:
        >>> cloud = np.random.default_rng(0).normal(size=(64, 3))
        >>> round(shrunk_frechet(cloud, cloud + 2).value, 6)
        12.0
    """
    x, y = checked_features("shrunk_frechet", LEAST_SPREAD, {"photos": photos, "samples": samples})
    shift, dim = y.mean(0) - x.mean(0), x.shape[1]
    rows = np.concatenate([x - x.mean(0), y - y.mean(0), shift[None]])
    basis = np.linalg.qr(rows.T)[0]  # (dim, r): every row lies in its span
    (root_x, rest_x, share_x), (root_y, rest_y, share_y) = _shrunk(x, basis), _shrunk(y, basis)
    within = frechet(Gaussian(np.zeros(basis.shape[1]), root_x), Gaussian(shift @ basis, root_y))
    outside = (dim - basis.shape[1]) * (rest_x**0.5 - rest_y**0.5) ** 2
    protocol: dict[str, Any] = {
        "metric": "shrunk_frechet",
        "photos": len(x),
        "samples": len(y),
        "rule": "covariances shrunk towards a multiple of the identity (Ledoit-Wolf)",
        "shrinkage of the photos": share_x,
        "shrinkage of the samples": share_y,
    }
    return Measure(float(within + outside), None, protocol)


def photo_recall(photos: np.ndarray, samples: np.ndarray, k: int = NEIGHBOURS) -> Measure:
    """Measure the share of the photos that lie where a source already draws.

    Source: Kynkaanniemi et al., "Improved Precision and Recall Metric for Assessing Generative Models", 2019, arXiv
    1904.06991, section 3: `recall`, with the balls around the samples alone, so that one photo is enough.

    Formula: share of x_i with |x_i - y_j| <= r_j for some j, where r_j is the distance of the sample y_j to its k-th
    nearest other sample.

    Args:
        photos: features (N, dim), N >= 1.
        samples: features of the source's samples, (M, dim), M >= 2 k.
        k: neighbours, 3 as published.

    Returns:
        The share in [0, 1], with the binomial error over the photos (the balls taken as given).

    Raises:
        UserError: no photo, too few samples, different widths, NaN or infinity.

    Example:
        >>> line = np.arange(8.0).reshape(8, 1)
        >>> photo_recall(np.array([[3.5], [20.0]]), line).value
        0.5
    """
    if k < 1:
        raise UserError(f"photo_recall: the number of neighbours must be at least 1, not {k}")
    (y,) = checked_features("photo_recall", 2 * k, {"samples": samples})
    x, _ = checked_features("photo_recall", 1, {"photos": photos, "samples": samples})
    hits = int(np.count_nonzero(inside(y, k, x).holders))
    rule = f"inside a ball around a sample that reaches to its neighbour number {k}"
    protocol = {"metric": "photo_recall", "photos": len(x), "samples": len(y), "neighbours": k, "rule": rule}
    return Measure(hits / len(x), error_of_share(hits, len(x)), protocol)


def _shrunk(rows: np.ndarray, basis: np.ndarray) -> tuple[np.ndarray, float, float]:
    """Return R with R^T R the shrunk covariance within the basis, the variance outside it, and the intensity."""
    centred = rows - rows.mean(0)
    share = float(ledoit_wolf_shrinkage(centred, assume_centered=True))
    rest = share * float((centred * centred).mean())
    known = np.sqrt((1 - share) / len(rows)) * (centred @ basis)
    stacked = np.concatenate([known, np.sqrt(rest) * np.eye(basis.shape[1])])
    return np.asarray(np.linalg.qr(stacked, mode="r")), rest, share
