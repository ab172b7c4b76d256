"""The list of saved filters, each a row that shows its alerts. Pure: a view in, JSON out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from cards.elements import ActionSet, Block, Column, ColumnSet, Json
from cards.parts import LINE, SHORT, action, card, run, text, title
from cards.size import fit
from cards.views import SavedFilterRow, SavedFiltersView


def saved_filters_card(view: SavedFiltersView) -> Json:
    """Rows, or what is said where there are none. Fits Teams' limit."""
    return fit(_build, view, _STEPS)


def _build(view: SavedFiltersView) -> Json:
    rows: list[Block] = list(map(_row, view.rows)) or [text(run(view.empty, LINE), spacing="Medium")]
    lead = text(run(view.lead, LINE, tone="subtle", size="Small"), spacing="None") if view.rows else None
    return card([title(view.title), lead, *rows], view.fallback_text)


def _row(row: SavedFilterRow) -> ColumnSet:
    what = Column(
        width="stretch",
        select_action=action(row.show, f"{row.show.title}, {row.words}"),
        items=[
            text(run(row.name, SHORT, strong=True)),
            text(run(row.words, LINE), spacing="None"),
            text(run(row.by, LINE, tone="subtle", size="Small"), spacing="None"),
        ],
    )
    forget = Column(width="auto", vertical_content_alignment="Center", items=[ActionSet(actions=[action(row.forget)])])
    return ColumnSet(separator=True, spacing="Medium", columns=[what, forget])


# What an over-full card leaves out first.
_STEPS: Sequence[Callable[[SavedFiltersView], SavedFiltersView]] = (
    lambda view: replace(view, rows=view.rows[:30]),
    lambda view: replace(view, rows=view.rows[:10]),
    lambda view: replace(view, rows=()),
)
