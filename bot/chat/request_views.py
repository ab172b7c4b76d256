"""From requests to card views: what those see who decide on one, and everybody after them. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from bot.chat.grammar import is_guid
from bot.chat.presenter import Place, known_resources
from bot.domain.alerts import AlertRecord, Verdict
from bot.domain.cancellations import Cancellation, Consent, Kind, RequestCard, State, is_concerned, news, was_there
from bot.domain.links import subscription_link
from bot.texts import cancelling as texts
from bot.texts import en
from bot.texts import request_card as words
from bot.texts.formats import sentences
from bot.texts.names import some
from cards import actions
from cards.views import ApprovalsView, Button, Fact, Line, Mention, RequestRow, RequestView, Section, Tone

_MOST = 5
"""Alerts and resources that are shown; the rest is counted."""
_MOST_NEW = 10
_TONES: Mapping[str, Tone] = {
    State.ASKED: "warning",
    State.APPROVED: "accent",
    State.ACCEPTED: "accent",
    State.STUCK: "attention",
    State.UNSURE: "attention",
    State.DONE: "good",
    State.REFUSED: "attention",
    State.LAPSED: "attention",
    State.FAILED: "attention",
}
_CONSENT_TONES: Mapping[str, Tone] = {
    Consent.AGREED: "good",
    Consent.REFUSED: "attention",
    Consent.UNREACHABLE: "warning",
}
_CLOCKS_APART = timedelta(minutes=2)
"""A verdict carries the time of Microsoft's clock, the acceptance that of ours; they may differ by so much."""
_TO_BE_DECIDED = frozenset({State.ASKED, State.APPROVED})
_TO_BE_LOOKED_AT = frozenset({State.STUCK, State.UNSURE, State.FAILED, State.REFUSED})
"""Where a person goes on in the Azure portal."""


def request_view(
    c: Cancellation,
    alerts: Sequence[AlertRecord],
    place: Place,
    now: datetime,
    *,
    card: RequestCard | None,
    two_person: bool,
) -> RequestView:
    """The card of a request, as `card` is to show it. `alerts` are all that we know of its subscription, the open ones
    first. With `two_person` False one person with both roles may approve what they asked for."""
    plan, asked = c.plan, c.state == State.ASKED
    mentions = card.mentions if card is not None and asked and not card.person_id else ()
    new = news(plan, alerts) if asked else ()
    return RequestView(
        heading=words.heading(c),
        status=Line(texts.state(c), _TONES.get(c.state, "default")),
        subject=plan.entitlement_name or plan.entitlement_id,
        lines=_lines(c, now),
        mentions=tuple(Mention(mri, name) for mri, name in mentions),
        calling=words.PLEASE_DECIDE,
        progress=_progress(c, alerts),
        facts=_facts(c, place),
        notices=_notices(c, new),
        sections=tuple(
            part for part in _sections(c, alerts) if part.facts or part.items or part.paragraphs or part.more
        ),
        buttons=_buttons(c, new, place, card, two_person),
        hint=words.typed_hint(c.label, [record.label for record in new]) if asked else "",
        fallback_text=words.fallback(c),
    )


def approvals_view(cs: Sequence[Cancellation], place: Place, now: datetime) -> ApprovalsView:
    """What waits for a decision, and what became of the latest others, in the order given."""
    waiting = [c for c in cs if c.is_decidable]
    if not cs:
        lead = words.APPROVALS_NONE
    else:
        lead = words.approvals_waiting(len(waiting), waiting[0].label) if waiting else words.APPROVALS_WAITING_NONE
    return ApprovalsView(
        title=texts.APPROVALS,
        lead=lead,
        rows=tuple(request_row(c, place, now) for c in cs),
        fallback_text=" ".join((lead, *(texts.summary(c) for c in cs[:_MOST]))),
    )


