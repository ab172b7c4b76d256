"""One model per card verb: the card writes it, the bot parses the same model. Ids and versions only, never a role or
a state to be believed. Unknown keys are ignored, because clients add their own."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

ALERT_REFRESH = "alert.refresh"
ALERT_LEGITIMATE = "alert.legitimate"
ALERT_FRAUD = "alert.fraud"
ALERT_IGNORE = "alert.ignore"
ALERT_INVESTIGATE = "alert.investigate"
ALERT_REVERDICT = "alert.reverdict"
ALERT_NOTE = "alert.note"
ALERT_DETAILS = "alert.details"
ALERTS_BULK = "alerts.bulk"
SUBSCRIPTION_CANCEL = "subscription.cancel"
SUBSCRIPTION_REACTIVATE = "subscription.reactivate"
CANCELLATION_ASK = "cancellation.ask"
CANCELLATION_APPROVE = "cancellation.approve"
CANCELLATION_REJECT = "cancellation.reject"
CANCELLATION_WITHDRAW = "cancellation.withdraw"
ROUTE_ON = "route.on"
ROUTE_OFF = "route.off"
LIST_PAGE = "list.page"
EXPORT_RUN = "export.run"


class _Payload(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class AlertAct(_Payload):
    """`alert` is the 1042 of A-1042, `version` the record's version that the card showed, `card` its delivery id."""

    alert: Annotated[int, Field(ge=1, le=10**12)]
    version: Annotated[int, Field(ge=0, le=10**12)] = 0
    card: Annotated[str, Field(max_length=64)] = ""


class MarkAct(AlertAct):
    note: Annotated[str, Field(max_length=2000)] = ""


class NoteAct(AlertAct):
    """`text` is absent when the dialog is opened and present when it is sent."""

    text: Annotated[str, Field(max_length=2000)] = ""


class ReverdictAct(AlertAct):
    verdict: Literal["", "legitimate", "fraud", "ignore"] = ""
    reason: Annotated[str, Field(max_length=2000)] = ""


class BulkAct(_Payload):
    """`set` names exactly the alerts for which the button was drawn. Without a verdict its form opens."""

    set: Annotated[str, Field(min_length=1, max_length=64)]
    verdict: Literal["", "legitimate", "fraud", "ignore"] = ""
    note: Annotated[str, Field(max_length=2000)] = ""


class SubscriptionAct(_Payload):
    """Opens the form to ask for a subscription to be cancelled or reactivated: that of `alert`, or the named one."""

    alert: Annotated[int, Field(ge=0, le=10**12)] = 0
    subscription: Annotated[str, Field(max_length=64)] = ""
    card: Annotated[str, Field(max_length=64)] = ""


class AskAct(SubscriptionAct):
    """The form as it was filled in. `confirm` is the end of the subscription id, typed by hand."""

    kind: Literal["cancel", "reactivate"] = "cancel"
    reason: Annotated[str, Field(max_length=1000)] = ""
    consent: Literal["", "agreed", "refused", "unreachable"] = ""
    consent_note: Annotated[str, Field(max_length=1000)] = ""
    confirm: Annotated[str, Field(max_length=64)] = ""


class RequestAct(_Payload):
    """A decision on request R-`request`. `plan` names the exact plan that the card showed, `seen` the newest alert on
    it (its number), `card` the request card's own id. Rejecting opens a dialog first, which asks for the reason."""

    request: Annotated[int, Field(ge=1, le=10**12)]
    card: Annotated[str, Field(max_length=64)] = ""
    plan: Annotated[str, Field(max_length=64)] = ""
    seen: Annotated[int, Field(ge=0, le=10**12)] = 0
    reason: Annotated[str, Field(max_length=1000)] = ""


class RouteAct(_Payload):
    """Turns the presser's own partners' alerts on (those that `words` select) or off, where it is pressed."""

    words: Annotated[str, Field(max_length=500)] = ""


TRAIL_MOST = 20


class ListPage(_Payload):
    """Page `page` of `show <words>`, the first being 1. `trail` ends with the cursor after which the page begins, and
    before it holds those of the pages before, as far back as it reaches, so that one can go back."""

    words: Annotated[str, Field(max_length=500)] = ""
    page: Annotated[int, Field(ge=1, le=10**6)] = 1
    trail: Annotated[list[Annotated[str, Field(max_length=80)]], Field(max_length=TRAIL_MOST)] = []


class ExportRun(_Payload):
    words: Annotated[str, Field(max_length=500)] = ""


PAYLOADS: dict[str, type[_Payload]] = {
    ALERT_REFRESH: AlertAct,
    ALERT_LEGITIMATE: MarkAct,
    ALERT_FRAUD: MarkAct,
    ALERT_IGNORE: MarkAct,
    ALERT_INVESTIGATE: AlertAct,
    ALERT_DETAILS: AlertAct,
    ALERT_NOTE: NoteAct,
    ALERT_REVERDICT: ReverdictAct,
    ALERTS_BULK: BulkAct,
    SUBSCRIPTION_CANCEL: SubscriptionAct,
    SUBSCRIPTION_REACTIVATE: SubscriptionAct,
    CANCELLATION_ASK: AskAct,
    CANCELLATION_APPROVE: RequestAct,
    CANCELLATION_REJECT: RequestAct,
    CANCELLATION_WITHDRAW: RequestAct,
    ROUTE_ON: RouteAct,
    ROUTE_OFF: RouteAct,
    LIST_PAGE: ListPage,
    EXPORT_RUN: ExportRun,
}
"""Every verb and the shape of its data."""
