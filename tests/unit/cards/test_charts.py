"""Charts: Microsoft's shapes, a table of the same numbers beside each, and nothing where there is nothing to draw."""

from __future__ import annotations

from typing import Any

import pytest

from cards.charts import MOST, ChartView, Limit, Point, chart
from cards.elements import Json
from cards.parts import card
from tests.cardcheck import BadCard, check_card, walk

POINTS = (
    Point("27 Feb", 2.345, "2.3 h", on="2026-02-27"),
    Point("28 Feb", 26, "26.0 h", "attention", "2026-02-28"),
    Point("01 Mar", 0.5, "30 min", "good", "2026-03-01"),
)
DAY = Limit("24 h, required", 24, "attention")
KINDS = ("line", "donut", "columns", "bars")


def drawn(**changes: Any) -> Json:
    made = chart(ChartView(**({"kind": "line", "title": "By day", "points": POINTS} | changes)))
    assert made is not None
    check_card(card([made], "x"))
    rendered: Json = made.render()
    return rendered


def read(thing: Json) -> list[str]:
    return [each["text"] for _, each in walk(thing) if each.get("type") in {"TextRun", "TextBlock"}]


def test_a_line_has_its_measured_points_and_level_limits() -> None:
    found = drawn(limits=(DAY,), series="Average", unit="Hours")
    assert found["data"] == [
        {
            "legend": "Average",
            "color": "categoricalBlue",
            "values": [
                {"x": "2026-02-27", "y": 2.35},
                {"x": "2026-02-28", "y": 26},
                {"x": "2026-03-01", "y": 0.5},
            ],
        },
        {
            "legend": "24 h, required",
            "color": "attention",
            "values": [{"x": "2026-02-27", "y": 24}, {"x": "2026-03-01", "y": 24}],
        },
    ]
    assert (found["type"], found["title"], found["yAxisTitle"]) == ("Chart.Line", "By day", "Hours")


def test_parts_and_bars_have_a_colour_each() -> None:
    assert drawn(kind="donut")["data"][1] == {"legend": "28 Feb", "value": 26, "color": "attention"}
    assert drawn(kind="columns")["data"][1] == {"x": "28 Feb", "y": 26, "color": "attention"}
    assert drawn(kind="bars")["data"][0] == {"x": "27 Feb", "y": 2.35}


@pytest.mark.parametrize("kind", KINDS)
def test_a_client_that_draws_no_chart_shows_the_same_numbers(kind: str) -> None:
    shown = read(drawn(kind=kind)["fallback"])
    for point in POINTS:
        assert f"{point.label} \u00b7 {point.shown}" in shown or {point.label, point.shown} <= set(shown)


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_drawn_of_nothing(kind: Any) -> None:
    assert chart(ChartView(kind, "By day", ())) is None
    assert chart(ChartView(kind, "By day", (Point("x", float("nan"), "?"), Point("x", float("inf"), "?")))) is None


def test_one_point_is_a_chart_too() -> None:
    assert [len(series["values"]) for series in drawn(points=POINTS[:1], limits=(DAY,))["data"]] == [1, 1]


def test_of_too_many_points_the_last_are_drawn() -> None:
    many = tuple(Point(f"p{number}", number, f"{number}") for number in range(MOST + 9))
    found = drawn(kind="bars", points=many)
    assert [each["x"] for each in found["data"]] == [point.label for point in many[9:]]
    assert "p8" not in read(found["fallback"])


def test_a_chart_that_says_what_no_class_knows_is_found() -> None:
    broken = card([chart(ChartView("donut", "By day", POINTS))], "x")
    broken["body"][0]["data"][0]["lable"] = "x"
    with pytest.raises(BadCard, match="lable"):
        check_card(broken)
    broken = card([chart(ChartView("line", "By day", POINTS))], "x")
    broken["body"][0]["data"][0]["values"][0]["y"] = "many"
    with pytest.raises(BadCard):
        check_card(broken)
    del (without := card([chart(ChartView("bars", "By day", POINTS))], "x"))["body"][0]["fallback"]
    with pytest.raises(BadCard, match="stands for it"):
        check_card(without)


def test_where_the_card_tells_the_numbers_itself_nothing_stands_for_the_chart() -> None:
    found = chart(ChartView("line", "By day", POINTS, told=True))
    assert found is not None
    assert card([found], "x")["body"][0]["fallback"] == "drop"
