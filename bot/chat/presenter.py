"""From records to card views: which facts, words and buttons a card shows. Pure."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.chat.subscription_state import can_be_asked, is_cancelled, notice
from bot.domain import deadline
from bot.domain.alerts import Alert, AlertRecord, Note, Verdict, notification_kind
from bot.domain.cancellations import Cancellation
from bot.domain.deadline import Phase
from bot.domain.decisions import Intent
from bot.domain.delivery import CardPost
from bot.domain.links import subscription_link
from bot.texts import en as texts
from bot.texts import request_card as request_texts
from cards import actions
from cards.views import AlertView, Button, DetailsView, Fact, Level, Line, Refresh, Row, Section, SeverityView, Tone

PARTNER_CENTER_ALERTS = "https://partner.microsoft.com/dashboard/commerce2/insights/security/alerts"
"""There is no documented address of one alert: the list, and the alert id to search for."""

_LEVELS: dict[str, Level] = {"high": "high", "medium": "medium", "low": "low", "informational": "informational"}
_RESOURCES_ON_CARD = 3
_RESOURCES_IN_DETAIL = 40
_PHASE_TONES: dict[Phase, Tone] = {
    Phase.FRESH: "default",
    Phase.HALF: "default",
    Phase.CLOSE: "warning",
    Phase.OVER: "attention",
}


@dataclass(frozen=True, slots=True)
class Place:
    """What the drawing needs to know of the world: the portal's address, and whether partners must be told apart."""

    portal_url: str
    partner_names: dict[str, str]

    @property
    def several(self) -> bool:
        return len(self.partner_names) > 1


def severity_view(severity: str) -> SeverityView:
    return SeverityView(_LEVELS.get(severity.lower(), "unknown"), texts.severity_word(severity))


def customer(record: AlertRecord) -> str:
    return record.customer_name or record.alert.customer_tenant_id or texts.UNKNOWN


def reseller(record: AlertRecord) -> str:
    return record.reseller_name or record.alert.reseller_tenant_id


def alert_view(
    record: AlertRecord,
    place: Place,
    now: datetime,
    *,
    card_id: str = "",
    post: CardPost | None = None,
    pending: Intent | None = None,
    cancellation: Cancellation | None = None,
    reader: bool = False,
    viewers: tuple[str, ...] = (),
) -> AlertView:
    """The shared card, as it stands (or will) in the conversation of `post`, or (`reader`) that of somebody who may not
    decide. `pending` is the decision that is on its way; while there is one, no second can be asked for. `cancellation`
    is the newest request on its subscription. For `viewers` (MRIs) Teams asks by itself for their own form."""
    alert = record.alert
    decision = _decision(record)
    if decision and pending is None and not alert.is_open:
        status, decision = Line(decision[0].text, _verdict_tone(alert), strong=True), decision[1:]
    else:
        status = _status(record, pending)
    return AlertView(
        label=record.label,
        severity=severity_view(alert.severity),
        title=alert.name or alert.alert_type,
        badges=_badges(record, place, post),
        status=status,
        deadline=_deadline(alert, now),
        decision=decision,
        facts=_facts(record),
        resources_title=texts.RESOURCES,
        resources=_resources(alert, _RESOURCES_ON_CARD),
        buttons=_buttons(record, place, card_id, pending, cancellation, reader),
        hint=(texts.viewer_may_not if reader else texts.hint)(record.label, open_alert=alert.is_open),
        refresh=Refresh(_data(record, card_id), user_ids=viewers),
        fallback_text=texts.alert_fallback(record, customer(record)),
        notice=notice(cancellation),
    )


