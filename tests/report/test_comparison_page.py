"""The page of a comparison: the same latents in columns, and a bold number only where the runs can tell."""

import math
import re

import numpy as np
import pytest

from graftgan.report import Column, Comparison, Contender, Draw, summary_markdown, write_comparison
from graftgan.report.comparison import ACROSS, charts, render
from graftgan.report.standings import standings

KID = Column("kid", "KID", "lower", "How far from the hold-out.", "1,000 against 200", "Quality")
RECALL = Column("recall", "recall", "higher", "How much is covered.", "1,000 against 200", "Diversity")
EVIL = "<script>alert('x')</script>\"&|`[a](b)\n"


def blobs(count: int, side: int = 8, channels: int = 3, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, side, side, channels), np.uint8)


def method(name: str, kid: list[float], recall: list[float] | None = None, kind="method", **more) -> Contender:
    values = {"kid": kid} | ({} if recall is None else {"recall": recall})
    return Contender(name, kind, more.pop("samples", blobs(12)), values, len(kid), **more)


def comparison(**changes) -> Comparison:
    full = {
        "title": "Ten faces",
        "source_name": "avatars-64",
        "seeds": list(range(100, 112)),
        "contenders": [
            method("source", [0.25, 0.25], [0.0, 0.1], "control"),
            method("freezed", [0.031, 0.033], [0.3, 0.5], seconds=151.0),
            method("ewc", [0.051, 0.055], [0.4, 0.4], warnings=["collapse: all alike", "collapse: all alike"]),
            method("floor", [0.0004, -0.0006], None, "control", samples=None),
        ],
        "columns": [RECALL, KID],
        "draws": [Draw(i, [f"{i}-{k}.png" for k in range(12)], blobs(12)) for i in (1, 2)],
        "missing": ["Recall of the floor is missing."],
        "facts": [("Budget", "4 kimg")],
        "command": "graftgan compare photos --methods freezed,ewc",
        "notes": ["Nothing was chosen with the hold-out."],
        "measured": "By features of colours.",
    }
    return Comparison(**{**full, **changes})


def best(contenders: list[Contender], column: Column = KID) -> list[str]:
    return [one.name for one, cell in zip(contenders, standings(column, contenders), strict=True) if cell.best]


def test_the_matrix_has_the_same_seeds_in_every_row(read):
    page = read(render(comparison()))
    alts = [attrs["alt"] for tag, attrs in page.tags if tag == "img"]
    rows = [f"Photo 1-{k}.png" for k in range(ACROSS)]
    for name in ("freezed", "ewc", "source"):
        rows += [f"{name}, seed {100 + i}" for i in range(ACROSS)]
    assert alts[: 4 * ACROSS] == rows
    assert page.alts("Photo 2-") == [f"Photo 2-{k}.png" for k in range(12)] and not page.alts("floor")


def test_the_table_has_mean_spread_and_controls_below(read):
    words = read(render(comparison())).words()
    assert "2 methods and 2 controls, from avatars-64, 2 draws of photos, 2 runs a method." in words
    freezed = re.search(r"freezed 2 runs · 2 min 31 s a run (.*?) ewc", words)
    assert freezed and freezed[1] == "0.0320 ± 0.0014 0.400 ± 0.141"
    order = [
        words.rindex(part) for part in ("Methods freezed", "ewc collapse 2 runs", "Controls source", "floor 2 runs")
    ]
    assert order == sorted(order)
    assert "floor 2 runs −0.0001 ± 0.0007 –" in words and "By features of colours." in words
    assert "source 2 runs 0.2500 0.050 ± 0.071" in words, "a control that was measured once has no spread"
    assert words.count("collapse: all alike") == 1
    for part in (
        "Nothing was chosen",
        "Recall of the floor is missing.",
        "4 kimg",
        "How far from the hold-out.",
        "2-11.png",
    ):
        assert part in words
    assert "KID, recall 1,000 against 200" in words and "--methods freezed,ewc" in words


def test_bold_marks_the_best_method_only():
    page = render(comparison())
    assert re.findall(r"<strong>([\d.]+)</strong>", page) == ["0.0320"]
    trio = [method("a", [0.3, 0.31]), method("b", [0.1, 0.11]), method("source", [0, 0.01], kind="control")]
    assert best(trio) == ["b"]
    assert best(trio[:1] + trio[2:]) == [], "one method alone is ahead of nobody"


def test_higher_can_be_better():
    pair = [
        Contender(name, "method", values={"recall": found}, runs=2)
        for name, found in (("a", [0.3, 0.31]), ("b", [0, 0]))
    ]
    assert best(pair, RECALL) == ["a"]
    assert best(pair, Column("recall", "recall", "neither")) == []


@pytest.mark.parametrize(
    "first, second",
    [
        ([0.1, 0.3], [0.25, 0.25]),  # the lead of 0.05 is within the spread of the best
        ([0.2, 0.2], [0.15, 0.35]),  # within the spread of the next
        ([0.1], [0.9]),  # one run has no spread
        ([0.1, math.nan], [0.9, 0.9]),
        ([0.2, 0.2], [0.2, 0.2]),  # a tie
        ([math.nan, math.nan], [0.9, 0.8]),  # nobody to be ahead of
    ],
)
def test_no_bold_where_the_runs_cannot_tell(first, second):
    assert best([method("a", first), method("b", second)]) == []


