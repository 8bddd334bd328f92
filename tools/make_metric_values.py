"""Makes tests/metrics/values.json anew: what published implementations say of the features that the tests measure.

    pip install prdc==0.2 torchmetrics==1.9.0
    python tools/make_metric_values.py

The two packages are needed here only; the tests read the file. Run it only when a case is added.
"""

import json
import sys
import warnings
from collections.abc import Callable
from importlib.metadata import version
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import numpy as np
import torch
from prdc import compute_prdc
from scipy.stats import mannwhitneyu
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.neighbors import NearestNeighbors
from torchmetrics.image.fid import FrechetInceptionDistance
from torchmetrics.image.inception import InceptionScore
from torchmetrics.image.kid import KernelInceptionDistance

ROOT = Path(__file__).parent.parent


class Given(torch.nn.Module):
    """The network of a metric that is given features instead of pictures."""

    def __init__(self, num_features: int) -> None:
        super().__init__()
        self.num_features = num_features

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Returns its input."""
        return features


def of_prdc(real: np.ndarray, fake: np.ndarray) -> dict[str, float]:
    """Precision and recall with three neighbours, density and coverage with five."""
    three, five = compute_prdc(real, fake, nearest_k=3), compute_prdc(real, fake, nearest_k=5)
    return {name: float(by[name]) for by, names in ((three, PAIR), (five, OTHERS)) for name in names}


PAIR, OTHERS = ("precision", "recall"), ("density", "coverage")


def of_torchmetrics(real: np.ndarray, fake: np.ndarray) -> dict[str, float]:
    """FID and, where both sets are of one size, KID of all pairs as one subset."""
    fid = FrechetInceptionDistance(feature=Given(real.shape[1])).set_dtype(torch.float64)
    metrics = [fid]
    if len(real) == len(fake):
        whole = KernelInceptionDistance(feature=Given(real.shape[1]), subsets=1, subset_size=len(real))
        metrics.append(whole.set_dtype(torch.float64))
    for metric in metrics:
        metric.update(torch.from_numpy(real), real=True)
        metric.update(torch.from_numpy(fake), real=False)
    found = {"fid": float(fid.compute())}
    return found if len(metrics) == 1 else {**found, "kid": float(metrics[1].compute()[0])}


def inception_score_of_torchmetrics(logits: np.ndarray) -> dict[str, float]:
    """The score as one split, and the mean of many drawings of ten."""
    found = {}
    for splits, draws in ((1, 1), (10, 200)):
        scores = []
        for seed in range(draws):
            torch.manual_seed(seed)
            metric = InceptionScore(feature=Given(logits.shape[1]), splits=splits)
            metric.update(torch.from_numpy(logits))
            scores.append(float(metric.compute()[0]))
        found[f"inception_score of {splits}"] = float(np.mean(scores))
    return found


def of_sklearn(fake: np.ndarray, photos: np.ndarray, real: np.ndarray) -> dict[str, float]:
    """AuthPct, and C_T as published with a cell for every ten photos, three at most."""
    found = NearestNeighbors(n_neighbors=1).fit(photos)
    far, nearest = found.kneighbors(fake)
    own = found.kneighbors()[0][:, 0]
    authentic = float(100 * (far[:, 0] > own[nearest[:, 0]]).mean())
    if fake.shape[1] > 64 and len(photos) > 64:
        pca = PCA(64, svd_solver="full").fit(photos)
        fake, photos, real = pca.transform(fake), pca.transform(photos), pca.transform(real)
    cells = max(min(3, len(photos) // 10), 1)
    means = KMeans(cells, n_init=50, random_state=7).fit(photos)
    total, weights = 0.0, 0.0
    for cell in range(cells):
        y, p, x = (rows[means.predict(rows) == cell] for rows in (fake, photos, real))
        if min(len(y), len(x)) < 20:
            continue
        near = NearestNeighbors(n_neighbors=1).fit(p)
        u = mannwhitneyu(near.kneighbors(y)[0][:, 0], near.kneighbors(x)[0][:, 0], method="asymptotic").statistic
        m, n = len(y), len(x)
        total += n * (u - n * m / 2) / np.sqrt(n * m * (n + m + 1) / 12)
        weights += n
    return {"authpct": authentic, "c_t": float(total / weights)}


def main() -> None:
    """Asks each implementation and writes what it said, with its name."""
    warnings.simplefilter("ignore")
    spec = spec_from_file_location("test_published_values", ROOT / "tests" / "metrics" / "test_published_values.py")
    assert spec is not None and spec.loader is not None
    test = module_from_spec(spec)
    spec.loader.exec_module(test)
    makers: tuple[tuple[str, Callable[..., dict[str, float]], dict[str, Callable[[], tuple[np.ndarray, ...]]]], ...] = (
        (f"prdc {version('prdc')}", of_prdc, test.PAIRS),
        (f"torchmetrics {version('torchmetrics')}", of_torchmetrics, test.PAIRS),
        (f"torchmetrics {version('torchmetrics')}", inception_score_of_torchmetrics, test.LOGITS),
        (f"scikit-learn {version('scikit-learn')}, scipy {version('scipy')}", of_sklearn, test.TRIPLES),
    )
    rows = [
        {"metric": metric, "case": case, "value": value, "maker": maker}
        for maker, ask, cases in makers
        for case, make in cases.items()
        for metric, value in ask(*make()).items()
    ]
    test.VALUES.write_text("[\n" + ",\n".join(" " + json.dumps(row) for row in rows) + "\n]\n")
    print(f"{test.VALUES}: {len(rows)} values", file=sys.stderr)


if __name__ == "__main__":
    main()
