"""A set of features as a Gaussian, and the Frechet distance of two; shared by what is made of that distance."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Gaussian:
    """The Gaussian with the mean and the unbiased covariance of a set of features.

    Attributes:
        mean: (dim,).
        root: R with R^T R the covariance, no more rows than columns.
    """

    mean: np.ndarray
    root: np.ndarray

    @classmethod
    def of(cls, rows: np.ndarray) -> "Gaussian":
        """Return the Gaussian of features (N, dim), float64, N >= 2."""
        mean = rows.mean(0)
        centred = (rows - mean) / np.sqrt(len(rows) - 1)
        if len(rows) <= rows.shape[1]:
            return cls(mean, centred)
        return cls(mean, np.asarray(np.linalg.qr(centred, mode="r")))


def frechet(a: Gaussian, b: Gaussian) -> float:
    """Return the Frechet distance (Dowson and Landau, 1982), exact and stable at any rank.

    The trace of the root of the product of the covariances is the sum of the singular values of R_a R_b^T, so
    the matrix root is never formed.

    Example:
        >>> frechet(Gaussian(np.zeros(1), np.eye(1)), Gaussian(np.ones(1), 3 * np.eye(1)))
        5.0
    """
    apart = a.mean - b.mean
    shared = np.linalg.svd(a.root @ b.root.T, compute_uv=False).sum()
    value = apart @ apart + (a.root * a.root).sum() + (b.root * b.root).sum() - 2 * shared
    # Rounding may leave a hair below zero where both are equal.
    return max(float(value), 0.0)
