"""Charts: points lie where the numbers say."""

import math
import re
import xml.etree.ElementTree as ET

import pytest

from graftgan.report.charts import (
    BAR_LEFT,
    BAR_RIGHT,
    BOTTOM,
    LEFT,
    MOST_POINTS,
    RIGHT,
    TOP,
    Series,
    bar_chart,
    comparison_bar,
    line_chart,
)
from graftgan.report.scales import Scale, round_ticks


def points_of(chart: str) -> list[list[tuple[float, float]]]:
    lines = [one.get("points", "") for one in ET.fromstring(chart).iter("polyline")]
    return [[tuple(map(float, pair.split(","))) for pair in line.split()] for line in lines]


def rects(chart: str) -> list[dict[str, str]]:
    return [one.attrib for one in ET.fromstring(chart).iter("rect")]


def test_points_of_a_line_lie_at_their_values():
    chart = line_chart("Loss", [Series("a", [(0, 0.0), (5, 10.0), (10, 5.0)])], "kimg")
    assert points_of(chart) == [[(LEFT, BOTTOM), ((LEFT + RIGHT) / 2, TOP), (RIGHT, (TOP + BOTTOM) / 2)]]


def test_two_lines_share_their_axes():
    first, second = points_of(line_chart("t", [Series("a", [(0, 0), (4, 1)]), Series("b", [(0, 2), (2, 4)])], "kimg"))
    assert first == [(LEFT, BOTTOM), (RIGHT, BOTTOM - (BOTTOM - TOP) / 4)]
    assert second == [(LEFT, (TOP + BOTTOM) / 2), ((LEFT + RIGHT) / 2, TOP)]


def test_the_axis_ends_where_the_run_ends():
    chart = line_chart("t", [Series("a", [(0, 0), (7.3, 1)])], "kimg")
    assert points_of(chart)[0][-1][0] == RIGHT


def test_points_that_are_not_finite_are_left_out():
    values = [(0, 1.0), (1, math.nan), (2, math.inf), (math.nan, 1.0), (4, 2.0)]
    assert Series("a", values).drawn() == [(0, 1.0), (4, 2.0)]
    assert "nan" not in line_chart("t", [Series("a", values)], "kimg")


def test_a_single_point_is_a_dot():
    circles = list(ET.fromstring(line_chart("t", [Series("a", [(2, 3.0)])], "kimg")).iter("circle"))
    assert [(float(c.attrib["cx"]), float(c.attrib["cy"])) for c in circles] == [(RIGHT, (TOP + BOTTOM) / 2)]


@pytest.mark.parametrize("points", [[], [(0, math.nan)]])
def test_a_line_without_points_leaves_an_empty_chart(points):
    chart = line_chart("t", [Series("a", points)], "kimg")
    assert points_of(chart) == []
    assert "a –" in ET.fromstring(chart).attrib["aria-label"]


def test_a_long_log_is_thinned_and_keeps_its_ends():
    drawn = Series("a", [(float(i), float(i)) for i in range(10_001)]).drawn()
    assert drawn[0] == (0.0, 0.0) and drawn[-1] == (10_000.0, 10_000.0)
    assert len(drawn) <= MOST_POINTS + 1 and len(set(drawn)) == len(drawn)


def test_names_are_escaped():
    assert "<b>" not in line_chart("<b>", [Series("<b>", [(0, 1)]), Series("c", [(0, 2)])], "<b>")
    assert "<b>" not in bar_chart("<b>", [("<b>", 1.0)])


def test_bars_are_as_long_as_their_values():
    found = rects(bar_chart("t", [("a", 1.0), ("b", 0.25), ("c", 0.0)], top=1.0))
    long = BAR_RIGHT - BAR_LEFT
    assert [float(one["width"]) for one in found] == [long, long / 4, 0.0]
    assert {float(one["x"]) for one in found} == {BAR_LEFT}


def test_bars_of_two_charts_share_an_axis():
    low, high = (rects(bar_chart("t", [("a", value)], top=1.0))[0]["width"] for value in (0.25, 0.5))
    assert float(high) == pytest.approx(2 * float(low)) == pytest.approx((BAR_RIGHT - BAR_LEFT) / 2)


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_bar_without_a_number_shows_a_dash(value):
    chart = bar_chart("t", [("a", value), ("b", 1.0)])
    assert float(rects(chart)[0]["width"]) == 0
    assert "a: –" in chart


def test_no_bars_is_still_a_chart():
    assert rects(bar_chart("t", [])) == []


def test_comparison_places_adapted_source_and_floor():
    chart = comparison_bar(0.25, 1.0, 0.5)
    bar = rects(chart)[1]
    marks = [float(one.attrib["x1"]) for one in ET.fromstring(chart).iter("line")]
    assert (float(bar["x"]), float(bar["width"])) == (1.0, 49.0)
    assert marks == [197.0, 99.0]


def test_comparison_draws_a_negative_number_to_the_left_of_zero():
    chart = comparison_bar(-1.0, 1.0, None)
    bar = rects(chart)[1]
    origin, source = [float(one.attrib["x1"]) for one in ET.fromstring(chart).iter("line")]
    assert (float(bar["x"]), float(bar["width"]), origin, source) == (1.0, 98.0, 99.0, 197.0)


@pytest.mark.parametrize("alone", [(0.5, None, None), (None, 0.5, math.nan), (math.inf, None, 1.0)])
def test_one_number_alone_compares_nothing(alone):
    assert comparison_bar(*alone) == ""


def test_a_chosen_moment_is_marked_on_the_line():
    points = [(0, 0.0), (0.1 * 3, 10.0), (0.6, 5.0)]
    chart = ET.fromstring(line_chart("t", [Series("a", points)], "kimg", mark=0.3))
    group = next(one for one in chart.iter("g") if one.get("class") == "chosen")
    (line,), (dot,) = group.iter("line"), group.iter("circle")
    assert float(line.attrib["x1"]) == float(line.attrib["x2"]) == float(dot.attrib["cx"]) == (LEFT + RIGHT) / 2
    assert float(dot.attrib["cy"]) == TOP


def test_a_chosen_moment_after_the_last_point_is_on_the_axis():
    chart = ET.fromstring(line_chart("t", [Series("a", [(0, 0.0), (1, 1.0)])], "kimg", mark=2.0))
    group = next(one for one in chart.iter("g") if one.get("class") == "chosen")
    assert [float(one.attrib["x1"]) for one in group.iter("line")] == [RIGHT] and not list(group.iter("circle"))


@pytest.mark.parametrize(
    "low, high", [(0, 1), (0.3, 9.2), (-3.7, 2.2), (1e-7, 3e-7), (0, 123456), (-5, -4.99), (2, 2), (0, 0), (-1, -1)]
)
def test_ticks_are_round_and_enclose(low, high):
    ticks = round_ticks(low, high)
    step = ticks[1] - ticks[0]
    assert ticks[0] <= low and ticks[-1] >= high and 2 <= len(ticks) <= 9
    assert [b - a for a, b in zip(ticks, ticks[1:], strict=False)] == pytest.approx([step] * (len(ticks) - 1))
    assert re.match(r"(1|2|2\.5|5)0*e", f"{step:.1e}".replace(".0", "")), step


def test_a_scale_is_straight_and_may_point_up():
    assert Scale(-1, 1, 200, 100).at(0) == 150
    assert Scale(-1, 1, 200, 100).at(1) == 100
