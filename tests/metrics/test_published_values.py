"""Each metric beside a published implementation's number of the same features (tools/make_metric_values.py)."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from graftgan.metrics import METRICS, inception_score

VALUES = Path(__file__).with_name("values.json")


def cloud(seed: int, count: int, dim: int, scale: float = 1.0, shift: float = 0.0) -> np.ndarray:
    """A Gaussian cloud; numpy's old generator, whose numbers are promised never to change."""
    return np.random.RandomState(seed).normal(size=(count, dim)) * scale + shift


def two_modes(seed: int, count: int, dim: int, second: float) -> np.ndarray:
    far = np.where(np.arange(count) < second * count, 8.0, 0.0)[:, None]
    return cloud(seed, count, dim) + far


def apart(seed: int, count: int, dim: int, scale: float = 1.0) -> np.ndarray:
    """Three clusters far from each other, so that there is but one k-means."""
    return cloud(seed, count, dim, scale) + 20 * np.eye(3, dim)[np.arange(count) % 3]


# real, fake
PAIRS: dict[str, Callable[[], tuple[np.ndarray, ...]]] = {
    "same": lambda: (cloud(0, 100, 16), cloud(1, 100, 16)),
    "shifted": lambda: (cloud(2, 120, 8), cloud(3, 90, 8, shift=0.5)),
    "narrow": lambda: (cloud(4, 80, 12), cloud(5, 80, 12, scale=0.5)),
    "a mode lost": lambda: (two_modes(6, 150, 6, 0.4), two_modes(7, 130, 6, 0.0)),
    "beyond a block": lambda: (cloud(8, 700, 4), cloud(9, 700, 4, scale=1.2, shift=0.1)),
}
# fake, photos, real
TRIPLES: dict[str, Callable[[], tuple[np.ndarray, ...]]] = {
    "ten photos": lambda: (cloud(20, 100, 16, scale=0.8), cloud(21, 10, 16), cloud(22, 90, 16)),
    "copied": lambda: (
        cloud(21, 10, 16)[np.arange(60) % 10] + cloud(23, 60, 16, 0.1),
        cloud(21, 10, 16),
        cloud(22, 90, 16),
    ),
    "three cells": lambda: (apart(24, 200, 6, scale=0.8), apart(25, 60, 6), apart(26, 150, 6)),
    "wide": lambda: (apart(27, 120, 90), apart(28, 80, 90), apart(29, 150, 90)),
}
LOGITS: dict[str, Callable[[], tuple[np.ndarray, ...]]] = {
    "sure": lambda: (cloud(40, 300, 20, scale=4.0),),
    "unsure": lambda: (cloud(41, 200, 10, scale=0.3),),
}
ROWS = json.loads(VALUES.read_text()) if VALUES.exists() else []


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['metric']}-{row['case']}")
def test_the_published_number(row):
    if row["case"] in LOGITS:
        (logits,) = LOGITS[row["case"]]()
        splits = int(row["metric"].split()[-1])
        measure = inception_score(logits, splits)
        # Ten splits are drawn: the published number is the mean of many drawings, ours is one.
        near = {"rel": 1e-9} if splits == 1 else {"abs": 3 * measure.error}
        assert measure.value == pytest.approx(row["value"], **near)
        return
    metric, evidence = METRICS[row["metric"]], (PAIRS | TRIPLES)[row["case"]]()
    measure = metric.compute(*evidence[: len(metric.needs)])
    assert measure.value == pytest.approx(row["value"], rel=1e-7, abs=1e-9)


def test_every_maker_was_asked():
    assert len(ROWS) == 5 * 4 + 5 + 3 + 2 * 2 + 4 * 2
    assert {row["maker"].split()[0] for row in ROWS} == {"prdc", "torchmetrics", "scikit-learn"}
