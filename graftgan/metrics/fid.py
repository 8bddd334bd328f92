"""Frechet distance of two sets of features; with Inception features it is FID."""

from typing import Any

import numpy as np

from graftgan.errors import UserError
from graftgan.metrics.gaussian import Gaussian, frechet
from graftgan.metrics.measure import Measure, checked_features

LEAST_PICTURES = 50


def fid(real: np.ndarray, fake: np.ndarray) -> Measure:
    """Measure how far two sets of features are apart by the Frechet distance of their Gaussians.

    Source: Heusel et al., "GANs Trained by a Two Time-Scale Update Rule", 2017, arXiv 1706.08500, equation 6;
    Dowson and Landau, 1982. Deviation: the matrix root is never formed. With X^T X and Y^T Y the covariances,
    the trace of the root of their product is the sum of the singular values of X Y^T, which is exact and
    stable where there are fewer pictures than dimensions.

    Formula: |mu_x - mu_y|^2 + tr(C_x) + tr(C_y) - 2 sum of singular values of X Y^T, with X the centred
    features over sqrt(N - 1) and C_x = X^T X.

    Args:
        real: features of the reference pictures, (N, dim), N >= 50.
        fake: features of the judged pictures, (M, dim), M >= 50.

    Returns:
        The distance, with no error; the protocol says "biased" where a covariance lacks full rank.

    Raises:
        UserError: fewer than 50 pictures on a side, different widths, NaN or infinity.

    Example:
        >>> cloud = np.random.default_rng(0).normal(size=(64, 3))
        >>> round(fid(cloud, cloud + 2).value, 6)
        12.0
    """
    for name, rows in (("real", real), ("fake", fake)):
        if rows.ndim == 2 and len(rows) < LEAST_PICTURES:
            raise UserError(
                f"fid of {len(rows)} {name} pictures means nothing, it needs at least {LEAST_PICTURES}: "
                "use kid, which is unbiased at any number"
            )
    x, y = checked_features("fid", LEAST_PICTURES, {"real": real, "fake": fake})
    n, m, dim = len(x), len(y), x.shape[1]
    protocol: dict[str, Any] = {"metric": "fid", "real": n, "fake": m}
    if min(n, m) <= dim:
        protocol["warning"] = f"biased: N < dim ({min(n, m)} pictures, {dim} dimensions)"
    return Measure(frechet(Gaussian.of(x), Gaussian.of(y)), None, protocol)