def request_row(c: Cancellation, place: Place, now: datetime) -> RequestRow:
    """One request in the list: what, for whom, how far."""
    partner = f"{place.partner_names.get(c.plan.partner, '')} \u00b7 " if place.several else ""
    tone = _TONES.get(c.state, "default")
    return RequestRow(
        label=c.label,
        status=Line(words.request_state(c, now), tone, strong=c.is_open),
        title=words.request_row(c),
        detail=f"{partner}{words.asked_by(c)}",
    )


def _lines(c: Cancellation, now: datetime) -> tuple[Line, ...]:
    asked = Line(words.asked_by(c))
    if c.state != State.ASKED:
        return (asked,)
    late = now >= c.plan.half_time
    return (asked, Line(words.decide_by(c, now), "attention" if late else "default", strong=True))


def _progress(c: Cancellation, alerts: Sequence[AlertRecord]) -> tuple[Line, ...]:
    """Approved, sent, accepted, seen, done; its verdicts; or why not."""
    approved = (Line(words.approved_by(c)),) if c.approved_at else ()
    accepted = (Line(words.accepted(c)),) if c.accepted_at else ()
    match State(c.state):
        case State.ASKED:
            return (Line(c.outcome, "warning"),) if c.outcome else ()
        case State.APPROVED:
            return (*approved, Line(words.sending(c)))
        case State.ACCEPTED:
            return (*approved, *accepted, Line(words.watching(c)), *_verdicts(c, alerts))
        case State.STUCK:
            return (*approved, Line(texts.stuck(c), strong=True), Line(texts.to_do(c)), *_verdicts(c, alerts))
        case State.UNSURE:
            return (*approved, Line(texts.unsure(c), strong=True), Line(texts.to_do(c)))
        case State.DONE:
            return (Line(words.done(c), strong=True), *approved, *accepted, *_verdicts(c, alerts))
        case State.FAILED:
            return (*approved, Line(texts.failed(c), strong=True), Line(texts.to_do(c)), *_verdicts(c, alerts))
        case State.LAPSED:
            return (Line(texts.lapsed(c)), Line(texts.nothing_done(c.plan.kind), strong=True))
        case _:
            why = (Line(sentences(c.outcome, texts.earliest(c))),) if c.outcome else ()
            return (*approved, Line(words.ended_by(c)), *why, Line(texts.nothing_done(c.plan.kind), strong=True))


def _verdicts(c: Cancellation, alerts: Sequence[AlertRecord]) -> tuple[Line, ...]:
    """How many of the alerts that were open when it was accepted are resolved as fraud, and each that is not."""
    until = c.concerns_until
    if c.plan.kind != Kind.CANCEL or until is None:
        return ()
    meant = [record for record in alerts if _was_to_be_resolved(record, until)]
    if not meant:
        return ()
    resolved = [record for record in meant if not record.alert.is_open]
    failing = [record for record in meant if record.alert.is_open and record.alert.id in c.marks]
    lines = [Line(words.verdicts(len(resolved), len(meant)))]
    for record in failing[:_MOST]:
        mark = c.marks[record.alert.id]
        again = c.due_at is not None and not mark.is_left
        failed = words.verdict_failed(record.label, mark.problem, again=again)
        lines.append(Line(words.verdict_undone(record.label) if mark.done else failed, "attention"))
    if len(failing) > _MOST:
        lines.append(Line(en.more(len(failing) - _MOST), "attention"))
    return tuple(lines)


def _was_to_be_resolved(record: AlertRecord, until: datetime) -> bool:
    alert = record.alert
    if alert.is_open:
        return is_concerned(record, until)
    decided_at = record.decision.at if record.decision else alert.resolved_at
    if alert.resolved_reason.lower() != Verdict.FRAUD or decided_at is None or not was_there(record, until):
        return False
    return decided_at >= until - _CLOCKS_APART


