"""Intra-cluster LPIPS: how different from each other the pictures are that resemble the same photo."""

from typing import Any, Protocol

import numpy as np

from graftgan.errors import UserError
from graftgan.metrics.measure import Measure

MOST_MEMBERS = 50

# What published figures share besides the rule; figures made otherwise cannot be held against them.
PUBLISHED_NET, PUBLISHED_SIZE, PUBLISHED_FAKES = "lpips-vgg", 256, 1000


class PerceptualView(Protocol):
    """The judged pictures and the photos as a perceptual distance sees them.

    Attributes:
        protocol: how they are looked at: network, size, resize rule.
        photos: how many photos.
        fakes: how many judged pictures.
    """

    protocol: dict[str, Any]
    photos: int
    fakes: int

    def to_photos(self) -> np.ndarray:
        """Return the distance of each judged picture to each photo, (fakes, photos)."""
        ...

    def within(self, members: np.ndarray) -> np.ndarray:
        """Return the distances between some of the judged pictures, by their indices (n,): (n, n)."""
        ...


def intra_lpips(view: PerceptualView, seed: int = 0) -> Measure:
    """Measure the diversity of the judged pictures among those that resemble the same photo.

    Source: Ojha et al., "Few-shot Image Generation via Cross-domain Correspondence", 2021, arXiv 2104.06820, section
    4.1: each judged picture joins the photo that is nearest by LPIPS; of each such cluster up to 50 members are
    drawn, and all their pairs are averaged; then the clusters that have a pair are averaged. Published figures are of
    1,000 pictures, ten photos, LPIPS with VGG16 at 256 pixels. Exact copies of the photos are at 0, but mirrored and
    tinted ones alone reach 0.3 to 0.4, and noise is high: above the floor is no merit; read it beside quality.

    Formula: mean over clusters with n >= 2 of mean over i < j <= min(n, 50) of LPIPS(y_i, y_j).

    Args:
        view: the judged pictures and the photos, at least one photo and two pictures.
        seed: of the draw of members, which does not depend on the order of the pictures.

    Returns:
        The mean over the clusters with its standard error (None for one cluster). In the protocol: "clusters" are the
        pictures of each photo, "std" the deviation over the clusters, which published tables state; "singletons as 0"
        is the value where a cluster of one picture counts as 0, as the authors of WeditGAN do (arXiv 2305.06671);
        "warning" says where net, number of pictures or size are not those of published figures.

    Raises:
        UserError: no photo, fewer than two pictures, no two pictures that share a photo, or distances that are no
        numbers.

    Example:
        >>> class Line:
        ...     protocol, photos, fakes = {"lpips": "a line"}, 2, 3
        ...     at = np.array([[0.0], [2.0], [9.0]])
        ...     def to_photos(self): return abs(self.at - [[1.0, 10.0]])
        ...     def within(self, members): return abs(self.at[members] - self.at[members].T)
        >>> intra_lpips(Line()).value
        2.0
    """
    if view.photos < 1 or view.fakes < 2:
        raise UserError(f"intra_lpips needs a photo and two pictures, not {view.photos} and {view.fakes}")
    distances = np.asarray(view.to_photos(), np.float64)
    if distances.shape != (view.fakes, view.photos) or not np.isfinite(distances).all():
        raise UserError(f"intra_lpips: distances to the photos must be finite, ({view.fakes}, {view.photos}) of them")
    home = distances.argmin(1)
    sizes = np.bincount(home, minlength=view.photos)
    means = np.array(
        [_mean_of_pairs(view, home, distances, photo, seed) for photo in np.flatnonzero(sizes > 1).tolist()]
    )
    if not len(means):
        raise UserError(f"intra_lpips of {view.fakes} pictures and {view.photos} photos: no two share a nearest photo")
    singletons = int((sizes == 1).sum())
    std = float(means.std(ddof=1)) if len(means) > 1 else None
    protocol = {
        "metric": "intra_lpips",
        "fake": view.fakes,
        "photos": view.photos,
        "clusters": sizes.tolist(),
        "empty": int((sizes == 0).sum()),
        "singletons": singletons,
        "singletons as 0": float(means.sum() / (len(means) + singletons)),
        "std": std,
        "members": f"at most {MOST_MEMBERS} of a cluster",
        "seed": seed,
        "rule": "Ojha 2021: mean over the clusters with at least two members",
        "error": "of the mean over the clusters",
        **view.protocol,
    }
    published = (PUBLISHED_NET, PUBLISHED_SIZE)
    if (view.protocol.get("net"), view.protocol.get("size")) != published or view.fakes < PUBLISHED_FAKES:
        protocol["warning"] = "not the published protocol: VGG16, 1000 samples, 256 px"
    return Measure(float(means.mean()), None if std is None else float(std / np.sqrt(len(means))), protocol)


def _mean_of_pairs(view: PerceptualView, home: np.ndarray, distances: np.ndarray, photo: int, seed: int) -> float:
    """Return the mean distance over all pairs of the drawn members of one photo's cluster."""
    members = np.flatnonzero(home == photo)
    if len(members) > MOST_MEMBERS:
        # By distance first, so that the draw is the same in whatever order the pictures came.
        members = members[np.argsort(distances[members, photo], kind="stable")]
        members = np.random.default_rng(seed).choice(members, MOST_MEMBERS, replace=False)
    between = np.asarray(view.within(members), np.float64)
    return float(between[np.triu_indices(len(members), 1)].mean())