def details_view(
    record: AlertRecord,
    notes: Sequence[Note],
    place: Place,
    now: datetime,
    *,
    card_id: str = "",
    pending: Intent | None = None,
    cancellation: Cancellation | None = None,
    reader: bool = False,
) -> DetailsView:
    """All that is known, in the order of the portal's page. `pending`, `cancellation` and `reader` as on the alert's
    card."""
    alert = record.alert
    data = _data(record, card_id)
    said = notice(cancellation)
    sections = [
        Section(request_texts.CANCELLATION, paragraphs=(said.text,) if said else ()),
        Section(
            texts.CONCERNS,
            facts=(
                Fact(texts.CUSTOMER, customer(record)),
                *_reseller_fact(record),
                Fact(texts.PARTNER, place.partner_names.get(alert.partner, alert.partner)),
            ),
        ),
        Section(
            texts.DESCRIPTION, paragraphs=tuple(part.strip() for part in alert.description.splitlines() if part.strip())
        ),
        Section(
            texts.RESOURCES,
            items=tuple(_resource(item.id, item.type) for item in alert.affected_resources[:_RESOURCES_IN_DETAIL]),
            paragraphs=() if alert.affected_resources else (texts.RESOURCES_NONE,),
            more=texts.more(len(alert.affected_resources) - _RESOURCES_IN_DETAIL)
            if len(alert.affected_resources) > _RESOURCES_IN_DETAIL
            else "",
        ),
        Section(texts.ABOUT, facts=_all_facts(record)),
        Section(
            texts.ADDITIONAL, facts=tuple(Fact(name, _unpacked(value)) for name, value in alert.additional_details)
        ),
        Section(texts.DECISION, paragraphs=tuple(line.text for line in _decision(record))),
        Section(
            texts.HISTORY,
            items=tuple(texts.history_line(it.at, it.status_from, it.status_to, it.by) for it in alert.activity_log),
        ),
        Section(texts.NOTES, items=tuple(f"{texts.when(note.at)}, {note.by_name}: {note.text}" for note in notes)),
    ]
    return DetailsView(
        label=record.label,
        severity=severity_view(alert.severity),
        title=alert.name or alert.alert_type,
        status=_status(record, pending),
        sections=tuple(part for part in sections if part.facts or part.items or part.paragraphs),
        buttons=(
            *(
                (
                    Button(texts.MARK_LEGITIMATE, verb=actions.ALERT_LEGITIMATE, data=data),
                    Button(texts.MARK_FRAUD, verb=actions.ALERT_FRAUD, data=data),
                )
                if alert.is_open and pending is None and not reader
                else ()
            ),
            Button(texts.BACK_TO_CARD, verb=actions.ALERT_REFRESH, data=data),
            *(() if reader else _asking(alert, data, cancellation)),
            *_links(alert, place),
        ),
        fallback_text=texts.alert_fallback(record, customer(record)),
    )


def row(record: AlertRecord, now: datetime, place: Place) -> Row:
    """One line of a list."""
    alert = record.alert
    detected = texts.when(alert.detected_at)
    partner = f"{place.partner_names.get(alert.partner, '')} \u00b7 " if place.several else ""
    late = alert.is_open and deadline.phase(alert, now) is Phase.OVER
    status = texts.verdict_word(alert.resolved_reason.lower()) if not alert.is_open else texts.status_word(alert.status)
    return Row(
        label=record.label,
        severity=severity_view(alert.severity),
        title=alert.name or alert.alert_type,
        detail=f"{partner}{customer(record)} \u00b7 {detected}",
        status=Line(texts.overdue(status) if late else status, "attention" if late else "default"),
        open=Button(f"{texts.SHOW} {record.label}", verb=actions.ALERT_DETAILS, data=_data(record, "")),
    )


def _data(record: AlertRecord, card_id: str) -> dict[str, Any]:
    data: dict[str, Any] = {"alert": record.number, "version": record.version}
    if card_id:
        data["card"] = card_id
    return data


def _badges(record: AlertRecord, place: Place, post: CardPost | None) -> tuple[Line, ...]:
    badges = []
    if place.several:
        badges.append(Line(place.partner_names.get(record.alert.partner, record.alert.partner), "accent"))
    if record.alert.is_test:
        badges.append(Line(texts.TEST_BADGE, "warning", strong=True))
    if post is not None and post.repeat:
        badges.append(Line(texts.REPEAT_BADGE, "warning"))
    if post is not None and post.replaces:
        badges.append(Line(texts.replaces_badge(record.label), "subtle"))
    return tuple(badges)


