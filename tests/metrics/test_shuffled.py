"""A shuffle of a set: of its pictures, not of their order."""

import numpy as np

from graftgan.metrics.shuffled import shuffled


def test_the_same_pictures_in_another_order_are_shuffled_into_one_order():
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(200, 5))
    mixed = rows[rng.permutation(200)]
    assert (rows[shuffled(rows, 3)] == mixed[shuffled(mixed, 3)]).all()


def test_it_is_a_permutation_that_the_seed_decides_and_no_sorting():
    rows = np.random.default_rng(1).normal(size=(200, 5))
    first, second = shuffled(rows, 0), shuffled(rows, 1)
    assert sorted(first) == list(range(200)) and (first != second).any()
    assert abs(np.corrcoef(rows[first][:, 0], np.arange(200))[0, 1]) < 0.2
