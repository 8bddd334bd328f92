"""The judge: one protocol for all, what is missing said, floors and controls where they belong."""

import json

import numpy as np
import pytest

from graftgan.errors import UserError
from graftgan.features import ENCODERS, Encoder
from graftgan.metrics import METRICS
from graftgan.recipes.judge import CHUNK, Judge, listed
from graftgan.recipes.subject import Subject, drawn, of_pictures


def made(count: int, seed: int, shift: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    base = rng.integers(0, 200, (count, 2, 2, 3)) + shift
    return base.repeat(4, axis=1).repeat(4, axis=2).astype(np.uint8)


@pytest.fixture
def judge(colours: str) -> Judge:
    return Judge(holdout=made(60, 1), photos=made(10, 2), encoder=colours, lpips=None, show=False)


def test_every_measure_says_how_it_was_made(judge: Judge) -> None:
    verdict = judge.measure(of_pictures("made", made(80, 3), "made pictures"))
    assert {"kid", "fid", "precision", "recall", "density", "coverage", "nearest_ratio"} <= set(verdict.measures)
    assert list(verdict.measures) == [name for name in METRICS if name in verdict.measures]
    for name, measure in verdict.measures.items():
        assert measure.protocol["encoder"] == "colours" and measure.protocol["of"] == "made pictures", name
        assert measure.protocol["fake"] == 80, name
    assert verdict.near is not None and len(verdict.near.index) == 64
    json.dumps(verdict.to_json(), allow_nan=False)


def test_pictures_from_elsewhere_are_farther_than_the_floor(judge: Judge) -> None:
    floor = judge.floor()
    assert floor is not None and "fid" not in floor.measures
    near = judge.measure(of_pictures("near", made(80, 3), "the same kind")).measures["kid"].value
    far = judge.measure(of_pictures("far", made(80, 4, shift=50), "another kind")).measures["kid"].value
    assert far > 10 * max(near, floor.measures["kid"].value)


def test_pictures_are_asked_for_a_few_at_a_time(judge: Judge) -> None:
    pixels, asked = made(150, 3), []

    def pictures(start: int, stop: int) -> np.ndarray:
        asked.append((start, stop))
        return pixels[start:stop]

    counted = judge.measure(Subject("counted", 150, pictures, {}))
    assert asked == [(0, CHUNK), (CHUNK, 2 * CHUNK), (2 * CHUNK, 150)]
    assert counted.measures["kid"].value == judge.measure(of_pictures("whole", pixels, "")).measures["kid"].value


def test_positions_that_do_not_count_are_left_out(colours: str) -> None:
    pixels, held = made(60, 1), np.arange(5, 45)
    some = Judge(holdout=pixels, held=held, photos=None, encoder=colours, lpips=None, show=False)
    same = Judge(holdout=pixels[held], photos=None, encoder=colours, lpips=None, show=False)
    subject = of_pictures("made", made(80, 3), "")
    assert some.measure(subject).measures["kid"] == same.measure(subject).measures["kid"]
    one, other = some.floor(), same.floor()
    assert one is not None and other is not None and one.measures == other.measures


def test_without_a_hold_out_only_what_photos_can_say_is_measured(colours: str) -> None:
    judge = Judge(holdout=None, photos=made(10, 2), encoder=colours, lpips=None, show=False)
    verdict = judge.measure(of_pictures("made", made(80, 3), ""))
    assert judge.floor() is None
    assert {"real"}.isdisjoint(need for name in verdict.measures for need in METRICS[name].needs)
    assert "authpct" in verdict.measures
    (sentence,) = [words for words in verdict.missing if "no hold-out" in words]
    assert "KID" in sentence and "recall" in sentence


def test_too_small_a_hold_out_is_said(colours: str) -> None:
    judge = Judge(holdout=made(3, 1), photos=None, encoder=colours, lpips=None, show=False)
    verdict = judge.measure(of_pictures("made", made(80, 3), ""))
    assert verdict.measures == {} and any("3 held-out pictures are too few" in words for words in verdict.missing)


def test_what_a_metric_refuses_is_said_and_the_rest_is_measured(colours: str) -> None:
    judge = Judge(holdout=made(20, 1), photos=None, encoder=colours, lpips=None, show=False)
    verdict = judge.measure(of_pictures("made", made(80, 3), ""))
    assert "kid" in verdict.measures and "fid" not in verdict.measures
    assert any("20 real pictures means nothing" in words for words in verdict.missing)


def test_only_the_metrics_asked_for(colours: str) -> None:
    judge = Judge(holdout=made(60, 1), photos=None, encoder=colours, lpips=None, metrics=["kid"], show=False)
    verdict = judge.measure(of_pictures("made", made(80, 3), ""))
    assert list(verdict.measures) == ["kid"] and verdict.missing == []


def test_an_encoder_that_is_not_there_leaves_pixels(colours: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_: object) -> Encoder:
        raise UserError("install graftgan[metrics]")

    monkeypatch.setitem(ENCODERS, "colours", missing)  # type: ignore[arg-type]
    judge = Judge(holdout=made(60, 1), photos=made(10, 2), encoder=colours, lpips=None, show=False)
    verdict = judge.measure(of_pictures("made", made(80, 3), ""))
    assert "kid" not in verdict.measures and verdict.measures["authpct"].protocol["encoder"] == "pixels"
    assert any("install graftgan[metrics]" in words for words in verdict.missing)


def sharp(count: int, seed: int) -> np.ndarray:
    """Pictures whose features differ as much as they are long, as those of unlike real pictures do."""
    base = np.random.default_rng(seed).integers(0, 2, (count, 2, 2, 3)) * 255
    return base.repeat(4, axis=1).repeat(4, axis=2).astype(np.uint8)


def test_copied_photos_are_called_copies_and_other_pictures_nothing(colours: str) -> None:
    photos = sharp(10, 2)
    judge = Judge(holdout=sharp(60, 1), photos=photos, encoder=colours, lpips=None, show=False)
    verdict = judge.measure(of_pictures("copies", photos[np.arange(80) % 10], "the photos again and again"))
    assert any(warning.startswith("copying: 80 of 80") for warning in verdict.warnings)
    assert judge.measure(of_pictures("made", sharp(80, 3), "others of the kind")).warnings == []


def test_a_constant_generator_is_called_collapsed(judge: Judge) -> None:
    verdict = judge.measure(of_pictures("constant", made(1, 5).repeat(80, axis=0), "one picture"))
    assert any("collapse" in warning for warning in verdict.warnings)


def test_a_draw_is_the_same_every_time() -> None:
    pixels = made(50, 1)
    assert np.array_equal(drawn(pixels, 10), drawn(pixels, 10)) and len(drawn(pixels, 10)) == 10
    assert np.array_equal(drawn(pixels, 99), pixels)


def test_titles_in_a_sentence() -> None:
    assert listed(["a", "b", "c"]) == "a, b and c are"
