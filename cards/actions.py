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
ALERT_ASSIGN = "alert.assign"
ALERT_SNOOZE = "alert.snooze"
ALERT_DETAILS = "alert.details"
ALERT_SHARED = "alert.shared"
ALERTS_BULK = "alerts.bulk"
SUBSCRIPTION_CANCEL = "subscription.cancel"
SUBSCRIPTION_REACTIVATE = "subscription.reactivate"
CANCELLATION_ASK = "cancellation.ask"
CANCELLATION_SHOW = "cancellation.show"
CANCELLATION_APPROVE = "cancellation.approve"
CANCELLATION_REJECT = "cancellation.reject"
CANCELLATION_WITHDRAW = "cancellation.withdraw"
ROUTE_ON = "route.on"
ROUTE_OFF = "route.off"
DUTY_SET = "duty.set"
LIST_PAGE = "list.page"
EXPORT_RUN = "export.run"
FILTERS_SAVE = "filters.save"
FILTERS_FORGET = "filters.forget"
DIGEST_SEND = "digest.send"
DIGEST_SET = "digest.set"
DIGEST_OFF = "digest.off"
REFUNDS_LIST = "refunds.list"
REFUND_FILED = "refund.filed"
REFUND_REOPEN = "refund.reopen"
EVIDENCE_RUN = "evidence.run"
SCORE_SHOW = "score.show"
DASHBOARD_SHOW = "dashboard.show"
DRILL_BEGIN = "drill.begin"


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


class AssignAct(AlertAct):
    """`to` is `me`, `nobody`, or somebody's Entra object id or MRI, who is looked up on the conversation's roster.
    Without it the form opens."""

    to: Annotated[str, Field(max_length=256)] = ""


class SnoozeAct(AlertAct):
    """`time` as it is typed: `2h`, `until 18:00`, `off`. Without it the form opens."""

    time: Annotated[str, Field(max_length=32)] = ""


class ReverdictAct(AlertAct):
    verdict: Literal["", "legitimate", "fraud", "ignore"] = ""
    reason: Annotated[str, Field(max_length=2000)] = ""


class SharedAct(_Payload):
    """Shows what a shared card is about to whoever pressed it, or hides it again. `severity` is what the card showed,
    for drawing it again only."""

    alert: Annotated[int, Field(ge=1, le=10**12)]
    severity: Annotated[str, Field(max_length=32)] = ""
    hide: bool = False


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
    """A decision on request R-`request`. `plan` names the exact plan that the card showed, `new` each alert that it
    called new (by number), `card` the request card's own id. Rejecting opens a dialog first, which asks for the reason.

    A card that was drawn before there was `new` has `seen` in its place: the highest number of all alerts on it."""

    request: Annotated[int, Field(ge=1, le=10**12)]
    card: Annotated[str, Field(max_length=64)] = ""
    plan: Annotated[str, Field(max_length=64)] = ""
    new: Annotated[list[Annotated[int, Field(ge=0, le=10**12)]], Field(max_length=500)] = []
    seen: Annotated[int, Field(ge=0, le=10**12)] = 0
    reason: Annotated[str, Field(max_length=1000)] = ""


class ShowRequest(_Payload):
    """Draws the card of a request anew."""

    request: Annotated[int, Field(ge=1, le=10**12)]
    card: Annotated[str, Field(max_length=64)] = ""


class RouteAct(_Payload):
    """Turns the presser's own partners' alerts on (those that `words` select) or off, where it is pressed."""

    words: Annotated[str, Field(max_length=500)] = ""


class DutyAct(_Payload):
    """A change of the duty roster of the conversation where it is made. `people` are MRIs or Entra object ids of its
    members, `word` is the week, tag, zone or switch that is meant."""

    do: Literal["add", "remove", "week", "manager", "tag", "zone", "escalate", "clear"]
    people: Annotated[list[Annotated[str, Field(min_length=1, max_length=1024)]], Field(max_length=20)] = []
    word: Annotated[str, Field(max_length=200)] = ""


TRAIL_MOST = 20


class ListPage(_Payload):
    """Page `page` of `show <words>`, the first being 1. `trail` ends with the cursor after which the page begins, and
    before it holds those of the pages before, as far back as it reaches, so that one can go back."""

    words: Annotated[str, Field(max_length=500)] = ""
    page: Annotated[int, Field(ge=1, le=10**6)] = 1
    trail: Annotated[list[Annotated[str, Field(max_length=80)]], Field(max_length=TRAIL_MOST)] = []


