"""The chart of quality against diversity: marks where the numbers say, names that can be read."""

import math
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from graftgan.report.labels import Box, place_labels
from graftgan.report.scatter import BOTTOM, LEFT, MARGIN, RIGHT, TOP, Axis, Cloud, scatter_chart

RECALL, KID = Axis("recall", "higher"), Axis("KID", "lower")


def chart(*clouds: Cloud) -> ET.Element:
    return ET.fromstring(scatter_chart("t", clouds, RECALL, KID))


def circles(svg: ET.Element) -> list[tuple[float, float, float]]:
    return [tuple(float(one.attrib[key]) for key in ("cx", "cy", "r")) for one in svg.iter("circle")]


def test_marks_lie_at_their_values_and_the_larger_one_at_their_mean():
    low, high, mean = circles(chart(Cloud("a", [(0.0, 0.0), (1.0, 1.0)], 0)))
    inner = MARGIN / (1 + 2 * MARGIN)
    left, right = LEFT + inner * (RIGHT - LEFT), RIGHT - inner * (RIGHT - LEFT)
    bottom, top = BOTTOM - inner * (BOTTOM - TOP), TOP + inner * (BOTTOM - TOP)
    assert low[:2] == pytest.approx((left, bottom), abs=0.06) and high[:2] == pytest.approx((right, top), abs=0.06)
    assert mean[:2] == pytest.approx(((left + right) / 2, (bottom + top) / 2), abs=0.06)
    assert mean[2] > low[2] == high[2]


def test_controls_have_another_shape():
    svg = chart(Cloud("a", [(0.0, 0.0), (1.0, 1.0)], 0), Cloud("source", [(0.5, 0.5)], None))
    assert len(circles(svg)) == 3 and len(list(svg.iter("path"))) == 2


def test_axes_say_which_way_is_better():
    words = [one.text for one in chart(Cloud("a", [(0.0, 0.0)], 0)).iter("text")]
    assert "recall  → better" in words and "KID  ↓ better" in words
    free = ET.fromstring(scatter_chart("t", [], Axis("C_T", "neither"), KID))
    assert "C_T" in [one.text for one in free.iter("text")]


def test_runs_without_both_numbers_are_left_out():
    svg = chart(Cloud("a", [(0.0, 0.0), (math.nan, 1.0), (1.0, math.inf)], 0), Cloud("b", [(math.nan, 1.0)], 1))
    assert len(circles(svg)) == 2 and "b –" in svg.attrib["aria-label"]
    assert "nan" not in ET.tostring(svg, "unicode") and "inf" not in ET.tostring(svg, "unicode")


def test_names_are_escaped_and_shortened():
    svg = scatter_chart("<b>", [Cloud("<b>" + "x" * 60, [(0, 0)], 0)], Axis("<b>", "lower"), Axis("<b>", "lower"))
    assert "<b>" not in svg
    assert max(len(one.text or "") for one in ET.fromstring(svg).iter("text")) <= 22


@pytest.mark.parametrize("seed", range(20))
def test_names_of_a_crowd_overlap_neither_each_other_nor_the_edge(seed):
    rng = np.random.default_rng(seed)
    area = Box(LEFT, TOP, RIGHT, BOTTOM)
    # Nine contenders in a sixth of the chart's width and height.
    points = [(float(x), float(y)) for x, y in rng.uniform((380, 45), (450, 95), (9, 2))]
    boxes = place_labels(
        points, ["freezed", "finetune", "mixed-cdc", "ewc", "modulate", "a", "source", "copies", "floor"], area
    )
    assert all(box.overlap(area) == pytest.approx(box.area()) for box in boxes)
    assert sum(a.overlap(b) for i, a in enumerate(boxes) for b in boxes[:i]) == 0


def test_a_name_leaves_its_own_mark_free():
    (box,) = place_labels([(100.0, 100.0)], ["freezed"], Box(0, 0, 400, 400))
    assert box.overlap(Box(94, 94, 106, 106)) == 0 and box.left - 100 < 20
