"""Credit requests on cards: the list of those that run, the line on a fraud alert, the form for the ticket. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bot.chat.presenter import Place
from bot.domain.refund import NEAR, RefundClock
from bot.texts import en
from bot.texts import evidence as pack_texts
from bot.texts import refund as texts
from cards import actions
from cards.actions import RefundAct
from cards.views import Button, Fact, Field, FormView, Line, RefundRow, RefundsView, Section, Tone

TICKET_MOST = 100


def refunds_view(clocks: Sequence[RefundClock], total: int, place: Place, now: datetime) -> RefundsView:
    """Each row opens its newest alert, whose details have the same buttons as here the first row has."""
    return RefundsView(
        title=texts.TITLE,
        subtitle=texts.count(len(clocks), total),
        lead=Line(texts.LEAD if clocks else texts.NONE, "subtle" if clocks else "default"),
        rows=tuple(_row(clock, place, now) for clock in clocks),
        buttons=(
            *(_buttons(clocks[0], of=clocks[0].label) if clocks else ()),
            Button(texts.READ_MORE, "url", url=texts.CONDITIONS, secondary=bool(clocks)),
        ),
        hint=texts.hint(clocks[0].label) if clocks else "",
        fallback_text=texts.fallback(total),
    )


def _row(clock: RefundClock, place: Place, now: datetime) -> RefundRow:
    partner = f"{place.partner_names.get(clock.partner, '')} \u00b7 " if place.several else ""
    return RefundRow(
        title=texts.heading(customer(clock), clock, now),
        status=Line(texts.progress(clock, now), tone(clock, now), strong=clock.warns(now)),
        detail=f"{partner}{texts.detail(clock)}",
        subscription=clock.subscription_id,
        open=Button(f"{en.SHOW} {clock.label}", verb=actions.ALERT_DETAILS, data={"alert": clock.number}),
    )


def _buttons(clock: RefundClock, of: str = "") -> tuple[Button, ...]:
    """`of` tells which, where there are several."""
    pack = Button(
        texts.about(pack_texts.GET_PACK, of), verb=actions.EVIDENCE_RUN, data={"subject": clock.subscription_id}
    )
    act = {"subscription": clock.subscription_id}
    file = Button(texts.about(texts.TICKET_FILED, of), "dialog", actions.REFUND_FILED, act, secondary=not of)
    return (pack,) if clock.filed is not None else (pack, file)


def tone(clock: RefundClock, now: datetime) -> Tone:
    if clock.answered:
        return "good"
    return "attention" if clock.warns(now) and clock.days_left(now) <= NEAR // 2 else "warning"


def customer(clock: RefundClock) -> str:
    return clock.customer_name or clock.customer_tenant_id or en.UNKNOWN


def card_lines(clock: RefundClock | None) -> tuple[Line, ...]:
    """On the card of a fraud verdict, which stays as it is for weeks: no day is counted there."""
    return (Line(texts.until(clock), "subtle"),) if clock is not None else ()


def sections(clock: RefundClock | None, now: datetime) -> tuple[Section, ...]:
    """In the details of a fraud alert."""
    if clock is None:
        return ()
    return (Section(texts.TITLE, paragraphs=(texts.standing(clock, now), texts.LEAD), buttons=_buttons(clock)),)


def ticket_view(clock: RefundClock, act: RefundAct, now: datetime, problem: str = "") -> FormView:
    """The form in which the number of a ticket is given."""
    return FormView(
        title=texts.FORM_TITLE,
        lines=(*((Line(problem, "attention", strong=True),) if problem else ()), Line(texts.FORM_LINE)),
        facts=(
            Fact(en.CUSTOMER, customer(clock)),
            Fact(en.SUBSCRIPTION, clock.subscription_id, monospace=True),
            Fact(en.STATUS, texts.standing(clock, now)),
        ),
        fields=(
            Field(
                "ticket",
                texts.FORM_FIELD,
                required=True,
                error=texts.FORM_REQUIRED,
                max_length=TICKET_MOST,
                value=act.ticket,
            ),
        ),
        submit=Button(texts.TICKET_FILED, "submit", actions.REFUND_FILED, {"subscription": clock.subscription_id}),
        fallback_text=texts.USAGE,
    )
