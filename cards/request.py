"""The card of a request to cancel or reactivate a subscription, and the list of them. Pure: a view in, JSON out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from cards.elements import Column, ColumnSet, Container, Json
from cards.parts import (
    LINE,
    NUMBER,
    PROSE,
    SHORT,
    buttons,
    calling,
    card,
    fact_rows,
    gap,
    heading_band,
    line,
    panel,
    run,
    sections,
    shortened,
    text,
    title,
)
from cards.size import fit
from cards.text import cut
from cards.views import ApprovalsView, Line, RequestRow, RequestView, Section, Tone


def request_card(view: RequestView, shorter: int = 0) -> Json:
    """How far it has come, what is asked for and why, what will happen, what to press. Fits Teams' limit.
    `shorter`: as of cards/size.fit."""
    return fit(_build, view, _STEPS, shorter)


def _build(view: RequestView) -> Json:
    return card(
        [
            heading_band(view.heading, view.status),
            text(run(view.subject, LINE, strong=True, size="Large"), spacing="Medium"),
            *(line(of, "None" if index else "Small") for index, of in enumerate(view.lines)),
            calling(view.mentions, view.calling),
            _box(view.progress, view.status.tone),
            fact_rows(view.facts),
            _box(view.notices, view.notices[0].tone if view.notices else "default"),
            *sections(view.sections),
            buttons(view.buttons),
            text(run(view.hint, LINE, tone="subtle", size="Small"), spacing="Small") if view.hint else None,
        ],
        view.fallback_text,
        mentions=view.mentions,
    )


def _box(lines: Sequence[Line], tone: Tone) -> Container | None:
    """A reason may be long, and stands whole."""
    if not lines:
        return None
    said = [run(of.text, PROSE, tone=of.tone, strong=of.strong) for of in lines]
    return panel([text(words, spacing="Small" if index else None) for index, words in enumerate(said)], tone)


def _brief(section: Section) -> Section:
    passages = tuple(cut(passage, 500) for passage in section.paragraphs[:2])
    return replace(section, paragraphs=passages, facts=section.facts[:6], items=shortened(section.items, 6))


# What an over-full card leaves out first; the last leaves so little that any card fits.
_STEPS: Sequence[Callable[[RequestView], RequestView]] = (
    lambda view: replace(view, sections=tuple(map(_brief, view.sections[:10]))),
    lambda view: replace(view, lines=view.lines[:4], progress=view.progress[:8], notices=view.notices[:3]),
    lambda view: replace(view, facts=view.facts[:8], buttons=view.buttons[:4]),
    lambda view: replace(view, sections=()),
    lambda view: replace(view, buttons=()),
)


def approvals_card(view: ApprovalsView) -> Json:
    """A row for each request. The caller gives a page of them."""
    return fit(_build_list, view, _LIST_STEPS)


def _build_list(view: ApprovalsView) -> Json:
    return card(
        [title(view.title), text(run(view.lead), spacing="Small"), *map(_row, view.rows)],
        view.fallback_text,
    )


def _row(row: RequestRow) -> ColumnSet:
    number = run(row.label, NUMBER, strong=True, size="Small")
    status = run(row.status.text, 2 * SHORT, tone=row.status.tone, strong=row.status.strong, size="Small")
    what = [
        text(number, gap("Small"), status),
        text(run(row.title, 2 * SHORT, strong=True), spacing="None"),
        text(run(row.detail, LINE, tone="subtle", size="Small"), spacing="None"),
    ]
    return ColumnSet(separator=True, spacing="Medium", columns=[Column(width="stretch", items=what)])


_LIST_STEPS: Sequence[Callable[[ApprovalsView], ApprovalsView]] = (
    lambda view: replace(view, rows=view.rows[:20]),
    lambda view: replace(view, rows=view.rows[:6]),
)
