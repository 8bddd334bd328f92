"""Metrics: features in, a `Measure` out; no metric knows a network.

``METRICS`` holds those that compare two sets of features, reference first. Those that ask something else,
such as `copies`, are called by their own name.
"""

from collections.abc import Callable

import numpy as np

from graftgan.metrics.fid import fid
from graftgan.metrics.kid import kid
from graftgan.metrics.measure import Measure
from graftgan.metrics.nearest import Nearest, copies, nearest

METRICS: dict[str, Callable[[np.ndarray, np.ndarray], Measure]] = {
    "kid": kid,
    "fid": fid,
}

__all__ = ["METRICS", "Measure", "Nearest", "copies", "fid", "kid", "nearest"]
