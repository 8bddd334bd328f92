"""C_T: a test whether pictures are nearer to the photos than unseen pictures are, region by region."""

from typing import Any

import numpy as np

from graftgan.errors import UserError
from graftgan.metrics.measure import Measure, checked_features
from graftgan.metrics.nearest import nearest

CELLS = 3
LEAST_IN_CELL = 20
_PHOTOS_OF_A_CELL = 10
_DIMENSIONS = 64
# Below this share of the spread two distances are equal: rounding must not rank them.
_ROUNDING = 1e-9


def c_t(fake: np.ndarray, photos: np.ndarray, real: np.ndarray, cells: int = CELLS, seed: int = 0) -> Measure:
    """Measure by a rank test whether the judged pictures copy the photos.

    Source: Meehan et al., "A Non-Parametric Test to Detect Data-Copying in Generative Models", 2020, arXiv
    2004.05675, section 3, with three cells and 64 principal components as in Stein et al., 2023, arXiv 2306.04675.
    Far below 0: the judged pictures are nearer to the photos than unseen pictures of the same region (below -3,
    hardly by chance); far above 0: farther away. Deviations: up to 64 photos the features are taken as they are, since
    ten photos have but nine components; and the cells are as many as have ten photos each, so ten photos have one
    cell, the whole space. Then a value below 0 can also mean that the judged pictures keep to the middle of the
    domain: it is evidence of copying beside `nearest_ratio` and `copies`, not alone. Cells with fewer than 20 judged
    or 20 held-out pictures are left out.

    Formula: mean over cells, weighted by their share of the hold-out, of (U - n m / 2) / sqrt(n m (n + m + 1) / 12),
    with U the pairs of a judged (m) and a held-out (n) picture of the cell of which the judged one is farther from
    its nearest photo of the cell; ties count half.

    Args:
        fake: features of the judged pictures, (M, dim), M >= 20.
        photos: features of the photos trained on, (P, dim), P >= 2.
        real: features of real pictures of the same domain that were not trained on, (N, dim), N >= 20.
        cells: at most as many k-means cells.
        seed: of k-means.

    Returns:
        The statistic; its error is its standard deviation where the judged pictures are as near as unseen ones.

    Raises:
        UserError: too few pictures, no cell with enough of them, different widths, NaN or infinity.

    Example:
        >>> cloud = np.random.default_rng(0).normal(size=(70, 3))
        >>> c_t(cloud[:10].repeat(3, 0), cloud[:10], cloud[10:]).value < -5
        True
    """
    if cells < 1:
        raise UserError(f"c_t: the number of cells must be at least 1, not {cells}")
    checked_features("c_t", 2, {"photos": photos})
    checked_features("c_t", LEAST_IN_CELL, {"fake": fake, "real": real})
    y, p, x = _components(*checked_features("c_t", 2, {"fake": fake, "photos": photos, "real": real}))
    cells = max(min(cells, len(p) // _PHOTOS_OF_A_CELL), 1)
    of_fake, of_photo, of_real = _cells(y, p, x, cells, seed)
    scores, weights, kept = [], [], []
    for cell in range(cells):
        judged, held = y[of_fake == cell], x[of_real == cell]
        if min(len(judged), len(held)) < LEAST_IN_CELL:
            continue
        scores.append(_rank_score(judged, p[of_photo == cell], held))
        weights.append(len(held) / len(x))
        kept.append((len(judged), int((of_photo == cell).sum()), len(held)))
    if not kept:
        raise UserError(f"c_t: none of {cells} cells has {LEAST_IN_CELL} judged and as many held-out pictures")
    share = np.array(weights) / sum(weights)
    protocol: dict[str, Any] = {
        "metric": "c_t",
        "fake": len(y),
        "photos": len(p),
        "real": len(x),
        "dimensions": y.shape[1],
        "cells": [f"{f} fake, {p} photos, {r} real: {z:.3g}" for (f, p, r), z in zip(kept, scores, strict=True)],
        "cells left out": cells - len(kept),
        "seed": seed,
        "rule": "rank test of the distance to the nearest photo against the hold-out's; far below 0 is copying",
        "error": "its deviation where nothing is copied",
    }
    if cells == 1:
        protocol["warning"] = "one cell: below 0 may also mean pictures that keep to the middle of the domain"
    return Measure(float(share @ scores), float(np.sqrt(share @ share)), protocol)


def _components(y: np.ndarray, p: np.ndarray, x: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Project wide features onto the first principal components of the photos, where these have as many.

    Neither judged nor held-out pictures have a say in it: whichever had would seem farther away than the other.
    """
    if y.shape[1] <= _DIMENSIONS or len(p) <= _DIMENSIONS:
        return y, p, x
    from sklearn.decomposition import PCA

    found = PCA(_DIMENSIONS, svd_solver="full").fit(p)
    return found.transform(y), found.transform(p), found.transform(x)


def _cells(y: np.ndarray, p: np.ndarray, x: np.ndarray, cells: int, seed: int) -> list[np.ndarray]:
    """Return the k-means cell of each picture; the cells are those of the photos."""
    if cells == 1:
        return [np.zeros(len(rows), int) for rows in (y, p, x)]
    from sklearn.cluster import KMeans

    # In an order of their own, so that the seed's start does not depend on the order in which the photos came.
    found = KMeans(cells, n_init=10, random_state=seed).fit(p[np.lexsort(p.T)])
    return [found.predict(rows) for rows in (y, p, x)]


def _rank_score(judged: np.ndarray, photos: np.ndarray, held: np.ndarray) -> float:
    """Return the z-score of Mann and Whitney's U: below 0 where the judged are nearer to the photos."""
    from scipy.stats import mannwhitneyu

    m, n = len(judged), len(held)
    near, usual = nearest(judged, photos).distance, nearest(held, photos).distance
    step = _ROUNDING * max(near.max(), usual.max(), np.finfo(np.float64).tiny)
    u = mannwhitneyu(np.rint(near / step), np.rint(usual / step), method="asymptotic").statistic
    return float((u - n * m / 2) / np.sqrt(n * m * (n + m + 1) / 12))