def test_a_run_without_a_number_is_counted(read):
    page = read(render(comparison(contenders=[method("a", [0.25, math.nan, 0.75])], draws=[]))).words()
    assert "a 3 runs 0.500 ± 0.354 2 of 3 –" in page and "nan" not in page


def test_words_from_outside_are_escaped(read):
    full = comparison(
        title=EVIL,
        source_name=EVIL,
        contenders=[method(EVIL, [1.0, 2.0], [0.1, 0.2], warnings=[EVIL]), method(EVIL, [1.0], [0.2], "control")],
        columns=[Column("kid", EVIL, "lower", EVIL, EVIL), Column("recall", EVIL, "higher", EVIL, EVIL)],
        draws=[Draw(1, [EVIL], blobs(1))],
        missing=[EVIL],
        facts=[(EVIL, EVIL)],
        command=EVIL,
        notes=[EVIL],
        measured=EVIL,
    )
    page = read(render(full))
    assert page.text.count(EVIL) >= 15 and page.alts("Photo ") == [f"Photo {EVIL}"] * 2


def test_accessible(read):
    page = read(render(comparison()))
    assert all(attrs.get("alt") for tag, attrs in page.tags if tag == "img")
    assert all(attrs.get("aria-label") for tag, attrs in page.tags if tag == "svg")
    tags = [tag for tag, _ in page.tags]
    assert tags.count("h1") == 1 and tags.count("details") == 4 == tags.count("summary")
    labelled = [attrs["aria-describedby"] for tag, attrs in page.tags if "aria-describedby" in attrs]
    assert labelled == ["rule"] and any(attrs.get("id") == "rule" for _, attrs in page.tags)


def test_a_chart_needs_both_metrics():
    assert len(charts(comparison(columns=[KID]))) == 0
    assert len(charts(comparison(contenders=[method("a", [math.nan], [0.1])]))) == 0
    assert [title for title, _ in charts(comparison())] == ["Methods and controls", "Methods alone, closer"]
    assert [title for title, _ in charts(comparison(contenders=[method("a", [0.1], [0.1])]))] == ["Methods"]


def test_as_little_as_possible(read):
    page = read(render(Comparison("a", "b", [], [], [])))
    assert "0 methods" in page.text and "Nothing was measured." in page.text and not page.alts("")
    assert "Nothing was measured." not in read(render(Comparison("a", "b", [], [], [], missing=["KID is."]))).text


def test_grey_pictures_and_a_page_that_can_be_mailed(tmp_path):
    six = [method(f"m{i}", [0.1 * i], [0.2], samples=blobs(10, 64, 1 if i else 3)) for i in range(6)]
    draws = [Draw(i, ["a.png"] * 10, blobs(10, 64)) for i in range(3)]
    write_comparison(tmp_path / "page.html", comparison(contenders=six, draws=draws))
    assert 500_000 < (tmp_path / "page.html").stat().st_size < 2_000_000


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: Contender("a", "method", None, {"kid": [0.1]}, 2),
        lambda: Draw(1, ["a"], blobs(2)),
        lambda: comparison(seeds=[1]),
    ],
)
def test_what_does_not_belong_together_is_refused(wrong):
    with pytest.raises(ValueError):
        wrong()


def test_markdown_holds_the_same_table():
    lines = summary_markdown(comparison()).splitlines()
    start = lines.index("| | KID ↓ | recall ↑ |")
    assert lines[start + 1 : start + 6] == [
        "|---|---:|---:|",
        "| freezed | **0.0320** ± 0.0014 | 0.400 ± 0.141 |",
        "| ewc (collapse) | 0.0530 ± 0.0028 | 0.400 ± 0.000 |",
        "| *source* | 0.2500 | 0.050 ± 0.071 |",
        "| *floor* | −0.0001 ± 0.0007 | – |",
    ]
    assert lines[2] == "By features of colours."
    below = "\n".join(lines[start:])
    assert "**KID, recall**: 1,000 against 200" in below and "- **KID** (lower is better): How far" in below
    assert "graftgan compare photos --methods freezed,ewc" in below and "Draw 2, 12 photos: 2-0.png," in below


def test_markdown_words_from_outside_stay_in_their_cell():
    full = comparison(
        title=EVIL,
        contenders=[method(EVIL, [1.0], warnings=[EVIL])],
        columns=[Column("kid", EVIL, "lower", EVIL, EVIL)],
        command="```\n# heading",
        draws=[],
    )
    text = summary_markdown(full)
    assert "<script" not in text and "[a](b)" not in text.replace("\\[a\\](b)", "")
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert len(rows) == 3 and {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {3}
    assert text.endswith("\n````\n``` # heading\n````\n")


def test_a_file_name_that_is_no_unicode_stops_neither_page_nor_markdown(tmp_path):
    full = comparison(draws=[Draw(1, ["caf\udce9.png"], blobs(1))])
    write_comparison(tmp_path / "page.html", full)
    assert "caf?.png" in (tmp_path / "page.html").read_text("utf-8") and "caf?.png" in summary_markdown(full)


def test_markdown_of_nothing():
    assert summary_markdown(Comparison("a", "b", [], [], [])).startswith("## a\n")
