"""What every metric of two sets promises."""

import json
from dataclasses import asdict

import numpy as np
import pytest

from graftgan.errors import UserError
from graftgan.metrics import METRICS, Measure


@pytest.fixture(params=list(METRICS))
def name(request):
    return request.param


@pytest.fixture
def clouds():
    rng = np.random.default_rng(0)
    return rng.normal(size=(80, 6)), rng.normal(size=(60, 6)), rng.normal(size=(60, 6)) + 2


def test_grows_with_the_distance(name, clouds):
    real, same, other = clouds
    assert METRICS[name](real, other).value > 10 * abs(METRICS[name](real, same).value)


def test_order_of_the_pictures_and_float_type_do_not_matter(name, clouds):
    real, _, other = clouds
    plain = METRICS[name](real, other).value
    assert METRICS[name](real[::-1], other[::-1]).value == pytest.approx(plain)
    assert METRICS[name](real.astype(np.float32), other.astype(np.float32)).value == pytest.approx(plain, rel=1e-5)


def test_input_is_left_as_it_was(name, clouds):
    real, _, other = clouds
    before = real.copy(), other.copy()
    METRICS[name](real, other)
    assert (before[0] == real).all() and (before[1] == other).all()


def test_goes_to_json_with_its_protocol(name, clouds):
    measure = METRICS[name](*clouds[:2]).under({"encoder": "none"})
    written = json.loads(json.dumps(asdict(measure)))
    assert Measure(**written) == measure
    assert written["protocol"]["metric"] == name and written["protocol"]["encoder"] == "none"
    assert (written["protocol"]["real"], written["protocol"]["fake"]) == (80, 60)


def test_different_encoders_are_refused(name, clouds):
    with pytest.raises(UserError, match=f"{name}: the features have different widths"):
        METRICS[name](clouds[0], clouds[1][:, :3])


def test_infinity_is_refused(name, clouds):
    clouds[1][0, 0] = np.inf
    with pytest.raises(UserError, match=f"{name}: the fake features hold NaN or infinity"):
        METRICS[name](clouds[0], clouds[1])
