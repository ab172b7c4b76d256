"""The dashboard: four tiles, the response clock in sentences, partners, and charts beside what they show in words.
Pure: a view in, JSON out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from cards.charts import ChartView, chart
from cards.elements import Block, Column, ColumnSet, Json, TextRun
from cards.parts import LINE, SHORT, action, buttons, card, line, panel, run, subtitle, text, title
from cards.size import fit
from cards.views import Button, Line, Tone


@dataclass(frozen=True, slots=True)
class Tile:
    value: str
    label: str
    tone: Tone = "default"


@dataclass(frozen=True, slots=True)
class PartnerRow:
    """One of several partners; pressed, it is shown alone."""

    name: str
    average: Line
    detail: str
    open: Button


@dataclass(frozen=True, slots=True)
class DashboardView:
    title: str
    subtitle: str  # whose, and as of when
    tiles: tuple[Tile, ...]
    clock_title: str
    clock: tuple[Line, ...]
    clock_tone: Tone
    microsoft: Line | None  # its own average beside ours
    rows_title: str
    rows: tuple[PartnerRow, ...]
    more: str  # "and 12 more"
    charts: tuple[ChartView, ...]
    lines: tuple[Line, ...]  # what the charts show, in words
    requirement: str
    buttons: tuple[Button, ...]
    hint: str
    fallback_text: str


def dashboard_card(view: DashboardView, shorter: int = 0) -> Json:
    """The numbers stand in texts; a chart is an extra. Fits Teams' limit. `shorter`: as of cards/size.fit."""
    return fit(_build, view, _STEPS, shorter)


def _build(view: DashboardView) -> Json:
    return card(
        [
            title(view.title),
            text(run(view.subtitle, LINE, tone="subtle", size="Small"), spacing="None"),
            *_tiles(view.tiles),
            *_clock(view),
            *_rows(view),
            *(line(of, "Medium" if not index else "Small") for index, of in enumerate(view.lines)),
            *map(chart, view.charts),
            text(run(view.requirement, LINE, tone="subtle", size="Small"), spacing="Medium"),
            buttons(view.buttons),
            text(run(view.hint, LINE, tone="subtle", size="Small"), spacing="Small") if view.hint else None,
        ],
        view.fallback_text,
    )


def _tiles(tiles: Sequence[Tile]) -> list[Block]:
    """Two beside one another, for which a phone has room."""
    return [
        ColumnSet(
            spacing="Medium",
            columns=[
                Column(
                    width="stretch",
                    items=[
                        text(run(tile.value, SHORT, tone=tile.tone, strong=True, size="ExtraLarge")),
                        text(run(tile.label, SHORT, tone="subtle", size="Small"), spacing="None"),
                    ],
                )
                for tile in tiles[first : first + 2]
            ],
        )
        for first in range(0, len(tiles), 2)
    ]


def _clock(view: DashboardView) -> list[Block]:
    if not view.clock:
        return []
    words: list[Block] = [line(of, "Small" if index else "None") for index, of in enumerate(view.clock)]
    if view.microsoft is not None:
        words.append(line(view.microsoft))
    return [subtitle(view.clock_title), panel(words, view.clock_tone)]


def _rows(view: DashboardView) -> list[Block]:
    if not view.rows:
        return []
    more: list[Block] = [text(run(view.more, LINE, tone="subtle", size="Small"))] if view.more else []
    return [subtitle(view.rows_title), *map(_row, view.rows), *more]


def _row(of: PartnerRow) -> ColumnSet:
    """Pressed as a whole, so its words say what the eye sees in it."""
    what = [
        text(run(of.name, 2 * SHORT, strong=True)),
        text(run(of.detail, LINE, tone="subtle", size="Small"), spacing="None"),
    ]
    average = text(
        run(of.average.text, SHORT, tone=of.average.tone, strong=True), TextRun(text="  \u203a", is_subtle=True)
    )
    return ColumnSet(
        separator=True,
        spacing="Medium",
        select_action=action(of.open, f"{of.open.title}, {of.average.text}"),
        columns=[
            Column(width="stretch", items=what),
            Column(width="96px", vertical_content_alignment="Center", items=[average]),
        ],
    )


_STEPS: Sequence[Callable[[DashboardView], DashboardView]] = (
    lambda view: replace(view, rows=view.rows[:10], charts=view.charts[:3], buttons=view.buttons[:6]),
    lambda view: replace(view, charts=()),
    lambda view: replace(view, tiles=view.tiles[:4], clock=view.clock[:4], lines=view.lines[:4]),
    lambda view: replace(view, rows=()),
    lambda view: replace(view, buttons=()),
)
