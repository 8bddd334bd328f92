"""The Gaussian of a set: its covariance at any rank."""

import numpy as np
import pytest

from graftgan.metrics.gaussian import Gaussian, frechet


@pytest.mark.parametrize(("count", "dim"), [(5, 9), (9, 9), (40, 9)])
def test_the_root_is_a_root_of_the_covariance(count, dim):
    rows = np.random.default_rng(0).normal(size=(count, dim)) + 3
    found = Gaussian.of(rows)
    np.testing.assert_allclose(found.root.T @ found.root, np.cov(rows, rowvar=False), atol=1e-12)
    np.testing.assert_allclose(found.mean, rows.mean(0))
    assert len(found.root) <= dim


def test_rotated_gaussians_that_do_not_commute():
    """In the plane tr sqrt(A B) = sqrt(tr(A B) + 2 sqrt(det A det B)), a closed form for any two covariances."""
    a, b = np.array([[2.0, 1.0], [0.0, 1.0]]), np.array([[1.0, -2.0], [0.5, 3.0]])
    first, second = a.T @ a, b.T @ b
    root = np.sqrt(np.trace(first @ second) + 2 * np.sqrt(np.linalg.det(first) * np.linalg.det(second)))
    found = frechet(Gaussian(np.zeros(2), a), Gaussian(np.array([3.0, 4.0]), b))
    assert found == pytest.approx(25 + np.trace(first) + np.trace(second) - 2 * root)