def _facts(c: Cancellation, place: Place) -> tuple[Fact, ...]:
    plan = c.plan
    consent = plan.consent if plan.consent in _CONSENT_TONES else ""
    return (
        Fact(en.CUSTOMER, plan.customer_name or plan.customer_tenant_id),
        *(
            (Fact(en.RESELLER, plan.reseller_name, monospace=is_guid(plan.reseller_name)),)
            if plan.reseller_name
            else ()
        ),
        *((Fact(en.PARTNER, place.partner_names.get(plan.partner, plan.partner)),) if place.several else ()),
        *((Fact(words.CONSENT, words.CONSENTS[Consent(consent)], tone=_CONSENT_TONES[consent]),) if consent else ()),
        Fact(words.SUBSCRIPTION_ID, plan.entitlement_id, monospace=True),
        Fact(words.AZURE_PLAN, plan.azure_plan_id, monospace=True),
    )


def _notices(c: Cancellation, new: Sequence[AlertRecord]) -> tuple[Line, ...]:
    if not new:
        return ()
    labels = [record.label for record in new]
    said = Line(words.new_since(labels[:_MOST_NEW], max(len(new) - _MOST_NEW, 0)), "warning", strong=True)
    shown = tuple(Line(words.alert_item(record)) for record in new[:_MOST])
    return (said, *shown, Line(words.NEW_TOO)) if c.plan.kind == Kind.CANCEL else (said, *shown)


def _sections(c: Cancellation, alerts: Sequence[AlertRecord]) -> tuple[Section, ...]:
    plan = c.plan
    by_id = {record.alert.id: record for record in alerts}
    rests_on = [by_id[alert_id] for alert_id in plan.alerts if alert_id in by_id]
    resources = known_resources(alerts) if plan.kind == Kind.CANCEL and c.is_open else ()
    open_count = sum(record.alert.is_open for record in alerts)
    consequences = words.consequences(plan.kind, open_count) if c.state in _TO_BE_DECIDED else ()
    people = (
        *((Fact(words.ASKED_PEOPLE, ", ".join(c.asked_names)),) if c.asked_names else ()),
        *((Fact(words.UNREACHED, some(c.unreached, texts.MOST_NAMED), tone="warning"),) if c.unreached else ()),
    )
    return (
        Section(words.REASON, paragraphs=(plan.reason,)),
        Section(words.CONSENT_NOTE, paragraphs=(plan.consent_note,) if plan.consent_note else ()),
        Section(words.CONSEQUENCES, items=consequences),
        Section(
            words.rests_on(len(plan.alerts)),
            items=tuple(words.alert_item(record) for record in rests_on[:_MOST]),
            more=_more(len(plan.alerts) - min(len(rests_on), _MOST)),
        ),
        Section(words.RESOURCES, items=resources[:_MOST], more=_more(len(resources) - _MOST)),
        Section(words.DECIDING, facts=people if c.state == State.ASKED else ()),
    )


def _more(count: int) -> str:
    return en.more(count) if count > 0 else ""


def _buttons(
    c: Cancellation, new: Sequence[AlertRecord], place: Place, card: RequestCard | None, two_person: bool
) -> tuple[Button, ...]:
    plan = c.plan
    if c.state != State.ASKED:
        link = subscription_link(plan.customer_tenant_id, plan.entitlement_id, place.portal_url)
        looked_at = c.state in _TO_BE_LOOKED_AT and link
        return (Button(en.MANAGE_SUBSCRIPTION, "url", url=link),) if looked_at else ()
    data: dict[str, Any] = {"request": c.number, "plan": plan.digest}
    if card is not None:
        data["card"] = card.id
    approving = {**data, "new": [record.number for record in new]}
    decide = (
        Button(words.approve(c, two_person=two_person), verb=actions.CANCELLATION_APPROVE, data=approving),
        Button(texts.REJECT, "dialog", actions.CANCELLATION_REJECT, data),
    )
    if card is not None and card.person_id:
        return decide
    return (*decide, Button(words.WITHDRAW, verb=actions.CANCELLATION_WITHDRAW, data=data, secondary=True))
