"""KID: by hand on a few points, unbiased, and with an error that is the spread of repeated draws."""

import numpy as np
import pytest

from graftgan.errors import UserError
from graftgan.metrics import kid
from graftgan.metrics.kid import _BLOCK


def test_two_points_against_three_by_hand():
    """dim 1, k(x, y) = (xy + 1)^3. Real {0, 1}, fake {0, 1, 2}.

    Real pairs: k(0, 1) = 1, mean 1. Fake pairs: k(0, 1) = 1, k(0, 2) = 1, k(1, 2) = 27, mean 29 / 3.
    Mixed: 1 + 1 + 1 + 1 + 8 + 27 = 39, mean 6.5. Together 1 + 29 / 3 - 13 = -7 / 3.
    """
    assert kid(np.array([[0.0], [1.0]]), np.array([[0.0], [1.0], [2.0]])).value == pytest.approx(-7 / 3)


def test_the_dimension_divides_the_product():
    """Real {0, 0}, fake {2, 2} in dim 4 (all entries equal): k = (4 * 4 / 4 + 1)^3 = 125, so 1 + 125 - 2."""
    assert kid(np.zeros((2, 4)), np.full((2, 4), 2.0)).value == pytest.approx(124)


def test_jackknife_is_the_spread_of_the_values_with_one_left_out():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(6, 3)), rng.normal(size=(5, 3)) + 1
    expected = 0.0
    for n, values in (
        (6, [kid(np.delete(x, i, 0), y).value for i in range(6)]),
        (5, [kid(x, np.delete(y, i, 0)).value for i in range(5)]),
    ):
        expected += (n - 1) / n * sum((value - np.mean(values)) ** 2 for value in values)
    assert kid(x, y).error == pytest.approx(np.sqrt(expected))


@pytest.mark.parametrize(("shift", "least", "most"), [(0.0, 1.0, 2.0), (0.5, 0.8, 1.25)])
def test_unbiased_and_error_is_the_spread(shift, least, most):
    rng = np.random.default_rng(1)
    draws = [kid(rng.normal(size=(30, 8)), rng.normal(size=(20, 8)) + shift) for _ in range(300)]
    spread = np.std([draw.value for draw in draws])
    error = np.sqrt(np.mean([draw.error**2 for draw in draws]))
    assert least < error / spread < most
    # E k(x, x') with x, x' ~ N(m, I) and t = x.x' / d has a closed form through the moments of t.
    expected = 0.0 if shift == 0 else closed_form(8, shift)
    assert abs(np.mean([draw.value for draw in draws]) - expected) < 4 * spread / np.sqrt(300)


def closed_form(dim: int, shift: float) -> float:
    """MMD^2 of N(0, I) and N(shift 1, I): E (t + 1)^3 = 1 + 3 E t + 3 E t^2 + E t^3 for t = a.b / dim.

    With means u, v and independent entries: E ab = uv, E (ab)^2 = (1 + u^2)(1 + v^2),
    E (ab)^3 = (u^3 + 3u)(v^3 + 3v); the sums over entries follow from the cumulants.
    """

    def kernel(u: float, v: float) -> float:
        first, second, third = u * v, (1 + u * u) * (1 + v * v), (u**3 + 3 * u) * (v**3 + 3 * v)
        mean = dim * first
        variance = dim * (second - first**2)
        skew = dim * (third - 3 * first * second + 2 * first**3)
        t1, t2, t3 = (
            mean / dim,
            (variance + mean**2) / dim**2,
            (skew + 3 * mean * variance + mean**3) / dim**3,
        )
        return 1 + 3 * t1 + 3 * t2 + t3

    return kernel(0, 0) + kernel(shift, shift) - 2 * kernel(0, shift)


def test_order_of_the_sets_does_not_matter():
    rng = np.random.default_rng(2)
    x, y = rng.normal(size=(7, 3)), rng.normal(size=(9, 3))
    there, back = kid(x, y), kid(y, x)
    assert there.value == pytest.approx(back.value) and there.error == pytest.approx(back.error)


def test_more_rows_than_a_block():
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=(_BLOCK + 5, 2)), rng.normal(size=(12, 2))
    inside = ((x @ x.T / 2 + 1) ** 3)[~np.eye(len(x), dtype=bool)].mean()
    other = ((y @ y.T / 2 + 1) ** 3)[~np.eye(len(y), dtype=bool)].mean()
    assert kid(x, y).value == pytest.approx(inside + other - 2 * ((x @ y.T / 2 + 1) ** 3).mean())


def test_protocol_says_the_sizes():
    measure = kid(np.eye(3), np.eye(3)[:2])
    assert measure.error is None
    assert measure.protocol["real"] == 3 and measure.protocol["fake"] == 2


@pytest.mark.parametrize(
    ("real", "fake", "message"),
    [
        (np.zeros((1, 3)), np.zeros((4, 3)), "at least 2 real pictures, not 1"),
        (np.zeros((4, 3)), np.zeros((4, 2)), "different widths"),
        (np.zeros((4, 3)), np.full((4, 3), np.nan), "fake features hold NaN"),
        (np.zeros((4, 3)), np.zeros((4, 3, 1)), "must be a table"),
    ],
)
def test_meaningless_input_is_refused(real, fake, message):
    with pytest.raises(UserError, match=message):
        kid(real, fake)
