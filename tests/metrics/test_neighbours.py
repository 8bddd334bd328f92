"""Balls to the k-th neighbour: by hand, the edge, blocks, and far from zero."""

import numpy as np
import pytest

from graftgan.metrics.neighbours import _BLOCK, error_of_share, inside


def test_by_hand():
    """Centres 0, 1, 9: the radii to the nearest are 1, 1 and 8. Points: 2 is held by 1 and 9, 8 by 9, -3 by none."""
    found = inside(np.array([[0.0], [1.0], [9.0]]), 1, np.array([[2.0], [8.0], [-3.0]]))
    assert found.holders.tolist() == [2, 1, 0]
    assert found.filled.tolist() == [False, True, True]


@pytest.mark.parametrize("offset", [0.0, 1e4])
def test_a_point_on_the_edge_is_inside_wherever_the_cloud_is(offset):
    """Every ball of an equal set holds its own centre and its k neighbours, whatever rounding says."""
    cloud = np.random.default_rng(0).normal(size=(60, 40)) + offset
    found = inside(cloud, 4, cloud.copy())
    assert found.holders.sum() == 60 * 5 and found.filled.all()


def test_a_photo_given_many_times_has_a_ball_of_radius_zero_that_holds_its_copies():
    centres = np.concatenate([np.full((5, 3), 0.1), np.eye(3)])
    assert inside(centres, 3, np.array([[0.1, 0.1, 0.1], [0.1, 0.1, 0.1001]])).holders.tolist()[0] >= 5
    assert inside(centres[:5], 3, np.array([[0.1, 0.1, 0.1], [0.1, 0.1, 0.1001]])).holders.tolist() == [5, 0]


def test_more_rows_than_a_block():
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(_BLOCK + 40, 3)), rng.normal(size=(70, 3))
    between = np.linalg.norm(x[:, None] - x, axis=2)
    held = np.linalg.norm(x[:, None] - y, axis=2) <= np.sort(between, axis=1)[:, 2][:, None]
    found = inside(x, 2, y)
    assert (found.holders == held.sum(0)).all() and (found.filled == held.any(1)).all()


def test_error_of_a_share_is_the_spread_of_repeated_counts_and_never_zero():
    counts = np.random.default_rng(2).binomial(200, 0.3, size=4000) / 200
    assert error_of_share(60, 200) == pytest.approx(counts.std(), rel=0.05)
    assert 0.05 < error_of_share(10, 10) < 0.1
    assert error_of_share(10, 10) == pytest.approx(error_of_share(0, 10))
