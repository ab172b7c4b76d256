"""The digest of a conversation. Pure: a view in, JSON out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from cards.elements import Block, Json
from cards.listing import alert_row
from cards.parts import LINE, buttons, card, fact_rows, line, run, sections, shortened, subtitle, text, title
from cards.size import fit
from cards.views import DigestView, Section


def digest_card(view: DigestView, shorter: int = 0) -> Json:
    """What happened, what is open, and what must be done next. `shorter`: as of cards/size.fit."""
    return fit(_build, view, _STEPS, shorter)


def _build(view: DigestView) -> Json:
    return card(
        [
            title(view.title),
            text(run(view.subtitle, LINE, tone="subtle", size="Small"), spacing="None") if view.subtitle else None,
            *map(line, view.lines),
            fact_rows(view.facts),
            *_rows(view),
            *sections(view.sections),
            buttons(view.buttons),
            text(run(view.hint, LINE, tone="subtle", size="Small"), spacing="Small") if view.hint else None,
        ],
        view.fallback_text,
    )


def _rows(view: DigestView) -> list[Block | None]:
    if not view.rows:
        return []
    return [
        subtitle(view.rows_title, spacing="Large"),
        *map(alert_row, view.rows),
        text(run(view.more, LINE, tone="subtle", size="Small"), spacing="Medium") if view.more else None,
    ]


def _first_items(count: int) -> Callable[[DigestView], DigestView]:
    def shorten(view: DigestView) -> DigestView:
        return replace(view, sections=tuple(_short(section, count) for section in view.sections))

    return shorten


def _short(section: Section, count: int) -> Section:
    return replace(section, items=shortened(section.items, count))


_STEPS: Sequence[Callable[[DigestView], DigestView]] = (
    _first_items(10),
    lambda view: replace(_first_items(3)(view), rows=view.rows[:3], lines=view.lines[:6], facts=view.facts[:10]),
    lambda view: replace(view, sections=(), buttons=view.buttons[:3]),
    lambda view: replace(view, rows=(), more="", buttons=()),
)
