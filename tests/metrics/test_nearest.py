"""Nearest photos: the right one, and exact copies are at distance zero."""

import numpy as np
import pytest

from graftgan.errors import UserError
from graftgan.metrics import nearest


def test_index_and_distance_by_hand():
    found = nearest(np.array([[0.0, 4.0], [3.0, 0.0]]), np.array([[0.0, 0.0], [3.0, 1.0]]))
    assert found.index.tolist() == [0, 1] or found.index.tolist() == [1, 1]
    np.testing.assert_allclose(found.distance, [4.0, 1.0])


def test_cosine_by_hand():
    found = nearest(np.array([[5.0, 0.0], [1.0, 1.0], [-2.0, 0.0]]), np.array([[1.0, 0.0]]), "cosine")
    np.testing.assert_allclose(found.distance, [0.0, 1 - np.sqrt(0.5), 2.0], atol=1e-15)


@pytest.mark.parametrize("distance", ["euclidean", "cosine"])
def test_copies_in_any_order_are_found_at_zero(distance):
    """Large numbers with small differences, more samples than one block: an expanded square loses them."""
    photos = np.random.default_rng(0).normal(size=(40, 16)) + 1000
    order = np.random.default_rng(1).integers(0, 40, 600)
    found = nearest(photos[order], photos, distance)
    assert (found.index == order).all()
    assert (found.distance == 0).all()


def test_pixels_are_compared_in_grey_levels():
    photos = np.zeros((2, 4, 4, 3), np.uint8)
    photos[1] = 200
    sample = photos[1:] - 10
    found = nearest(sample, photos)
    assert found.index.tolist() == [1]
    assert found.distance[0] == pytest.approx(10 * np.sqrt(48))


def test_what_cannot_be_compared_is_refused():
    with pytest.raises(UserError, match="differ in shape"):
        nearest(np.zeros((2, 3)), np.zeros((2, 4)))
    with pytest.raises(UserError, match="at least one photo"):
        nearest(np.zeros((2, 3)), np.zeros((0, 3)))
    with pytest.raises(UserError, match="euclidean or cosine, not manhattan"):
        nearest(np.zeros((2, 3)), np.zeros((1, 3)), "manhattan")
