"""The cards in dialogs: forms with text live there, because a redraw of the shared card would wipe them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bot.chat.presenter import Place, customer, known_resources, reseller_fact
from bot.domain.alerts import AlertRecord, Verdict, severity_rank
from bot.domain.cancellations import SUFFIX, Cancellation, Kind
from bot.ports import Entitlement
from bot.services.notes import LONGEST
from bot.texts import cancelling
from bot.texts import en as texts
from bot.texts import request_card as words
from cards import actions
from cards.actions import AlertAct, AskAct, RequestAct, SubscriptionAct
from cards.form import form_card
from cards.views import Button, Choice, Fact, Field, FormView, Line, Section

_LISTED = 5
"""Alerts and resources that the question lists; the rest is counted."""
_REASON_MOST = 1000
"""Characters of a reason or a note, as in cards.actions.AskAct."""


def note_form(record: AlertRecord, act: AlertAct) -> Mapping[str, Any]:
    return form_card(
        FormView(
            title=f"{texts.NOTE_TITLE}: {record.label}",
            lines=(Line(record.alert.name),),
            facts=(Fact(texts.CUSTOMER, customer(record)),),
            fields=(
                Field(
                    "text",
                    texts.NOTE_FIELD,
                    required=True,
                    error=texts.NOTE_REQUIRED,
                    max_length=LONGEST,
                    multiline=True,
                ),
            ),
            submit=Button(texts.SAVE, "submit", actions.ALERT_NOTE, _data(act)),
            fallback_text=texts.NOTE_EMPTY,
        )
    )


def reverdict_form(record: AlertRecord, act: AlertAct) -> Mapping[str, Any]:
    now = record.alert.resolved_reason.lower()
    choices = tuple(Choice(verdict, texts.verdict_word(verdict)) for verdict in Verdict if verdict != now)
    return form_card(
        FormView(
            title=f"{texts.CHANGE_VERDICT}: {record.label}",
            lines=(Line(record.alert.name),),
            facts=(Fact(texts.CUSTOMER, customer(record)), Fact(texts.STANDS_NOW, texts.verdict_word(now))),
            fields=(
                Field("verdict", texts.REVERDICT_FIELD, required=True, error=texts.REVERDICT_CHOOSE, choices=choices),
                Field(
                    "reason",
                    texts.REASON_FIELD,
                    required=True,
                    error=texts.REASON_NEEDED,
                    max_length=LONGEST,
                    multiline=True,
                ),
            ),
            submit=Button(texts.CHANGE_VERDICT, "submit", actions.ALERT_REVERDICT, _data(act)),
            fallback_text=texts.REVERDICT_USAGE,
        )
    )


def ask_form(
    kind: str,
    found: Entitlement | None,
    origin: AlertRecord,
    alerts: Sequence[AlertRecord],
    act: SubscriptionAct,
    place: Place,
    problem: str = "",
) -> Mapping[str, Any]:
    """What cancelling (or reactivating) this subscription does, and what has to be said to ask for it. `origin` is the
    alert from which it is asked, `alerts` are all of the subscription, as on the request's card. Good in a dialog
    and as a card in a message.

    With an AskAct it is the form again as somebody filled it in, `problem` says why; without `found`, as Partner Center
    need not be asked for that."""
    deed = Kind(kind)
    filled = act if isinstance(act, AskAct) else AskAct()
    still_open = [record for record in alerts if record.alert.is_open]
    resources = known_resources((*alerts, origin)) if deed is Kind.CANCEL else ()
    data: dict[str, Any] = {"kind": deed.value, "subscription": _subscription_id(found, origin)}
    data |= {"alert": act.alert} if act.alert else {}
    data |= {"card": act.card} if act.card else {}
    return form_card(
        FormView(
            title=cancelling.title(deed),
            lines=(
                *((Line(found.name or found.id, strong=True),) if found else ()),
                Line(problem, "attention", strong=True) if problem else Line(words.ASK_LINE),
            ),
            facts=_subscription_facts(found, origin, place),
            sections=(
                Section(words.CONSEQUENCES, items=words.consequences(deed, len(still_open))),
                *(_listed(words.open_alerts(len(still_open)), _items(still_open)) if deed is Kind.CANCEL else ()),
                *_listed(words.RESOURCES, resources),
            ),
            fields=(
                Field(
                    "reason",
                    words.REASON_FIELDS[deed],
                    required=True,
                    error=words.REASON_MISSING,
                    placeholder=words.REASON_HINT,
                    max_length=_REASON_MOST,
                    multiline=True,
                    value=filled.reason,
                ),
                *(_consent_fields(filled) if deed is Kind.CANCEL else ()),
                Field(
                    "confirm",
                    words.CONFIRM_FIELD,
                    required=True,
                    error=words.CONFIRM_MISSING,
                    max_length=SUFFIX,
                    value=filled.confirm,
                ),
            ),
            submit=Button(words.ASK[deed], "submit", actions.CANCELLATION_ASK, data),
            fallback_text=cancelling.title(deed),
        )
    )


def reject_form(c: Cancellation, act: RequestAct, problem: str = "") -> Mapping[str, Any]:
    """Why it is rejected; `problem` says why the form is there again."""
    data = act.model_dump(include={"request", "card", "plan"})
    return form_card(
        FormView(
            title=cancelling.reject_title(c),
            lines=(
                Line(f"{cancelling.title(c.plan.kind)}: {c.plan.entitlement_name or c.plan.entitlement_id}"),
                *((Line(problem, "attention", strong=True),) if problem else ()),
            ),
            facts=(
                Fact(texts.CUSTOMER, c.plan.customer_name or c.plan.customer_tenant_id),
                Fact(words.ASKED_BY, c.plan.by_name),
            ),
            fields=(
                Field(
                    "reason",
                    words.REJECT_FIELD,
                    required=True,
                    error=words.REASON_MISSING,
                    placeholder=words.REJECT_HINT,
                    max_length=_REASON_MOST,
                    multiline=True,
                    value=act.reason,
                ),
            ),
            submit=Button(cancelling.REJECT, "submit", actions.CANCELLATION_REJECT, data),
            fallback_text=cancelling.no_reject_reason(c),
        )
    )


def _subscription_id(found: Entitlement | None, origin: AlertRecord) -> str:
    return found.id if found else origin.alert.subscription_id


def _subscription_facts(found: Entitlement | None, origin: AlertRecord, place: Place) -> tuple[Fact, ...]:
    partner = origin.alert.partner
    return (
        Fact(texts.CUSTOMER, customer(origin)),
        *reseller_fact(origin),
        *((Fact(texts.PARTNER, place.partner_names.get(partner, partner)),) if place.several else ()),
        Fact(words.SUBSCRIPTION_ID, _subscription_id(found, origin), monospace=True),
        *((Fact(words.AZURE_PLAN, found.plan_id, monospace=True),) if found else ()),
    )


def _items(records: Sequence[AlertRecord]) -> tuple[str, ...]:
    """The worst first, and of these the newest."""
    worst_first = sorted(records, key=lambda record: (-severity_rank(record.alert.severity), -record.number))
    return tuple(words.alert_item(record) for record in worst_first)


def _listed(title: str, items: Sequence[str]) -> tuple[Section, ...]:
    """Nothing where there are none."""
    more = texts.more(len(items) - _LISTED) if len(items) > _LISTED else ""
    return (Section(title, items=tuple(items[:_LISTED]), more=more),) if items else ()


def _consent_fields(filled: AskAct) -> tuple[Field, ...]:
    choices = tuple(Choice(consent.value, title) for consent, title in words.CONSENT_CHOICES.items())
    return (
        Field(
            "consent",
            words.CONSENT_FIELD,
            required=True,
            error=words.CONSENT_MISSING,
            choices=choices,
            value=filled.consent,
        ),
        Field("consent_note", words.NOTE_FIELD, max_length=_REASON_MOST, multiline=True, value=filled.consent_note),
    )


def _data(act: AlertAct) -> dict[str, Any]:
    return {"alert": act.alert, "version": act.version, **({"card": act.card} if act.card else {})}
