"""A small card: heading, lines, facts, buttons. Pure: a view in, JSON out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from cards.elements import Json
from cards.parts import LINE, bullets, buttons, card, fact_rows, line, run, shortened, text, title
from cards.size import fit
from cards.views import InfoView


def info_card(view: InfoView, shorter: int = 0) -> Json:
    """Welcome, whoami, routes, an export's link, the summary of a new route."""
    return fit(_build, view, _STEPS, shorter)


def _build(view: InfoView) -> Json:
    return card(
        [
            title(view.title),
            *map(line, view.lines),
            fact_rows(view.facts),
            *bullets(view.items, spacing="Medium"),
            buttons(view.buttons),
            text(run(view.hint, LINE, tone="subtle", size="Small"), spacing="Medium") if view.hint else None,
        ],
        view.fallback_text or view.title,
    )


_STEPS: Sequence[Callable[[InfoView], InfoView]] = (
    lambda view: replace(view, items=shortened(view.items, 20)),
    lambda view: replace(view, lines=view.lines[:8], facts=view.facts[:8], items=shortened(view.items, 8)),
    lambda view: replace(view, buttons=()),
)
