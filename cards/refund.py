"""The list of credit requests whose time runs. Pure: a view in, JSON out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from cards.elements import ColumnSet, Json
from cards.listing import pressed_row
from cards.parts import LINE, SHORT, action, buttons, card, line, run, text, title
from cards.size import fit
from cards.views import RefundRow, RefundsView


def refunds_card(view: RefundsView, shorter: int = 0) -> Json:
    """At most ten rows, each of which opens its newest alert. `shorter`: as of cards/size.fit."""
    return fit(_build, view, _STEPS, shorter)


def _build(view: RefundsView) -> Json:
    return card(
        [
            title(view.title),
            text(run(view.subtitle, LINE, tone="subtle", size="Small"), spacing="None") if view.subtitle else None,
            line(view.lead),
            *map(_row, view.rows),
            buttons(view.buttons),
            text(run(view.hint, LINE, tone="subtle", size="Small"), spacing="Small") if view.hint else None,
        ],
        view.fallback_text,
    )


def _row(row: RefundRow) -> ColumnSet:
    """One subscription, to be pressed as a whole."""
    words = f"{row.open.title}, {row.title}, {row.status.text}"
    items = [
        text(run(row.title, 2 * SHORT, strong=True)),
        text(run(row.status.text, LINE, tone=row.status.tone, strong=row.status.strong), spacing="None"),
        text(run(row.detail, LINE, tone="subtle", size="Small"), spacing="None"),
        text(run(row.subscription, SHORT, tone="subtle", size="Small", monospace=True), spacing="None"),
    ]
    return pressed_row(items, action(row.open, words))


_STEPS: Sequence[Callable[[RefundsView], RefundsView]] = (
    lambda view: replace(view, rows=view.rows[:5]),
    lambda view: replace(view, rows=view.rows[:5], buttons=view.buttons[:3]),
    lambda view: replace(view, rows=(), buttons=()),
)
