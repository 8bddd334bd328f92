"""AuthPct: the share of pictures that are not closer to a photo than another photo is."""

import numpy as np

from graftgan.errors import UserError
from graftgan.metrics.measure import Measure, checked_features
from graftgan.metrics.nearest import nearest
from graftgan.metrics.neighbours import error_of_share

# Below this share of the typical distance two photos are one and the same picture.
_SAME = 1e-4


def authpct(fake: np.ndarray, photos: np.ndarray) -> Measure:
    """Measure the percentage of authentic pictures: those that are no nearer to a photo than another photo is.

    Source: Alaa et al., "How Faithful is your Synthetic Data?", 2022, arXiv 2102.08921, section 4.3, in the form of
    Stein et al., 2023, arXiv 2306.04675: in percent, by the encoder's features as they are. Deviation: a photo that
    is given twice counts once; otherwise its copies would all be authentic. Of ten photos a photo's nearest neighbour
    is far away, so unseen real pictures are often not authentic either: read it beside the hold-out's. Noise is
    always authentic.

    Formula: 100 x share of y with |y - p| > |p - p'|, where p is the photo nearest to y and p' the photo nearest to p.

    Args:
        fake: features of the judged pictures, (M, dim), M >= 1.
        photos: features of the photos trained on, (P, dim), at least two different ones.

    Returns:
        The percentage, with the binomial error over the judged pictures (the photos taken as given).

    Raises:
        UserError: fewer than two different photos, different widths, NaN or infinity.

    Example:
        >>> authpct(np.array([[0.5], [3.5]]), np.array([[0.0], [1.0]])).value
        50.0
    """
    y, p = checked_features("authpct", 1, {"fake": fake, "photos": photos})
    near = nearest(y, p)
    hits = int((near.distance > _gaps(p)[near.index]).sum())
    protocol = {
        "metric": "authpct",
        "fake": len(y),
        "photos": len(p),
        "distance": "euclidean",
        "rule": "percentage that is farther from its nearest photo than that photo is from another",
        "error": "binomial, photos as given",
    }
    return Measure(100 * hits / len(y), 100 * error_of_share(hits, len(y)), protocol)


def _gaps(photos: np.ndarray) -> np.ndarray:
    """Return how far each photo is from the nearest different one."""
    same = _SAME * np.sqrt(2 * photos.var(0).sum())
    gaps = np.empty(len(photos))
    for number, photo in enumerate(photos):
        apart = np.linalg.norm(photos - photo, axis=1)
        gaps[number] = apart[apart > same].min(initial=np.inf)
    if not np.isfinite(gaps).all():
        raise UserError(f"authpct needs at least two different photos, not {len(photos)} equal ones")
    return gaps
