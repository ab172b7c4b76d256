"""The shared card of one alert. Pure: a view in, JSON out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from cards.elements import Block, Json
from cards.parts import (
    LINE,
    band,
    bullets,
    buttons,
    card,
    fact_rows,
    line,
    one_line,
    panel,
    run,
    shortened,
    subtitle,
    text,
)
from cards.size import fit
from cards.views import AlertView

RESOURCES = 8


def alert_card(view: AlertView, shorter: int = 0) -> Json:
    """What to decide, what is known, what to press; a decided one says first what was decided. Fits Teams' limit.
    `shorter`: as of cards/size.fit."""
    return fit(_build, view, _STEPS, shorter)


def _build(view: AlertView) -> Json:
    return card(
        [
            band(view.label, view.severity, calm=bool(view.decision)),
            text(run(view.title, LINE, strong=True, size="Large"), spacing="Medium"),
            one_line(view.badges, size="Small"),
            *_status(view),
            *(line(each, "Small") for each in view.work),
            panel([line(view.notice, None)], view.notice.tone) if view.notice else None,
            fact_rows(view.facts, separator=not view.decision),
            *_resources(view),
            buttons(view.buttons),
            text(run(view.hint, LINE, tone="subtle", size="Small"), spacing="Small") if view.hint else None,
        ],
        view.fallback_text,
        refresh=view.refresh,
    )


def _status(view: AlertView) -> list[Block | None]:
    if view.decision:
        return [panel([line(replace(view.status, strong=True), None), *map(line, view.decision)], view.status.tone)]
    return [line(view.status, "Medium"), line(view.deadline, "None") if view.deadline else None]


def _resources(view: AlertView) -> list[Block]:
    if not view.resources:
        return []
    return [subtitle(view.resources_title), *bullets(shortened(view.resources, RESOURCES))]


# What an over-full card leaves out first; the last leaves so little that any card fits.
_STEPS: Sequence[Callable[[AlertView], AlertView]] = (
    lambda view: replace(view, badges=view.badges[:6], work=view.work[:6], resources=shortened(view.resources, 3)),
    lambda view: replace(view, decision=view.decision[:6], facts=view.facts[:20], resources=()),
    lambda view: replace(view, facts=view.facts[:8], buttons=view.buttons[:8]),
    lambda view: replace(view, work=(), buttons=(), refresh=None),
)