def _status(record: AlertRecord, pending: Intent | None) -> Line:
    alert = record.alert
    if pending is not None:
        return Line(texts.pending(pending), "accent")
    if not alert.is_open:
        return Line(texts.verdict_word(alert.resolved_reason.lower()), _verdict_tone(alert), strong=True)
    return Line(
        texts.status_word(alert.status), "accent" if alert.status.lower() == "investigating" else "default", strong=True
    )


def _verdict_tone(alert: Alert) -> Tone:
    return "attention" if alert.resolved_reason.lower() == Verdict.FRAUD else "good"


def _deadline(alert: Alert, now: datetime) -> Line | None:
    if not alert.is_open:
        return None
    at = deadline.phase(alert, now)
    return Line(texts.respond_by(alert.respond_by, now, at is Phase.OVER), _PHASE_TONES[at], strong=at is Phase.OVER)


def _decision(record: AlertRecord) -> tuple[Line, ...]:
    """What, who and when; where; why."""
    decision = record.decision
    if decision is None:
        return ()
    lines = [texts.decided(decision.verdict, decision.by_name, decision.at), texts.decided_via(decision.via)]
    if decision.note:
        lines.append(texts.decision_note(decision.note))
    return tuple(Line(line) for line in lines if line)


def _reseller_fact(record: AlertRecord) -> tuple[Fact, ...]:
    return (Fact(texts.RESELLER, reseller(record)),) if reseller(record) else ()


def _facts(record: AlertRecord) -> tuple[Fact, ...]:
    alert = record.alert
    return (
        Fact(texts.CUSTOMER, customer(record)),
        *_reseller_fact(record),
        Fact(texts.SUBSCRIPTION, alert.subscription_id or texts.UNKNOWN, monospace=True),
        Fact(texts.TYPE, f"{notification_kind(alert.alert_type)} ({alert.alert_type})"),
        Fact(texts.FIRST_OBSERVED, texts.when(alert.first_observed_at)),
        Fact(texts.LAST_OBSERVED, texts.when(alert.last_observed_at)),
        Fact(texts.CONFIDENCE, alert.confidence.capitalize() or texts.UNKNOWN),
        *(() if alert.affected_resources else (Fact(texts.RESOURCES, texts.RESOURCES_NONE),)),
    )


def _all_facts(record: AlertRecord) -> tuple[Fact, ...]:
    alert = record.alert
    return (
        Fact(texts.NUMBER, record.label),
        Fact(texts.ALERT_ID, alert.id, monospace=True),
        Fact(texts.CUSTOMER_ID, alert.customer_tenant_id or texts.UNKNOWN, monospace=True),
        Fact(texts.SUBSCRIPTION, alert.subscription_id or texts.UNKNOWN, monospace=True),
        Fact(texts.TYPE, notification_kind(alert.alert_type)),
        Fact(texts.ALERT_TYPE, alert.alert_type or texts.UNKNOWN),
        Fact(texts.STATUS, texts.status_word(alert.status)),
        Fact(texts.SEVERITY, texts.severity_word(alert.severity)),
        Fact(texts.CONFIDENCE, alert.confidence.capitalize() or texts.UNKNOWN),
        Fact(texts.DETECTED, texts.when(alert.detected_at)),
        Fact(texts.FIRST_OBSERVED, texts.when(alert.first_observed_at)),
        Fact(texts.LAST_OBSERVED, texts.when(alert.last_observed_at)),
        *((Fact(texts.OFFER, alert.catalog_offer_id),) if alert.catalog_offer_id else ()),
    )


def _resources(alert: Alert, most: int) -> tuple[str, ...]:
    shown = [_resource(item.id, "") for item in alert.affected_resources[:most]]
    rest = len(alert.affected_resources) - most
    return (*shown, texts.more(rest)) if rest > 0 else tuple(shown)


def known_resources(records: Sequence[AlertRecord]) -> tuple[str, ...]:
    """What these alerts name, each once, as a person calls it."""
    resources = (resource.id for record in records for resource in record.alert.affected_resources)
    by_id = {resource_id.lower(): _resource(resource_id, "") for resource_id in resources}
    return tuple(dict.fromkeys(by_id.values()))


