"""Cards of scores: one partner's with its requirements and customers, or all partners'. Pure: a view in, JSON out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from cards.charts import ChartView, chart
from cards.elements import Block, Column, ColumnSet, Json, TextRun
from cards.parts import (
    LINE,
    SHORT,
    action,
    buttons,
    card,
    fact_rows,
    heading_band,
    line,
    run,
    subtitle,
    text,
)
from cards.size import fit
from cards.views import Button, Fact, Line


@dataclass(frozen=True, slots=True)
class ScoreRow:
    """`open`: what the row does when it is pressed."""

    title: str
    status: Line
    detail: str
    open: Button | None = None


@dataclass(frozen=True, slots=True)
class ScoreGroup:
    title: str
    lines: tuple[Line, ...] = ()
    facts: tuple[Fact, ...] = ()
    rows: tuple[ScoreRow, ...] = ()
    more: str = ""
    chart: ChartView | None = None  # what it shows stands in the facts as well


@dataclass(frozen=True, slots=True)
class ScoreView:
    heading: str  # "Security score · Northwind"
    status: Line  # "50 of 70"; its tone colours the head
    lines: tuple[Line, ...]
    groups: tuple[ScoreGroup, ...]
    buttons: tuple[Button, ...]
    fallback_text: str


def score_card(view: ScoreView) -> Json:
    return fit(_build, view, _STEPS)


def _build(view: ScoreView) -> Json:
    return card(
        [
            heading_band(view.heading, view.status),
            *(line(of) for of in view.lines),
            *(block for group in view.groups for block in _group(group)),
            buttons(view.buttons),
        ],
        view.fallback_text,
    )


def _group(group: ScoreGroup) -> list[Block | None]:
    return [
        subtitle(group.title, spacing="Large"),
        *(line(of) for of in group.lines),
        fact_rows(group.facts, spacing="Small"),
        chart(group.chart) if group.chart is not None else None,
        *map(_row, group.rows),
        text(run(group.more, LINE, tone="subtle", size="Small"), spacing="Medium") if group.more else None,
    ]


def _row(row: ScoreRow) -> ColumnSet:
    what = [
        text(run(row.title, 2 * SHORT, strong=True), spacing="None"),
        text(run(row.status.text, LINE, tone=row.status.tone, strong=row.status.strong, size="Small"), spacing="None"),
    ]
    if row.detail:
        what.append(text(run(row.detail, LINE, tone="subtle", size="Small"), spacing="None"))
    columns = [Column(width="stretch", items=what)]
    if row.open is not None:
        arrow = text(TextRun(text="›", size="Large", is_subtle=True))
        columns.append(Column(width="auto", vertical_content_alignment="Center", items=[arrow]))
    # Read aloud as one button, so its words have to say what the eye sees in the row.
    pressed = action(row.open, f"{row.open.title}, {row.title}, {row.status.text}") if row.open is not None else None
    return ColumnSet(separator=True, spacing="Small", select_action=pressed, columns=columns)


def _without_charts(view: ScoreView) -> ScoreView:
    return replace(view, groups=tuple(replace(group, chart=None) for group in view.groups))


def _rows(count: int) -> Callable[[ScoreView], ScoreView]:
    def shorten(view: ScoreView) -> ScoreView:
        groups = tuple(
            replace(group, lines=group.lines[:4], facts=group.facts[:6], rows=group.rows[:count])
            for group in view.groups[:6]
        )
        return replace(view, lines=view.lines[:6], groups=groups)

    return shorten


# What an over-full card leaves out first; the last leaves so little that any card fits.
_STEPS: Sequence[Callable[[ScoreView], ScoreView]] = (
    _without_charts,
    _rows(8),
    _rows(4),
    _rows(1),
    lambda view: replace(view, buttons=view.buttons[:4]),
    lambda view: replace(view, groups=(), lines=view.lines[:2]),
)
