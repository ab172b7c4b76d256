"""Digests on cards: what one tells, and which are set. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.chat import refund_views
from bot.chat.presenter import Place, row
from bot.domain.alerts import AlertRecord
from bot.domain.digest import Digest
from bot.domain.response_clock import REQUIRED
from bot.services.digest_contents import DigestContents
from bot.texts import digest as texts
from bot.texts import en, formats, lists
from bot.texts import refund as refund_texts
from cards import actions
from cards.views import Button, DigestView, Fact, InfoView, Line, Row, Section, Tone

_ITEMS = 4
"""Of each section: a digest is read over the first coffee."""


@dataclass(frozen=True, slots=True)
class Response:
    """How fast the partners answer on the average, in hours, and what that becomes if all that is open stays so until
    then. None where there is nothing to take an average of."""

    average: float | None
    forecast: float | None
    until: datetime


def digest_view(
    kind: str, contents: DigestContents, place: Place, response: Response | None = None, *, repeat: bool = False
) -> DigestView:
    """Of a quiet day one line is left."""
    said = contents.quiet
    lines = [Line(texts.quiet(kind), "good")] if said else []
    if not said and not contents.unresolved:
        lines.append(Line(texts.NOTHING_OPEN, "good"))
    if repeat:
        lines.append(Line(en.REPEAT_BADGE, "warning"))
    return DigestView(
        title=texts.title(kind),
        subtitle=texts.period(contents.since, contents.now),
        lines=tuple(lines),
        facts=(*(() if said else _counts(contents)), *(_speed(response) if response is not None else ())),
        rows_title=texts.URGENT,
        rows=tuple(_row(record, contents.now, place) for record in contents.urgent),
        more=en.more(contents.unresolved - len(contents.urgent)) if contents.unresolved > len(contents.urgent) else "",
        sections=tuple(section for section in _sections(contents) if section.items),
        buttons=_buttons(contents),
        hint=texts.HINT if contents.unresolved else "",
        fallback_text=texts.fallback(kind, contents.new, contents.resolved, contents.unresolved),
    )


def summary(kind: str, contents: DigestContents) -> str:
    """What a notification shows."""
    return texts.summary(kind, contents.new, contents.unresolved)


def _counts(contents: DigestContents) -> tuple[Fact, ...]:
    parts = [
        texts.counted(each.alerts, (en.SEVERITIES.get(each.severity) or en.OTHER_SEVERITY).lower())
        for each in contents.severities
    ]
    return (
        Fact(texts.NEW, formats.number(contents.new)),
        Fact(texts.RESOLVED, formats.number(contents.resolved)),
        Fact(texts.UNRESOLVED, texts.of_severities(contents.unresolved, parts)),
        *((Fact(texts.OVERDUE, formats.number(contents.overdue), tone="attention"),) if contents.overdue else ()),
    )


def _speed(response: Response) -> tuple[Fact, ...]:
    facts = []
    if response.average is not None:
        facts.append(Fact(texts.AVERAGE, texts.hours(response.average), tone=_pace(response.average)))
    if response.forecast is not None:
        said = texts.if_open_until(response.forecast, response.until)
        facts.append(Fact(texts.FORECAST, said, tone=_pace(response.forecast)))
    return tuple(facts)


def _pace(hours: float) -> Tone:
    return "attention" if timedelta(hours=hours) > REQUIRED else "default"


def _row(record: AlertRecord, now: datetime, place: Place) -> Row:
    """What one acts by: how bad, whose, until when, who has it. No minutes are counted: a digest is never redrawn."""
    shown, alert = row(record, now, place), record.alert
    over = now >= alert.respond_by
    deadline = shown.deadline if over else Line(lists.deadline(alert.respond_by, now))
    return replace(shown, columns=(), deadline=deadline)


def _sections(contents: DigestContents) -> tuple[Section, ...]:
    refunds = [
        f"{refund_texts.heading(refund_views.customer(clock), clock, contents.now)}. "
        f"{refund_texts.progress(clock, contents.now)} ({clock.label})"
        for clock in contents.refunds
    ]
    return (
        _section(texts.DEADLINES, refunds),
        _section(texts.REQUESTS, [texts.request(c) for c in contents.requests]),
        _section(texts.VERDICTS, _by_person(contents)),
    )


def _section(title: str, items: Sequence[str]) -> Section:
    left_out = len(items) - _ITEMS
    return Section(title, items=tuple(items[:_ITEMS]), more=en.more(left_out) if left_out > 0 else "")


def _by_person(contents: DigestContents) -> tuple[str, ...]:
    """Each person once, whoever decided most first."""
    people: dict[str, list[str]] = {}
    for each in contents.decided:
        said = texts.counted(each.alerts, en.verdict_word(each.verdict).lower())
        people.setdefault(each.by_name, []).append(said)
    return tuple(texts.by_person(name, parts) for name, parts in people.items())


def _buttons(contents: DigestContents) -> tuple[Button, ...]:
    show = Button(texts.CREDIT_REQUESTS, verb=actions.REFUNDS_LIST)
    unresolved = Button(en.SHOW_UNRESOLVED, verb=actions.LIST_PAGE, data={"words": "unresolved test:no"})
    return (
        *((unresolved,) if contents.unresolved else ()),
        Button(texts.DASHBOARD, verb=actions.DASHBOARD_SHOW),
        *((show,) if contents.refunds else ()),
    )


def settings_view(digests: Sequence[Digest], *, routed: bool) -> InfoView:
    """Which digests a conversation gets, and when the next ones come. Where nothing is `routed` there none can be sent
    or set."""
    facts = tuple(Fact(texts.kind_word(each.schedule.kind), texts.standing(each)) for each in digests)
    none = () if facts else (Line(texts.NO_DIGEST),)
    return InfoView(
        title=texts.TITLE,
        lines=none if routed else (*none, Line(texts.NOTHING_SENT_HERE)),
        facts=facts,
        buttons=(Button(texts.SEND_NOW, verb=actions.DIGEST_SEND),) if routed else (),
        fallback_text=texts.USAGE,
        hint=texts.HOW_TO if routed else "",
    )
