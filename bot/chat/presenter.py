"""From records to card views: which facts, words and buttons a card shows. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.chat import work_views
from bot.chat.subscription_state import can_be_asked, is_cancelled, notice
from bot.domain import deadline
from bot.domain.alerts import Alert, AlertRecord, Status, Verdict, notification_kind
from bot.domain.cancellations import Cancellation
from bot.domain.deadline import Phase
from bot.domain.decisions import Intent, gives_way
from bot.domain.delivery import CardPost
from bot.domain.links import subscription_link
from bot.domain.recurrence import NO_BACKGROUND, Background
from bot.texts import en as texts
from bot.texts import lists as list_texts
from bot.texts import request_card as request_texts
from cards import actions
from cards.views import AlertView, Button, Fact, Level, Line, Refresh, Row, SeverityView, Tone

PARTNER_CENTER_ALERTS = "https://partner.microsoft.com/dashboard/commerce2/insights/security/alerts"
"""There is no documented address of one alert: the list, and the alert id to search for."""

_LEVELS: dict[str, Level] = {"high": "high", "medium": "medium", "low": "low", "informational": "informational"}
_RESOURCES_ON_CARD = 3
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
    if record.alert.is_drill:
        return texts.DRILL_CUSTOMER
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
    background: Background = NO_BACKGROUND,
) -> AlertView:
    """The shared card, as it stands (or will) in the conversation of `post`, or (`reader`) that of somebody who may not
    decide. `pending` is the decision that is on its way; while there is a verdict, no second can be asked for.
    `cancellation` is the newest request on its subscription, `background` what else stands in the store beside it. For
    `viewers` (MRIs) Teams asks by itself for their own form."""
    alert = record.alert
    decision = decision_lines(record)
    if decision and pending is None and not alert.is_open:
        status, decision = Line(decision[0].text, _verdict_tone(alert), strong=True), decision[1:]
    else:
        status = status_line(record, pending)
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
        refresh=Refresh(data_of(record, card_id), user_ids=viewers),
        fallback_text=texts.alert_fallback(record, customer(record)),
        notice=notice(cancellation, alert),
        work=work_views.lines(record, background, now),
    )


def row(record: AlertRecord, now: datetime, place: Place) -> Row:
    """One alert in a list: what the dashboard's columns tell, and whose it is."""
    alert = record.alert
    status = texts.verdict_word(alert.resolved_reason) if not alert.is_open else texts.status_word(alert.status)
    kind = _kind(alert)
    partner = (place.partner_names.get(alert.partner, alert.partner),) if place.several else ()
    return Row(
        label=record.label,
        severity=severity_view(alert.severity),
        title=alert.name or alert.alert_type,
        detail=" \u00b7 ".join((*partner, customer(record), kind)),
        status=Line(status),
        open=Button(f"{texts.SHOW} {record.label}", verb=actions.ALERT_DETAILS, data=data_of(record, "")),
        deadline=_row_deadline(alert, now),
        columns=(
            list_texts.subscription(alert.subscription_id or texts.UNKNOWN),
            list_texts.observed(alert.first_observed_at, alert.last_observed_at, now),
            list_texts.detected(alert.detected_at, now),
            list_texts.alert_id(alert.id),
        ),
        work=_row_work(record, now),
    )


def _row_deadline(alert: Alert, now: datetime) -> Line | None:
    if not alert.is_open:
        return None
    tone = _PHASE_TONES[deadline.phase(alert, now)]
    return Line(list_texts.deadline(alert.respond_by, now), tone, strong=tone == "attention")


def _row_work(record: AlertRecord, now: datetime) -> tuple[Line, ...]:
    decision, work, found = record.decision, record.work, []
    if decision is not None and not record.alert.is_open:
        found.append(Line(list_texts.decided(decision.verdict, decision.by_name, decision.at, now)))
    if work.assigned_id:
        found.append(Line(list_texts.assigned(work.assigned_name or texts.UNKNOWN)))
    if work.snoozed_until is not None and work.sleeps(now):
        found.append(Line(list_texts.snoozed(work.snoozed_until, now)))
    return tuple(found)


def data_of(record: AlertRecord, card_id: str) -> dict[str, Any]:
    data: dict[str, Any] = {"alert": record.number, "version": record.version}
    if card_id:
        data["card"] = card_id
    return data


def _badges(record: AlertRecord, place: Place, post: CardPost | None) -> tuple[Line, ...]:
    badges = []
    if place.several:
        badges.append(Line(place.partner_names.get(record.alert.partner, record.alert.partner), "accent"))
    if record.alert.is_test:
        badge = texts.DRILL_BADGE if record.alert.is_drill else texts.TEST_BADGE
        badges.append(Line(badge, "warning", strong=True))
    if post is not None and post.repeat:
        badges.append(Line(texts.REPEAT_BADGE, "warning"))
    if post is not None and post.replaces:
        badges.append(Line(texts.replaces_badge(record.label), "subtle"))
    return tuple(badges)


def status_line(record: AlertRecord, pending: Intent | None) -> Line:
    alert = record.alert
    if pending is not None:
        return Line(texts.pending(pending), "accent")
    if not alert.is_open:
        return Line(texts.verdict_word(alert.resolved_reason), _verdict_tone(alert), strong=True)
    looked_into = alert.status.lower() == "investigating"
    return Line(work_views.standing(record), "accent" if looked_into else "default", strong=True)


