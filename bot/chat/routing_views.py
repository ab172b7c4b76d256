"""From routes and what is known of them to card views. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.chat.presenter import customer
from bot.domain.alerts import AlertRecord
from bot.domain.digest import Schedule
from bot.domain.duty import Duty
from bot.domain.escalation import Plan
from bot.domain.people import Conversation, Route
from bot.domain.routing import Found, Reason, explain
from bot.texts import duty as duty_texts
from bot.texts import routes as texts
from bot.texts.welcome import SEND_HERE
from cards import actions
from cards.views import Button, Fact, InfoView, Line, Tone

_GOOD = frozenset({Reason.CARD, Reason.ROLLUP})


@dataclass(frozen=True, slots=True)
class Lead:
    """A route, where it leads (None: the bot never was there), and the partner's name where there are several.
    `refused` is what Teams said to the last card there, where it did not take that."""

    route: Route
    conversation: Conversation | None
    partner: str = ""
    refused: str = ""

    @property
    def state(self) -> str:
        return self.conversation.state if self.conversation is not None else ""

    @property
    def said(self) -> str:
        return texts.route(self.route, self.partner, self.state, self.refused)

    @property
    def tone(self) -> Tone:
        if not self.route.on:
            return "subtle"
        return "attention" if texts.obstacles(self.route, self.state, self.refused) else "default"


def here_view(leads: Sequence[Lead], roster: Duty, plan: Plan, digests: Sequence[Schedule]) -> InfoView:
    """What is sent to this conversation."""
    on = [lead for lead in leads if lead.route.on]
    lines = [Line(each.said, each.tone) for each in leads]
    button = (
        Button(texts.STOP, verb=actions.ROUTE_OFF, secondary=True) if on else Button(SEND_HERE, verb=actions.ROUTE_ON)
    )
    facts = (
        Fact(duty_texts.ESCALATION, duty_texts.plan(plan) if roster.escalates else duty_texts.OFF),
        Fact(texts.DIGEST, texts.digests([each.kind for each in digests], [_time(each) for each in digests])),
    )
    return InfoView(
        title=texts.TITLE,
        lines=(*lines, *(() if on else (Line(texts.NONE_HERE),))),
        facts=facts if on else (),
        buttons=(button,),
        fallback_text=texts.fallback([each.text for each in lines] or [texts.NONE_HERE]),
        hint=texts.HINT if on else "",
    )


def all_view(leads: Sequence[Lead], *, more: bool) -> InfoView:
    """All routes of somebody's partners, for their personal chat."""
    facts = tuple(Fact(duty_texts.place(each.conversation), each.said, tone=each.tone) for each in leads)
    return InfoView(
        title=texts.ALL_TITLE,
        lines=() if facts else (Line(texts.NONE_ANYWHERE),),
        facts=facts,
        items=(texts.MANY,) if facts and more else (),
        fallback_text=texts.fallback([f"{each.label}: {each.value}." for each in facts] or [texts.NONE_ANYWHERE]),
        hint=texts.HINT if facts else "",
    )


def why_view(found: Found) -> InfoView:
    """Why an alert came to this conversation, or did not: the reasons, and its route's filter term by term."""
    reasons, record = explain(found), found.record
    said = [texts.reason(each, found.route, found.state) for each in reasons]
    tone: Tone = "good" if reasons[0] in _GOOD else "warning"
    whole = found.route is not None and not found.terms
    return InfoView(
        title=texts.why_title(record, came=found.came),
        lines=(
            Line(said[0], tone, strong=True),
            *(Line(each) for each in said[1:]),
            Line(texts.seen(record), "subtle"),
            *((Line(texts.NO_CONDITION, "subtle"),) if whole else ()),
        ),
        facts=tuple(
            Fact(texts.label(each.name), texts.term(each, record, customer(record)), tone=_tone(each.passes))
            for each in found.terms
        ),
        fallback_text=texts.fallback(said),
    )


def where_view(record: AlertRecord, about: Sequence[tuple[Lead, Found]]) -> InfoView:
    """Where an alert came, of all places that its partner's alerts go to."""
    facts = []
    for lead, found in about:
        first = explain(found)[0]
        said = texts.reason(first, found.route, found.state)
        facts.append(Fact(duty_texts.place(lead.conversation), said, tone="good" if first in _GOOD else "default"))
    return InfoView(
        title=texts.where_title(record),
        lines=(Line(texts.seen(record), "subtle"), *(() if facts else (Line(texts.NONE_ANYWHERE),))),
        facts=tuple(facts),
        fallback_text=texts.fallback([texts.where_title(record), *(f"{each.label}: {each.value}" for each in facts)]),
    )


def _tone(passes: bool) -> Tone:
    return "good" if passes else "attention"


def _time(schedule: Schedule) -> str:
    return f"{schedule.clock} {schedule.zone}"
