"""What every metric of the table promises."""

import inspect
import json
from dataclasses import asdict

import numpy as np
import pytest

from graftgan.errors import UserError
from graftgan.metrics import EVIDENCE, METRICS, Measure

ORDER = [
    *("kid", "fid", "fid_infinity", "precision", "recall", "density", "coverage", "intra_lpips"),
    *("nearest_ratio", "copies", "authpct", "c_t", "inception_score"),
]
OF_FEATURES = [name for name in METRICS if METRICS[name].needs[0] != "lpips"]
SIZES = {"real": 80, "fake": 520, "photos": 12}


class View:
    """A perceptual distance that is the euclidean one."""

    protocol = {"lpips": "euclidean"}

    def __init__(self, fakes: np.ndarray, photos: np.ndarray) -> None:
        self.rows, self.of_photos = fakes, photos
        self.fakes, self.photos = len(fakes), len(photos)

    def to_photos(self) -> np.ndarray:
        return np.linalg.norm(self.rows[:, None] - self.of_photos, axis=2)

    def within(self, members: np.ndarray) -> np.ndarray:
        return np.linalg.norm(self.rows[members][:, None] - self.rows[members], axis=2)


@pytest.fixture(params=list(METRICS))
def name(request):
    return request.param


@pytest.fixture
def evidence():
    rng = np.random.default_rng(0)
    rows = {which: rng.normal(size=(count, 6)) for which, count in SIZES.items()}
    rows["fake"] += 0.5
    return {**rows, "logits": rng.normal(size=(SIZES["fake"], 8)), "lpips": View(rows["fake"], rows["photos"])}


def compute(name, evidence):
    metric = METRICS[name]
    return metric.compute(*(evidence[which] for which in metric.needs))


def each(change, evidence):
    """The same evidence with every table of numbers changed."""
    rows = {which: change(table) for which, table in evidence.items() if which != "lpips"}
    return {**rows, "lpips": View(rows["fake"], rows["photos"])}


def test_the_table_is_in_its_order_and_says_how_to_read_each(name):
    metric = METRICS[name]
    assert list(METRICS) == ORDER
    assert set(metric.needs) <= set(EVIDENCE) and metric.better in ("lower", "higher", "neither")
    assert metric.about.endswith(".") and metric.about.count("\n") == 0 and metric.title
    asked = list(inspect.signature(metric.compute).parameters)[: len(metric.needs)]
    called = {"lpips": "view"}
    assert asked == [called.get(which, which) for which in metric.needs]


def test_order_of_the_pictures_does_not_matter(name, evidence):
    rng = np.random.default_rng(1)
    mixed = each(lambda rows: rows[rng.permutation(len(rows))], evidence)
    there, back = compute(name, evidence), compute(name, mixed)
    assert back.value == pytest.approx(there.value, rel=1e-9)
    assert (back.error or 0) == pytest.approx(there.error or 0, rel=1e-7)


def test_float_type_does_not_matter(name, evidence):
    narrow = each(lambda rows: rows.astype(np.float32), evidence)
    assert compute(name, narrow).value == pytest.approx(compute(name, evidence).value, rel=1e-4)


def test_input_is_left_as_it_was(name, evidence):
    before = {which: rows.copy() for which, rows in evidence.items() if which != "lpips"}
    compute(name, evidence)
    assert all((evidence[which] == rows).all() for which, rows in before.items())


def test_goes_to_json_with_its_protocol(name, evidence):
    measure = compute(name, evidence).under({"encoder": "none"})
    written = json.loads(json.dumps(asdict(measure)))
    assert Measure(**written) == measure
    assert written["protocol"]["metric"] == name and written["protocol"]["encoder"] == "none"
    needs = {"lpips": ("fake", "photos"), "logits": ("fake",)}.get(METRICS[name].needs[0], METRICS[name].needs)
    assert {which: written["protocol"][which] for which in needs} == {which: SIZES[which] for which in needs}
    assert (measure.error is None) == (name == "fid")


@pytest.mark.parametrize("name", [name for name in OF_FEATURES if len(METRICS[name].needs) > 1])
def test_different_encoders_are_refused(name, evidence):
    evidence["fake"] = evidence["fake"][:, :3]
    with pytest.raises(UserError, match=f"{name}: the features have different widths"):
        compute(name, evidence)


@pytest.mark.parametrize(("name", "which"), [(name, which) for name in OF_FEATURES for which in METRICS[name].needs])
def test_infinity_and_what_is_no_table_are_refused(name, which, evidence):
    whole, called = evidence[which], "fake" if which == "logits" else which
    evidence[which] = whole[:, :, None]
    with pytest.raises(UserError, match=f"{name}: the {called} features must be a table"):
        compute(name, evidence)
    evidence[which] = whole.copy()
    evidence[which][0, 0] = np.inf
    with pytest.raises(UserError, match=f"{name}: the {called} features hold NaN or infinity"):
        compute(name, evidence)


@pytest.mark.parametrize("name", OF_FEATURES)
def test_no_pictures_are_refused_in_one_line(name, evidence):
    for which in METRICS[name].needs:
        with pytest.raises(UserError, match=rf"{name} .*\b0\b") as refused:
            compute(name, {**evidence, which: evidence[which][:0]})
        assert "\n" not in str(refused.value)


@pytest.mark.parametrize("name", ["kid", "fid", "fid_infinity"])
def test_a_distance_grows_as_the_set_moves_away(name, evidence):
    far = {**evidence, "fake": evidence["fake"] + 2}
    assert compute(name, far).value > 5 * compute(name, evidence).value