def _verdict_tone(alert: Alert) -> Tone:
    return "attention" if alert.resolved_reason.lower() == Verdict.FRAUD else "good"


def _deadline(alert: Alert, now: datetime) -> Line | None:
    if not alert.is_open:
        return None
    at = deadline.phase(alert, now)
    return Line(texts.respond_by(alert.respond_by, now, at is Phase.OVER), _PHASE_TONES[at], strong=at is Phase.OVER)


def decision_lines(record: AlertRecord) -> tuple[Line, ...]:
    """What, who and when; where; why."""
    decision = record.decision
    if decision is None:
        return ()
    lines = [texts.decided(decision.verdict, decision.by_name, decision.at), texts.decided_via(decision.via)]
    if decision.note:
        lines.append(texts.decision_note(decision.note))
    return tuple(Line(line) for line in lines if line)


def reseller_fact(record: AlertRecord) -> tuple[Fact, ...]:
    if not reseller(record):
        return ()
    return (Fact(texts.RESELLER, reseller(record), monospace=not record.reseller_name),)


def _facts(record: AlertRecord) -> tuple[Fact, ...]:
    alert = record.alert
    return (
        Fact(texts.CUSTOMER, customer(record)),
        *reseller_fact(record),
        Fact(texts.SUBSCRIPTION, alert.subscription_id or texts.UNKNOWN, monospace=True),
        Fact(texts.TYPE, _kind(alert)),
        Fact(texts.FIRST_OBSERVED, texts.when(alert.first_observed_at)),
        Fact(texts.LAST_OBSERVED, texts.when(alert.last_observed_at)),
        Fact(texts.CONFIDENCE, alert.confidence.capitalize() or texts.UNKNOWN),
        *(() if alert.affected_resources or alert.is_drill else (Fact(texts.RESOURCES, texts.RESOURCES_NONE),)),
    )


def _kind(alert: Alert) -> str:
    """`Azure Usage (usageAnomalyDetected)`; the dashboard's word alone where Partner Center names no type."""
    kind = notification_kind(alert.alert_type)
    return f"{kind} ({alert.alert_type})" if alert.alert_type else kind


def _resources(alert: Alert, most: int) -> tuple[str, ...]:
    shown = [resource_name(item.id, "") for item in alert.affected_resources[:most]]
    rest = len(alert.affected_resources) - most
    return (*shown, texts.more(rest)) if rest > 0 else tuple(shown)


def known_resources(records: Sequence[AlertRecord]) -> tuple[str, ...]:
    """What these alerts name, each once, as a person calls it."""
    resources = (resource.id for record in records for resource in record.alert.affected_resources)
    by_id = {resource_id.lower(): resource_name(resource_id, "") for resource_id in resources}
    return tuple(dict.fromkeys(by_id.values()))


def resource_name(resource_id: str, kind: str) -> str:
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
    alert, data = record.alert, data_of(record, card_id)
    if reader:
        return (Button(texts.DETAILS, verb=actions.ALERT_DETAILS, data=data, secondary=True), *links(alert, place))
    common = (
        Button(texts.DETAILS, verb=actions.ALERT_DETAILS, data=data, secondary=True),
        Button(texts.ADD_NOTE, "dialog", actions.ALERT_NOTE, data, secondary=True),
        *links(alert, place),
    )
    if pending is not None and not (alert.is_open and gives_way(pending, Status.RESOLVED)):
        return common
    may_ask = not alert.is_test and can_be_asked(newest, alert)
    undo = reactivating(newest, data)
    if not alert.is_open:
        return (Button(texts.CHANGE_VERDICT, "dialog", actions.ALERT_REVERDICT, data, secondary=True), *undo, *common)
    return (
        Button(texts.MARK_LEGITIMATE, verb=actions.ALERT_LEGITIMATE, data=data),
        Button(texts.MARK_FRAUD, verb=actions.ALERT_FRAUD, data=data),
        *((Button(texts.CANCEL_SUBSCRIPTION, "dialog", actions.SUBSCRIPTION_CANCEL, data),) if may_ask else ()),
        *(
            ()
            if pending is not None or alert.status.lower() == Status.INVESTIGATING
            else (Button(texts.INVESTIGATE, verb=actions.ALERT_INVESTIGATE, data=data, secondary=True),)
        ),
        Button(texts.IGNORE, verb=actions.ALERT_IGNORE, data=data, secondary=True),
        *work_views.buttons(data),
        *undo,
        *common,
    )


def reactivating(newest: Cancellation | None, data: Mapping[str, Any]) -> tuple[Button, ...]:
    """The way back, where the subscription is cancelled."""
    if not is_cancelled(newest):
        return ()
    verb = actions.SUBSCRIPTION_REACTIVATE
    return (Button(request_texts.REACTIVATE_SUBSCRIPTION, "dialog", verb, data, secondary=True),)


def links(alert: Alert, place: Place) -> tuple[Button, ...]:
    """Where Microsoft shows it; nowhere, if it is a drill."""
    if alert.is_drill:
        return ()
    manage = subscription_link(alert.customer_tenant_id, alert.subscription_id, place.portal_url)
    return (
        Button(texts.OPEN_PARTNER_CENTER, "url", url=PARTNER_CENTER_ALERTS, secondary=True),
        *((Button(texts.MANAGE_SUBSCRIPTION, "url", url=manage, secondary=True),) if manage else ()),
    )
