"""What a team made of an alert, and what came before it, as lines, buttons, forms and sections of its cards. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from bot.domain.alerts import AlertRecord, Status
from bot.domain.changes import last_change
from bot.domain.people import Person
from bot.domain.recurrence import Background, Earlier, recurrence
from bot.domain.snoozes import CHOICES, OFF
from bot.texts import en
from bot.texts import working as texts
from cards import actions
from cards.actions import AlertAct
from cards.form import form_card
from cards.views import Button, Choice, Fact, Field, FormView, Line, Section

ME, NOBODY = "me", "nobody"
RELATED_MOST = 5
_EARLIER_SHOWN = 5
_PLAIN_ID = re.compile(r"[0-9a-z-]{6,64}", re.IGNORECASE | re.ASCII)
"""An id that a filter may hold as it is."""


def standing(record: AlertRecord) -> str:
    """The status of an alert that is open; of one that is looked into, since when and by whom."""
    alert = record.alert
    if alert.status.lower() != Status.INVESTIGATING:
        return en.status_word(alert.status)
    by, at = last_change(alert)
    return texts.investigating(at, record.work.taken_by or by)


def lines(record: AlertRecord, background: Background, now: datetime) -> tuple[Line, ...]:
    """Below the status: whose it is, whether it waits, what was remarked last, and how it ended the last times."""
    work, is_open = record.work, record.alert.is_open
    again = recurrence(record.alert, background.history) if is_open else None
    return (
        *((Line(texts.assigned(work.assigned_name)),) if work.assigned_name else ()),
        *((Line(texts.snoozed(record, now), "warning"),) if is_open and work.sleeps(now) else ()),
        *((Line(texts.recurring(again), "accent"),) if again is not None else ()),
        *((Line(texts.last_note(background.note), "subtle"),) if background.note is not None else ()),
    )


def buttons(data: Mapping[str, Any]) -> tuple[Button, ...]:
    """Of an open alert's card, for those who may decide."""
    return (
        Button(texts.ASSIGN_TO_ME, verb=actions.ALERT_ASSIGN, data={**data, "to": ME}, secondary=True),
        Button(texts.ASSIGN, "dialog", actions.ALERT_ASSIGN, data, secondary=True),
        Button(texts.SNOOZE, "dialog", actions.ALERT_SNOOZE, data, secondary=True),
    )


def sections(
    record: AlertRecord, history: Sequence[Earlier], related: Sequence[AlertRecord], now: datetime
) -> tuple[Section, ...]:
    """For the details: whose it is, how it ended the last times, and what else there is of this customer."""
    work = record.work
    asleep = record.alert.is_open and work.sleeps(now)
    facts = (
        *((Fact(texts.ASSIGNEE, work.assigned_name),) if work.assigned_name else ()),
        *((Fact(texts.SNOOZED, texts.snoozed(record, now), tone="warning"),) if asleep else ()),
    )
    return (Section(texts.TEAM, facts=facts), before(record, history), _related(record, related, now))


def _related(record: AlertRecord, related: Sequence[AlertRecord], now: datetime) -> Section:
    """Each in a line and with a button; then the lists of all, where there are others."""
    if not related:
        return Section(texts.RELATED)
    alert = record.alert
    lists = (
        (texts.ALL_OF_SUBSCRIPTION, "subscription", alert.subscription_id),
        (texts.ALL_OF_CUSTOMER, "customer", alert.customer_tenant_id),
    )
    return Section(
        texts.RELATED,
        items=tuple(texts.related(each, now) for each in related),
        buttons=(
            *(Button(f"{en.SHOW} {each.label}", verb=actions.ALERT_DETAILS, data=_of(each)) for each in related),
            *(
                Button(title, verb=actions.LIST_PAGE, data={"words": f"all {name}:{value}"}, secondary=True)
                for title, name, value in lists
                if _PLAIN_ID.fullmatch(value)
            ),
        ),
    )


def _of(record: AlertRecord) -> dict[str, Any]:
    return {"alert": record.number, "version": record.version}


def before(record: AlertRecord, history: Sequence[Earlier]) -> Section:
    """The latest verdicts on the subscription, for the details; without content where there are none."""
    again = recurrence(record.alert, history)
    if again is None:
        return Section(texts.BEFORE)
    latest = sorted(history, key=lambda each: (each.at, each.number), reverse=True)
    return Section(
        texts.BEFORE,
        paragraphs=(texts.recurring(again),),
        items=tuple(texts.earlier(each) for each in latest[:_EARLIER_SHOWN]),
        more=en.more(len(latest) - _EARLIER_SHOWN) if len(latest) > _EARLIER_SHOWN else "",
    )


def assign_form(record: AlertRecord, act: AlertAct, people: Sequence[Person], me: str) -> Mapping[str, Any]:
    """`people` are known in the conversation; `me` is the object id of the one who fills the form in."""
    others = [each for each in people if each.aad_id != me and each.name]
    choices = (
        Choice(ME, texts.ME),
        *(Choice(each.aad_id or each.mri, each.name) for each in others),
        *((Choice(NOBODY, texts.NOBODY),) if record.work.assigned_id else ()),
    )
    now = record.work.assigned_name
    return form_card(
        FormView(
            title=f"{texts.ASSIGN_TITLE}: {record.label}",
            lines=(Line(record.alert.name), Line(texts.ASSIGN_LINE, "subtle")),
            facts=(Fact(texts.STANDS, texts.assigned(now)),) if now else (),
            fields=(Field("to", texts.WHO, required=True, error=texts.WHO_CHOOSE, choices=choices),),
            submit=Button(texts.SAVE_ASSIGN, "submit", actions.ALERT_ASSIGN, _data(act)),
            fallback_text=texts.ASSIGN_USAGE,
        )
    )


def snooze_form(record: AlertRecord, act: AlertAct, now: datetime) -> Mapping[str, Any]:
    asleep = record.work.sleeps(now)
    choices = tuple(Choice(choice, texts.LENGTHS[choice]) for choice in CHOICES)
    choices += (Choice(OFF, texts.END_NOW),) if asleep else ()
    warned = texts.is_high(record) and not asleep
    return form_card(
        FormView(
            title=f"{texts.SNOOZE_TITLE}: {record.label}",
            lines=(
                Line(record.alert.name),
                Line(texts.SNOOZE_LINE, "subtle"),
                *((Line(texts.STILL_ESCALATES, "warning"),) if warned else ()),
            ),
            facts=(Fact(texts.STANDS, texts.snoozed(record, now)),) if asleep else (),
            fields=(Field("time", texts.HOW_LONG, required=True, error=texts.HOW_LONG_CHOOSE, choices=choices),),
            submit=Button(texts.SAVE_SNOOZE, "submit", actions.ALERT_SNOOZE, _data(act)),
            fallback_text=texts.SNOOZE_USAGE,
        )
    )


def _data(act: AlertAct) -> dict[str, Any]:
    return act.model_dump(include={"alert", "version", "card"}, exclude_defaults=True)
