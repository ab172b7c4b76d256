"""From duty rosters to card views. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bot.domain.duty import Duty
from bot.domain.escalation import Plan
from bot.domain.people import Conversation
from bot.texts import duty as texts
from cards import actions
from cards.views import Button, Fact, InfoView, Line

WEEKS = 4
"""Shown after the present one."""


def duty_view(roster: Duty, plan: Plan, now: datetime, said: str = "") -> InfoView:
    """Who is on duty in this conversation, now and in the weeks to come. `said`: what has just been changed."""
    week = roster.week(now)
    first = texts.this_week(roster, week)
    nobody = not roster.of_week(week)
    lines = [
        *([Line(said, "good")] if said else []),
        Line(first, "warning" if nobody else "default", strong=True),
        *([Line(texts.NOBODY_LINE)] if nobody and not roster.tag and roster.escalates else []),
    ]
    escalation = texts.plan(plan) if roster.escalates else texts.OFF
    return InfoView(
        title=texts.TITLE,
        lines=tuple(lines),
        facts=(
            *(_weeks(roster, now) if roster.rotation or roster.exceptions else ()),
            Fact(texts.MANAGERS, texts.people(roster.managers) if roster.managers else texts.NO_MANAGERS),
            *((Fact(texts.TAG, roster.tag, monospace=True),) if roster.tag else ()),
            Fact(texts.ESCALATION, escalation, tone="default" if roster.escalates else "warning"),
            Fact(texts.ZONE, roster.zone),
        ),
        buttons=(
            Button(
                texts.SWITCH_OFF if roster.escalates else texts.SWITCH_ON,
                verb=actions.DUTY_SET,
                data={"do": "escalate", "word": "off" if roster.escalates else "on"},
                secondary=roster.escalates,
            ),
        ),
        fallback_text=texts.fallback(first),
        hint="" if roster.people else texts.HOW_TO_BEGIN,
    )


def elsewhere_view(rosters: Sequence[tuple[Conversation, Duty]], now: datetime) -> InfoView:
    """Who is on duty now, in each of these conversations: for a personal chat."""
    return InfoView(
        title=texts.ELSEWHERE_TITLE,
        lines=() if rosters else (Line(texts.ELSEWHERE_NONE),),
        facts=tuple(
            Fact(texts.place(conversation), texts.people(roster.on_duty(now)) if roster.escalates else texts.OFF)
            for conversation, roster in rosters
        ),
        fallback_text=texts.ELSEWHERE_TITLE,
        hint=texts.IN_THE_CONVERSATION if rosters else "",
    )


def _weeks(roster: Duty, now: datetime) -> list[Fact]:
    facts = []
    for ahead in range(1, WEEKS + 1):
        week = roster.week(now).plus(ahead)
        names = texts.people(roster.of_week(week))
        facts.append(Fact(texts.week_label(week), texts.differs(names) if week in roster.exceptions else names))
    return facts