class ExportRun(_Payload):
    words: Annotated[str, Field(max_length=500)] = ""


class ScoreAct(_Payload):
    """The score of `partner` (its tenant; empty: an overview of all), and page `page` of its customers. `fresh`: asked
    of Microsoft anew."""

    partner: Annotated[str, Field(max_length=64)] = ""
    page: Annotated[int, Field(ge=1, le=10**4)] = 1
    fresh: bool = False


class DashboardShow(_Payload):
    """`dashboard <words>`."""

    words: Annotated[str, Field(max_length=500)] = ""


class DrillAct(_Payload):
    """Raises an alert of our own at `partner` (its tenant; empty: the only one whose alerts come here)."""

    partner: Annotated[str, Field(max_length=64)] = ""
    severity: Literal["high", "medium", "low", "informational"] = "high"


class DigestSend(_Payload):
    """Sends a digest where it is pressed, now."""


class DigestSet(_Payload):
    """`minute` of the day in the IANA time zone `zone`; `weekday` (0 is Monday) of a weekly one."""

    kind: Literal["daily", "weekly"]
    minute: Annotated[int, Field(ge=0, lt=24 * 60)]
    zone: Annotated[str, Field(min_length=1, max_length=64)]
    weekday: Annotated[int, Field(ge=0, le=6)] = 0


class DigestOff(_Payload):
    """Stops the digest of that kind where it is pressed; without a kind all of them."""

    kind: Literal["", "daily", "weekly"] = ""


class RefundsList(_Payload):
    """The clocks of credit requests that may be read where it is pressed."""


class RefundAct(_Payload):
    """The credit request of a subscription. `ticket` is absent when the dialog opens and present when it is sent."""

    subscription: Annotated[str, Field(min_length=1, max_length=64)]
    ticket: Annotated[str, Field(max_length=100)] = ""


class EvidenceRun(_Payload):
    """An evidence pack about `subject`: a subscription's id, an alert's number or id."""

    subject: Annotated[str, Field(min_length=1, max_length=400)]


class SaveFilter(_Payload):
    """Keeps `words` under `name` where it is said. Without a name the form opens."""

    words: Annotated[str, Field(min_length=1, max_length=500)]
    name: Annotated[str, Field(max_length=60)] = ""


class ForgetFilter(_Payload):
    name: Annotated[str, Field(min_length=1, max_length=60)]


PAYLOADS: dict[str, type[_Payload]] = {
    ALERT_REFRESH: AlertAct,
    ALERT_LEGITIMATE: MarkAct,
    ALERT_FRAUD: MarkAct,
    ALERT_IGNORE: MarkAct,
    ALERT_INVESTIGATE: AlertAct,
    ALERT_DETAILS: AlertAct,
    ALERT_SHARED: SharedAct,
    ALERT_NOTE: NoteAct,
    ALERT_ASSIGN: AssignAct,
    ALERT_SNOOZE: SnoozeAct,
    ALERT_REVERDICT: ReverdictAct,
    ALERTS_BULK: BulkAct,
    SUBSCRIPTION_CANCEL: SubscriptionAct,
    SUBSCRIPTION_REACTIVATE: SubscriptionAct,
    CANCELLATION_ASK: AskAct,
    CANCELLATION_SHOW: ShowRequest,
    CANCELLATION_APPROVE: RequestAct,
    CANCELLATION_REJECT: RequestAct,
    CANCELLATION_WITHDRAW: RequestAct,
    ROUTE_ON: RouteAct,
    ROUTE_OFF: RouteAct,
    DUTY_SET: DutyAct,
    LIST_PAGE: ListPage,
    EXPORT_RUN: ExportRun,
    FILTERS_SAVE: SaveFilter,
    FILTERS_FORGET: ForgetFilter,
    DIGEST_SEND: DigestSend,
    DIGEST_SET: DigestSet,
    DIGEST_OFF: DigestOff,
    REFUNDS_LIST: RefundsList,
    REFUND_FILED: RefundAct,
    REFUND_REOPEN: RefundAct,
    EVIDENCE_RUN: EvidenceRun,
    SCORE_SHOW: ScoreAct,
    DASHBOARD_SHOW: DashboardShow,
    DRILL_BEGIN: DrillAct,
}
"""Every verb and the shape of its data."""
