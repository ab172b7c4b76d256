"""The card that stands for many alerts in a storm. Pure: a view in, JSON out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from cards.elements import Block, Json
from cards.listing import alert_row
from cards.parts import LINE, buttons, card, fact_rows, heading_band, line, one_line, run, subtitle, text
from cards.size import fit
from cards.views import RollupView


def rollup_card(view: RollupView, shorter: int = 0) -> Json:
    """How many and whose, what is unresolved, the way to all of them, and the worst. Fits Teams' limit.
    `shorter`: as of cards/size.fit."""
    return fit(_build, view, _STEPS, shorter)


def _build(view: RollupView) -> Json:
    return card(
        [
            heading_band(view.heading, view.status),
            text(run(view.subject, LINE, strong=True, size="Large"), spacing="Medium"),
            one_line(view.badges, size="Small"),
            *(line(of, "None" if index else "Small") for index, of in enumerate(view.lines)),
            fact_rows(view.facts),
            buttons(view.buttons),
            *_rows(view),
            text(run(view.hint, LINE, tone="subtle", size="Small"), spacing="Medium") if view.hint else None,
        ],
        view.fallback_text,
    )


def _rows(view: RollupView) -> list[Block | None]:
    if not view.rows:
        return []
    return [
        subtitle(view.rows_title, spacing="Large"),
        *map(alert_row, view.rows),
        text(run(view.more, LINE, tone="subtle", size="Small"), spacing="Medium") if view.more else None,
    ]


# What an over-full card leaves out first; the last leaves so little that any card fits.
_STEPS: Sequence[Callable[[RollupView], RollupView]] = (
    lambda view: replace(view, rows=view.rows[:10], badges=view.badges[:4]),
    lambda view: replace(view, lines=view.lines[:6], facts=view.facts[:8], rows=view.rows[:5]),
    lambda view: replace(view, buttons=view.buttons[:5]),
    lambda view: replace(view, rows=(), more=""),
    lambda view: replace(view, buttons=()),
)
