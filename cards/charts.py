"""Charts, and the table that stands for one where a client draws none. Pure: a view in, an element out.

A chart is never the only place of a number. Clients that do not know charts show the table; Teams on iOS shows
neither, so a card says what matters in its own lines and facts too.
https://learn.microsoft.com/microsoftteams/platform/task-modules-and-cards/cards/charts-in-adaptive-cards
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from cards.elements import (
    Chart,
    ChartSeries,
    ChartSlice,
    ChartValue,
    Column,
    ColumnSet,
    Container,
    DonutChart,
    HorizontalBarChart,
    LineChart,
    VerticalBarChart,
)
from cards.parts import EMPTY, SHORT, run, subtitle, text
from cards.text import label
from cards.views import Tone

MOST = 31
"""Points of one chart; of more, the last are drawn."""

_COLOURS: dict[Tone, str | None] = {
    "default": None,
    "subtle": "neutral",
    "good": "good",
    "warning": "warning",
    "attention": "attention",
    "accent": "categoricalBlue",
}


@dataclass(frozen=True, slots=True)
class Point:
    """`shown` is the value in words, as the table has it. `on` is an ISO date where the axis is time."""

    label: str
    value: float
    shown: str
    tone: Tone = "default"
    on: str = ""


@dataclass(frozen=True, slots=True)
class Limit:
    """A level line across a line chart."""

    label: str
    value: float
    tone: Tone = "subtle"


@dataclass(frozen=True, slots=True)
class ChartView:
    """`line` draws `points` over time against `limits`; the others draw each point as a part or a bar of its own.
    `series` is what the points of a line are, `unit` what its axis counts. `told`: the card has the same numbers beside
    it, so that nothing need stand for the chart."""

    kind: Literal["line", "donut", "columns", "bars"]
    title: str
    points: tuple[Point, ...]
    limits: tuple[Limit, ...] = ()
    series: str = ""
    unit: str = ""
    told: bool = False


def chart(view: ChartView) -> Chart | None:
    """None where there is nothing to draw."""
    points = [point for point in view.points if math.isfinite(point.value)][-MOST:]
    if not points:
        return None
    name = _label(view.title)
    table = "drop" if view.told else _table(view, points)
    match view.kind:
        case "line":
            return LineChart(
                title=name,
                y_axis_title=_label(view.unit) if view.unit else None,
                data=[_measured(view, points), *(_level(limit, points) for limit in view.limits)],
                fallback=table,
                spacing="Medium",
            )
        case "donut":
            slices = [
                ChartSlice(legend=_label(point.label), value=_number(point.value), color=_COLOURS[point.tone])
                for point in points
            ]
            return DonutChart(title=name, data=slices, fallback=table, spacing="Medium")
        case "columns":
            return VerticalBarChart(
                title=name, data=_bars(points), show_bar_values=True, fallback=table, spacing="Medium"
            )
        case "bars":
            return HorizontalBarChart(
                title=name, data=_bars(points), display_mode="AbsoluteWithAxis", fallback=table, spacing="Medium"
            )


def _measured(view: ChartView, points: Sequence[Point]) -> ChartSeries:
    values = [ChartValue(x=_x(point), y=_number(point.value)) for point in points]
    return ChartSeries(legend=_label(view.series or view.title), values=values, color=_COLOURS["accent"])


def _level(limit: Limit, points: Sequence[Point]) -> ChartSeries:
    ends = [points[0], points[-1]] if len(points) > 1 else [points[0]]
    values = [ChartValue(x=_x(point), y=_number(limit.value)) for point in ends]
    return ChartSeries(legend=_label(limit.label), values=values, color=_COLOURS[limit.tone])


def _bars(points: Sequence[Point]) -> list[ChartValue]:
    return [ChartValue(x=_label(point.label), y=_number(point.value), color=_COLOURS[point.tone]) for point in points]


def _table(view: ChartView, points: Sequence[Point]) -> Container:
    """A point a row, its value at the right; of a line, which has many points, two in a row and in fewer words."""
    rows = (
        [[_brief(point) for point in points[first : first + 2]] for first in range(0, len(points), 2)]
        if view.kind == "line"
        else [_name_and_value(point) for point in points]
    )
    return Container(items=[subtitle(view.title), *(ColumnSet(spacing="Small", columns=row) for row in rows)])


def _brief(point: Point) -> Column:
    words = run(f"{point.label} \u00b7 {point.shown}", 2 * SHORT, tone=point.tone, size="Small")
    return Column(width="stretch", items=[text(words)])


def _name_and_value(point: Point) -> list[Column]:
    return [
        Column(width="stretch", items=[text(run(point.label, SHORT, tone="subtle", size="Small"))]),
        Column(width="96px", items=[text(run(point.shown, SHORT, tone=point.tone, size="Small"))]),
    ]


def _x(point: Point) -> str:
    return _label(point.on or point.label)


def _label(words: str) -> str:
    return label(words, SHORT) or EMPTY


def _number(value: float) -> float:
    return round(value, 2)
