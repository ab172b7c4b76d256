"""A page of alerts, each a row that opens its alert. Pure: a view in, JSON out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from cards.elements import Block, Column, ColumnSet, Json, TextRun
from cards.parts import LINE, NUMBER, SHORT, action, buttons, card, gap, run, severity, text, title
from cards.size import fit
from cards.text import ELLIPSIS
from cards.views import ListView, Row


def list_card(view: ListView) -> Json:
    """Rows of `view.rows`, or what is said where there are none. The caller pages: about ten rows are a page."""
    return fit(_build, view, _STEPS)


def _build(view: ListView) -> Json:
    return card(
        [
            title(view.title),
            text(run(view.subtitle, LINE, tone="subtle", size="Small"), spacing="None") if view.subtitle else None,
            *_rows(view),
            buttons(view.buttons),
            text(run(view.hint, LINE, tone="subtle", size="Small"), spacing="Small") if view.hint else None,
        ],
        view.fallback_text,
    )


def _rows(view: ListView) -> list[Block]:
    if not view.rows:
        return [text(run(view.empty, LINE), spacing="Medium")]
    return [alert_row(row) for row in view.rows]


def alert_row(row: Row) -> ColumnSet:
    """One alert, to be pressed as a whole."""
    # Read aloud as one button, so its words have to say what the eye sees in the row.
    words = f"{row.open.title}: {row.severity.word}, {row.title}, {row.status.text}"
    number = run(row.label, NUMBER, tone="subtle", size="Small")
    status = run(row.status.text, SHORT, tone=row.status.tone, strong=row.status.strong, size="Small")
    what = [
        text(severity(row.severity, size="Small"), gap("Small"), number, gap("Small"), status),
        text(run(row.title, 2 * SHORT, strong=True), spacing="None"),
        text(run(row.detail, LINE, tone="subtle", size="Small"), spacing="None"),
    ]
    return ColumnSet(
        separator=True,
        spacing="Medium",
        select_action=action(row.open, words),
        columns=[
            Column(width="stretch", items=what),
            Column(
                width="auto",
                vertical_content_alignment="Center",
                items=[text(TextRun(text="›", size="Large", is_subtle=True))],
            ),
        ],
    )


def _first_rows(count: int) -> Callable[[ListView], ListView]:
    def shorten(view: ListView) -> ListView:
        left_out = max(len(view.rows) - count, 0)
        subtitle = f"{view.subtitle[:LINE]} {ELLIPSIS} +{left_out}" if left_out else view.subtitle
        return replace(view, rows=view.rows[:count], subtitle=subtitle)

    return shorten


# Never needed for a page of ten; here so that no list, however it came about, is refused by Teams for its size.
_STEPS: Sequence[Callable[[ListView], ListView]] = (
    _first_rows(20),
    _first_rows(8),
    lambda view: replace(view, buttons=()),
    lambda view: replace(view, rows=()),
)
