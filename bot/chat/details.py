"""Everything about one alert, in the order of its page in Partner Center; then what the team knows of it. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

from bot.chat.presenter import (
    Place,
    customer,
    data_of,
    decision_lines,
    links,
    reactivating,
    reseller_fact,
    resource_name,
    severity_view,
    status_line,
)
from bot.chat.subscription_state import can_be_asked, notice
from bot.domain.alerts import Alert, AlertRecord, Note, Verdict, notification_kind
from bot.domain.cancellations import Cancellation
from bot.domain.decisions import Intent
from bot.domain.links import HelpPage, help_pages
from bot.domain.unfolding import unfold
from bot.texts import details as words
from bot.texts import en as texts
from bot.texts import request_card as request_texts
from cards import actions
from cards.views import Button, DetailsView, Fact, Section

_RESOURCES_MOST = 40
_STEP = re.compile(r"\s*(?:[-*\u2022\u2013]|\d{1,2}[.)]|step \d{1,2}[.:])\s+(?=\S)", re.IGNORECASE | re.ASCII)
"""How a line begins that is an item of a list."""
_HELP: dict[HelpPage, str] = {
    HelpPage.GUIDE: words.GUIDE,
    HelpPage.RESPOND: words.RESPOND,
    HelpPage.LIABILITY: words.LIABILITY,
    HelpPage.SERVICE_HEALTH: words.SERVICE_HEALTH,
}


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
    team: Sequence[Section] = (),
) -> DetailsView:
    """All that is known. `pending`, `cancellation` and `reader` as on the alert's card. `team` are sections about what
    else the team knows (earlier alerts, related ones); they stand after what Partner Center says. Sections that have
    nothing to say are left out."""
    alert = record.alert
    said = notice(cancellation, alert)
    sections = [
        Section(request_texts.CANCELLATION, paragraphs=(said.text,) if said else ()),
        _concerns(record, place),
        *_description(alert),
        _resources(record, card_id, deciding=alert.is_open and pending is None and not reader),
        _resource_information(alert),
        _additional(alert),
        Section(
            words.HELP,
            buttons=tuple(Button(_HELP[page], "url", url=page.value) for page in help_pages(alert.alert_type)),
        ),
        *team,
        _about(record),
        Section(texts.DECISION, paragraphs=tuple(line.text for line in decision_lines(record))),
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
        status=status_line(record, pending),
        sections=tuple(part for part in sections if part.facts or part.items or part.paragraphs or part.buttons),
        buttons=_buttons(record, place, card_id, cancellation, may_ask=pending is None and not reader),
        fallback_text=texts.alert_fallback(record, customer(record)),
    )


def _concerns(record: AlertRecord, place: Place) -> Section:
    partner = record.alert.partner
    return Section(
        words.CONCERNS,
        facts=(
            Fact(texts.CUSTOMER, customer(record)),
            *reseller_fact(record),
            Fact(texts.PARTNER, place.partner_names.get(partner, partner)),
        ),
    )


def _description(alert: Alert) -> tuple[Section, Section]:
    """The prose, and below it the lines that are steps. A line that goes on after a step belongs to that step."""
    prose: list[str] = []
    steps: list[str] = []
    for line in alert.description.splitlines():
        if not line.strip():
            continue
        if _STEP.match(line):
            steps.append(_STEP.sub("", line, count=1).strip())
        elif steps and line[:1].isspace():
            steps[-1] = f"{steps[-1]} {line.strip()}"
        else:
            prose.append(line.strip())
    return Section(words.DESCRIPTION, paragraphs=tuple(prose)), Section(words.STEPS, items=tuple(steps))


def _resources(record: AlertRecord, card_id: str, *, deciding: bool) -> Section:
    """What is affected, with the buttons that decide on it."""
    alert, data = record.alert, data_of(record, card_id)
    left_out = len(alert.affected_resources) - _RESOURCES_MOST
    buttons = (
        Button(texts.MARK_LEGITIMATE, verb=actions.ALERT_LEGITIMATE, data=data),
        Button(texts.MARK_FRAUD, verb=actions.ALERT_FRAUD, data=data),
        Button(texts.IGNORE, verb=actions.ALERT_IGNORE, data=data, secondary=True),
    )
    several = deciding and len(alert.affected_resources) > 1
    return Section(
        texts.RESOURCES,
        items=tuple(resource_name(item.id, item.type) for item in alert.affected_resources[:_RESOURCES_MOST]),
        paragraphs=() if alert.affected_resources else (texts.RESOURCES_NONE,),
        more=texts.more(left_out) if left_out > 0 else words.VERDICTS_HINT if several else "",
        buttons=buttons if deciding else (),
    )


def _resource_information(alert: Alert) -> Section:
    return Section(
        words.RESOURCE,
        facts=(
            Fact(texts.SUBSCRIPTION, alert.subscription_id or texts.UNKNOWN, monospace=True),
            Fact(texts.CUSTOMER_ID, alert.customer_tenant_id or texts.UNKNOWN, monospace=True),
            *((Fact(texts.OFFER, alert.catalog_offer_id),) if alert.catalog_offer_id else ()),
            Fact(words.FIRST_CONNECTION, texts.when(alert.first_observed_at)),
            Fact(words.LAST_CONNECTION, texts.when(alert.last_observed_at)),
        ),
    )


def _additional(alert: Alert) -> Section:
    unfolded = unfold(alert.additional_details)
    return Section(
        words.ADDITIONAL,
        facts=tuple(Fact(each.name, ", ".join(map(words.value, each.values))) for each in unfolded.details),
        more="" if unfolded.complete else words.MORE_DETAILS,
    )


def _about(record: AlertRecord) -> Section:
    alert = record.alert
    return Section(
        words.ABOUT,
        facts=(
            Fact(texts.NUMBER, record.label),
            Fact(texts.ALERT_ID, alert.id, monospace=True),
            Fact(texts.TYPE, notification_kind(alert.alert_type)),
            Fact(texts.ALERT_TYPE, alert.alert_type or texts.UNKNOWN),
            Fact(texts.STATUS, texts.status_word(alert.status)),
            Fact(texts.SEVERITY, texts.severity_word(alert.severity)),
            Fact(texts.CONFIDENCE, alert.confidence.capitalize() or texts.UNKNOWN),
            Fact(texts.DETECTED, texts.when(alert.detected_at)),
            *((Fact(words.RESPOND_BY, texts.when(alert.respond_by)),) if alert.is_open else ()),
            *((Fact(words.RESOLVED, texts.when(alert.resolved_at)),) if alert.resolved_at else ()),
        ),
    )


def _buttons(
    record: AlertRecord, place: Place, card_id: str, newest: Cancellation | None, *, may_ask: bool
) -> tuple[Button, ...]:
    """Back, cancel, manage."""
    data = data_of(record, card_id)
    back = Button(texts.BACK_TO_CARD, verb=actions.ALERT_REFRESH, data=data)
    asking: tuple[Button, ...] = ()
    if may_ask and _may_be_cancelled(record.alert) and can_be_asked(newest, record.alert):
        asking = (Button(texts.CANCEL_SUBSCRIPTION, "dialog", actions.SUBSCRIPTION_CANCEL, data),)
    if may_ask:
        asking = (*asking, *reactivating(newest, data))
    return (back, *asking, *links(record.alert, place))


def _may_be_cancelled(alert: Alert) -> bool:
    """While it is open, or although it is decided, as fraud."""
    return not alert.is_test and (alert.is_open or alert.resolved_reason.lower() == Verdict.FRAUD)
