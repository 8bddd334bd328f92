"""The formula of the Inception Score on any classifier's logits; it is named by whose classes they are."""

from typing import Any

import numpy as np

from graftgan.errors import UserError
from graftgan.metrics.measure import Measure, checked_features
from graftgan.metrics.shuffled import shuffled

SPLITS = 10
_LEAST_IN_SPLIT = 10


def inception_score(logits: np.ndarray, splits: int = SPLITS, seed: int = 0) -> Measure:
    """Measure how sure a classifier is of each picture, and how many classes it sees in all.

    Source: Salimans et al., "Improved Techniques for Training GANs", 2016, arXiv 1606.03498, section 4. It is the
    Inception Score only with Inception's own classes: say by ``.under({"classes_of": ...})`` whose they are. Of a
    single domain (faces, drawings) it says little: all its pictures fall into a few wrong classes. Deviation: the
    splits are a seeded draw instead of the order in which the pictures came.

    Formula: mean over splits of exp(mean over x of KL(p(c | x) || mean over x of p(c | x))); from 1 to the classes.

    Args:
        logits: unnormalised log-probabilities of the judged pictures, (N, classes), N >= 10 splits, classes >= 2.
        splits: parts of the pictures, each with a score of its own; 10 as published.
        seed: of the draw of the splits.

    Returns:
        The mean over the splits with its standard error (None for one split); "std" in the protocol is the deviation of
        the splits, which published tables state.

    Raises:
        UserError: too few pictures or classes, NaN or infinity.

    Example:
        >>> sure = 50 * np.eye(4)[np.arange(400) % 4]
        >>> round(inception_score(sure, splits=1).value, 3)
        4.0
    """
    if splits < 1:
        raise UserError(f"inception_score: the number of splits must be at least 1, not {splits}")
    (scores,) = checked_features("inception_score", splits * _LEAST_IN_SPLIT, {"fake": logits})
    if scores.shape[1] < 2:
        raise UserError("inception_score of one class means nothing: give the logits of a classifier")
    parts = np.array_split(_log_softmax(scores[shuffled(scores, seed)]), splits)
    found = np.array([_score(part) for part in parts])
    protocol: dict[str, Any] = {
        "metric": "inception_score",
        "fake": len(scores),
        "classes": scores.shape[1],
        "classes_of": None,
        "splits": splits,
        "seed": seed,
    }
    error = None
    if splits > 1:
        protocol.update(std=float(found.std(ddof=1)), error="of the mean over the splits")
        error = protocol["std"] / np.sqrt(splits)
    return Measure(float(found.mean()), None if error is None else float(error), protocol)


def _score(logs: np.ndarray) -> float:
    """Return the score of one split from the logarithms of its probabilities."""
    chances = np.exp(logs)
    # A class that no picture shows has a mean of zero, and adds nothing.
    overall = np.log(np.maximum(chances.mean(0), np.finfo(np.float64).tiny))
    return float(np.exp((chances * (logs - overall)).sum(1).mean()))


def _log_softmax(logits: np.ndarray) -> np.ndarray:
    logits = logits - logits.max(1, keepdims=True)
    return np.asarray(logits - np.log(np.exp(logits).sum(1, keepdims=True)))
