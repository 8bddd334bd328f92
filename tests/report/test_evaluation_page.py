"""The page of an evaluation: the table first, and pictures that nobody picked."""

import math

import numpy as np
import pytest

from graftgan.report import Evaluation, Neighbour, Score, write_evaluation
from graftgan.report.evaluation import SHOWN, render


def blobs(count: int, side: int = 8, channels: int = 3) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (count, side, side, channels), np.uint8)


def evaluation(count: int = 40, channels: int = 3, **changes) -> Evaluation:
    full = {
        "title": "Faces",
        "subject": "2,000 samples of runs/0003/model",
        "reference": "500 pictures of holdout",
        "rows": [
            Score(
                "recall", "lite0", 0.25, 0.011, 0.8, 0.03, "higher", "How much is covered.", "Diversity", "2,000 by 500"
            ),
            Score("KID", "lite0", 0.0213, group="Quality", note="Read first."),
        ],
        "missing": ["C_T is missing: no photos were given."],
        "warnings": ["copying: 9 of 10 samples"],
        "samples": blobs(count, channels=channels),
        "sample_names": [f"seed {i}" for i in range(count)],
        "references": blobs(count, channels=channels),
        "reference_names": [f"{i}.png" for i in range(count)],
        "neighbours": [Neighbour(blobs(1)[0], blobs(1)[0], 0.25, i == 1) for i in range(3)],
        "copy_rule": "A copy is closer than photos are.",
        "copies": "1 of 64 samples is a copy.",
        "facts": [("Time", "8 s")],
        "command": "graftgan evaluate model --reference holdout",
    }
    return Evaluation(**{**full, **changes})


def test_a_full_page_shows_every_part(read):
    page = read(render(evaluation()))
    words = page.words()
    assert "2,000 samples of runs/0003/model, held against 500 pictures of holdout." in words
    assert page.alts("Judged ") == [f"Judged seed {i}" for i in range(SHOWN)]
    assert page.alts("Reference ") == [f"Reference {i}.png" for i in range(SHOWN)]
    assert len(page.alts("The photo nearest")) == 3
    assert "recall ↑ higher is better 0.25 ± 0.011 0.8 ± 0.03" in words and "How much is covered." in words
    assert words.index("Quality") < words.index("0.0213") < words.index("Diversity")
    for part in ("Read first.", "2,000 by 500", "no photos were given", "copying: 9", "1 of 64", "8 s"):
        assert part in words
    assert "graftgan evaluate model --reference holdout" in words and "Source" not in words


def test_accessible(read):
    page = read(render(evaluation()))
    assert all(attrs.get("alt") for tag, attrs in page.tags if tag == "img")
    assert [attrs["aria-label"] for tag, attrs in page.tags if tag == "svg"] == ["value 0.25, noise floor 0.8"]
    assert [tag for tag, _ in page.tags].count("h1") == 1


def test_words_from_outside_are_escaped(read):
    evil = "<script>alert('x')</script>\"&"
    score = Score(evil, evil, 1.0, 1.0, 1.0, 1.0, "lower", evil, evil, evil, evil)
    words = {name: evil for name in ("title", "subject", "reference", "copy_rule", "copies", "command")}
    lists = {"rows": [score], "missing": [evil], "warnings": [evil], "facts": [(evil, evil)]}
    page = read(render(evaluation(count=1, sample_names=[evil], reference_names=[evil], **lists, **words)))
    assert page.alts("Judged ") == [f"Judged {evil}"]
    assert page.text.count(evil) >= 15


def test_numbers_that_are_missing_are_dashes(read):
    words = read(
        render(evaluation(rows=[Score("KID", "lite0", None), Score("FID", "lite0", math.nan, math.inf)]))
    ).words()
    assert "KID ↓ lower is better – – lite0" in words and "FID ↓ lower is better – – lite0" in words
    assert "nan" not in words and "inf" not in words


def test_as_little_as_possible(read):
    page = read(render(Evaluation("a", "b", "c")))
    assert "Nothing was measured." in page.text and not page.alts("")


def test_grey_pictures_and_a_page_that_can_be_mailed(tmp_path, read):
    write_evaluation(tmp_path / "page.html", evaluation(channels=1, neighbours=[]))
    assert len(read((tmp_path / "page.html").read_text("utf-8")).alts("Judged")) == SHOWN
    many = {"samples": blobs(200, 64), "sample_names": ["a"] * 200, "references": blobs(200, 64)}
    write_evaluation(tmp_path / "page.html", evaluation(**many, reference_names=["b"] * 200))
    assert 500_000 < (tmp_path / "page.html").stat().st_size < 2_000_000


@pytest.mark.parametrize("wrong", [{"sample_names": ["a"]}, {"reference_names": []}])
def test_names_that_belong_to_no_picture_are_refused(wrong):
    with pytest.raises(ValueError):
        evaluation(**wrong)
