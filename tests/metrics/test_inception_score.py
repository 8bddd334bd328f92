"""The formula of the Inception Score: closed forms at both ends, by hand between, and too few pictures."""

import numpy as np
import pytest

from graftgan.errors import UserError
from graftgan.metrics import inception_score


def test_sure_of_every_class_equally_often_is_their_number():
    """Even where probabilities are zero to the last bit."""
    sure = 1e4 * np.eye(10)[np.arange(1000) % 10]
    assert inception_score(sure, splits=1).value == pytest.approx(10)


@pytest.mark.parametrize("logits", [np.zeros((300, 7)), np.tile([5.0, 0.0, -5.0], (300, 1))])
def test_all_alike_is_one(logits):
    measure = inception_score(logits)
    assert measure.value == pytest.approx(1) and measure.error == pytest.approx(0, abs=1e-12)


def test_two_kinds_by_hand():
    """Half is (3/4, 1/4), half (1/4, 3/4), the mean (1/2, 1/2): KL = 3/4 log 3/2 + 1/4 log 1/2."""
    logits = np.log([[3.0, 1.0], [1.0, 3.0]]).repeat(20, axis=0)
    measure = inception_score(logits, splits=1)
    assert measure.value == pytest.approx(np.exp(0.75 * np.log(1.5) + 0.25 * np.log(0.5)))
    assert measure.error is None


def test_a_constant_added_to_a_pictures_logits_changes_nothing():
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(100, 5))
    assert inception_score(logits + rng.normal(size=(100, 1)), 1).value == pytest.approx(
        inception_score(logits, 1).value
    )


def test_pictures_in_order_of_their_class_do_not_fall_into_splits_by_class():
    ordered = 50 * np.eye(10)[np.arange(1000) // 100]
    assert inception_score(ordered).value > 8


def test_whose_classes_they_are_is_filled_in():
    measure = inception_score(np.zeros((100, 3)))
    assert measure.protocol["classes_of"] is None and measure.protocol["classes"] == 3
    assert measure.under({"classes_of": "ImageNet"}).protocol["classes_of"] == "ImageNet"


@pytest.mark.parametrize(
    ("logits", "splits", "message"),
    [
        (np.zeros((99, 3)), 10, "at least 100 fake pictures, not 99"),
        (np.zeros((100, 1)), 10, "of one class means nothing"),
        (np.zeros((100, 3)), 0, "number of splits must be at least 1"),
    ],
)
def test_meaningless_input_is_refused(logits, splits, message):
    with pytest.raises(UserError, match=message):
        inception_score(logits, splits)