def _resource(resource_id: str, kind: str) -> str:
    """On the card (no `kind`) what a person calls it: `vm-1 (virtualMachines, rg-prod)`. In detail the whole path, but
    for the part that only repeats the subscription. https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules"""
    parts = resource_id.split("/")
    if not resource_id.lower().startswith("/subscriptions/") or len(parts) <= 3:
        return f"{resource_id} ({kind})" if kind else resource_id
    if kind:
        return f"{'/'.join(parts[3:])} ({kind})"
    if len(parts) >= 9 and parts[3].lower() == "resourcegroups" and parts[5].lower() == "providers":
        return f"{parts[-1]} ({parts[-2]}, {parts[4]})"
    return "/".join(parts[3:])


def _buttons(
    record: AlertRecord,
    place: Place,
    card_id: str,
    pending: Intent | None,
    newest: Cancellation | None,
    reader: bool,
) -> tuple[Button, ...]:
    alert, data = record.alert, _data(record, card_id)
    if reader:
        return (Button(texts.DETAILS, verb=actions.ALERT_DETAILS, data=data, secondary=True), *_links(alert, place))
    common = (
        Button(texts.DETAILS, verb=actions.ALERT_DETAILS, data=data, secondary=True),
        Button(texts.ADD_NOTE, "dialog", actions.ALERT_NOTE, data, secondary=True),
        *_links(alert, place),
    )
    if pending is not None:
        return common
    may_ask = not alert.is_test and can_be_asked(newest)
    if not alert.is_open:
        return (Button(texts.CHANGE_VERDICT, "dialog", actions.ALERT_REVERDICT, data, secondary=True), *common)
    return (
        Button(texts.MARK_LEGITIMATE, verb=actions.ALERT_LEGITIMATE, data=data),
        Button(texts.MARK_FRAUD, verb=actions.ALERT_FRAUD, data=data),
        *((Button(texts.CANCEL_SUBSCRIPTION, "dialog", actions.SUBSCRIPTION_CANCEL, data),) if may_ask else ()),
        *(
            ()
            if alert.status.lower() == "investigating"
            else (Button(texts.INVESTIGATE, verb=actions.ALERT_INVESTIGATE, data=data, secondary=True),)
        ),
        Button(texts.IGNORE, verb=actions.ALERT_IGNORE, data=data, secondary=True),
        *common,
    )


def _asking(alert: Alert, data: dict[str, Any], newest: Cancellation | None) -> tuple[Button, ...]:
    """What the details offer about the subscription: to cancel it although the alert is decided, as fraud; to
    reactivate what is cancelled."""
    if is_cancelled(newest):
        verb = actions.SUBSCRIPTION_REACTIVATE
        return (Button(request_texts.REACTIVATE_SUBSCRIPTION, "dialog", verb, data, secondary=True),)
    if alert.resolved_reason.lower() == Verdict.FRAUD and not (alert.is_open or alert.is_test) and can_be_asked(newest):
        return (Button(texts.CANCEL_SUBSCRIPTION, "dialog", actions.SUBSCRIPTION_CANCEL, data, secondary=True),)
    return ()


def _links(alert: Alert, place: Place) -> tuple[Button, ...]:
    manage = subscription_link(alert.customer_tenant_id, alert.subscription_id, place.portal_url)
    return (
        Button(texts.OPEN_PARTNER_CENTER, "url", url=PARTNER_CENTER_ALERTS, secondary=True),
        *((Button(texts.MANAGE_SUBSCRIPTION, "url", url=manage, secondary=True),) if manage else ()),
    )


def _unpacked(value: str) -> str:
    """Partner Center wraps lists as JSON inside a string: `["10.0.0.4"]` is shown as 10.0.0.4."""
    try:
        inner = json.loads(value)
    except (ValueError, RecursionError):  # a stranger's brackets may be nested without end
        return value
    if isinstance(inner, list) and all(isinstance(item, str | int | float) for item in inner):
        return ", ".join(str(item) for item in inner)
    return value
