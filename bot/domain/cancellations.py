"""Cancelling (or reactivating) an Azure subscription: the pinned plan, its states, and what makes it void. Pure.

A plan is frozen when it is asked for. Everything after that is progress: a `Cancellation` is a plan and how far it has
come. `NEXT` is the whole state machine; docs/cancellation.md draws it, and a test compares the two.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from bot.domain.alerts import Alert, AlertRecord, Verdict
from bot.domain.people import Roles

SEND_WITHIN = timedelta(minutes=15)
"""After an approval; what was not sent by then is not sent any more."""
STUCK_AFTER = timedelta(hours=1)
"""An accepted cancel usually shows after about ten minutes.
https://learn.microsoft.com/partner-center/developer/cancel-an-azure-subscription"""
WATCH_AT_MOST = timedelta(hours=24)
SUFFIX = 6
"""How many of the last characters of the subscription id the asker types by hand."""
MARK_TRIES = 6
"""So often a verdict that follows from a cancel is tried; then a person must give it."""
MOST_ALERTS = 500
"""A plan rests on at most so many alerts; a storm may raise thousands on one subscription."""


class Kind(StrEnum):
    CANCEL = "cancel"
    REACTIVATE = "reactivate"


class Consent(StrEnum):
    """Whether the customer was reached, and agreed."""

    AGREED = "agreed"
    REFUSED = "refused"
    UNREACHABLE = "unreachable"


class State(StrEnum):
    ASKED = "asked"  # waits for a second person
    APPROVED = "approved"  # is being sent; it may have reached Partner Center or not
    ACCEPTED = "accepted"  # Partner Center took it; the subscription is watched until it has changed
    STUCK = "stuck"  # taken an hour ago and still not done
    UNSURE = "unsure"  # sent, no answer, and not sent again: the subscription is watched
    DONE = "done"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    VOID = "void"  # something that it rested on changed; nothing was sent
    REFUSED = "refused"  # Partner Center said no; nothing was changed
    LAPSED = "lapsed"  # approved, but it could not be sent in time; nothing was sent
    FAILED = "failed"  # taken, or perhaps taken, and the subscription never changed


class Event(StrEnum):
    APPROVE = "approve"
    REJECT = "reject"
    WITHDRAW = "withdraw"
    EXPIRE = "expire"
    CHANGE = "change"  # re-verification found that something changed
    SIGN_IN = "sign in"  # Partner Center wants the approver to sign in; nothing was done
    ACCEPT = "accept"
    REFUSE = "refuse"
    LAPSE = "lapse"
    LOSE = "lose"  # it was sent, its answer was lost, and it may not be sent again
    SUCCEED = "succeed"  # the subscription was read and has changed
    TARRY = "tarry"  # an hour has gone by
    GIVE_UP = "give up"


NEXT: Mapping[tuple[State, Event], State] = {
    (State.ASKED, Event.APPROVE): State.APPROVED,
    (State.ASKED, Event.REJECT): State.REJECTED,
    (State.ASKED, Event.WITHDRAW): State.WITHDRAWN,
    (State.ASKED, Event.EXPIRE): State.EXPIRED,
    (State.ASKED, Event.CHANGE): State.VOID,
    (State.APPROVED, Event.CHANGE): State.VOID,
    (State.APPROVED, Event.SIGN_IN): State.ASKED,
    (State.APPROVED, Event.ACCEPT): State.ACCEPTED,
    (State.APPROVED, Event.REFUSE): State.REFUSED,
    (State.APPROVED, Event.LAPSE): State.LAPSED,
    (State.APPROVED, Event.LOSE): State.UNSURE,
    (State.ACCEPTED, Event.SUCCEED): State.DONE,
    (State.ACCEPTED, Event.TARRY): State.STUCK,
    (State.STUCK, Event.SUCCEED): State.DONE,
    (State.STUCK, Event.GIVE_UP): State.FAILED,
    (State.UNSURE, Event.SUCCEED): State.DONE,
    (State.UNSURE, Event.GIVE_UP): State.FAILED,
}
"""The whole state machine: what is not here cannot happen."""

OPEN = frozenset(state for state, _ in NEXT)
"""One plan in such a state per subscription. All other states are ends."""
WATCHED = frozenset({State.ACCEPTED, State.STUCK, State.UNSURE})
TAKEN = frozenset({State.ACCEPTED, State.STUCK, State.DONE})
"""The change was taken by Partner Center, or is there."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is decided on. Nothing of it ever changes; `digest` names exactly this plan."""

    number: int
    kind: str
    partner: str
    customer_tenant_id: str
    customer_name: str
    reseller_name: str
    azure_plan_id: str
    entitlement_id: str
    entitlement_name: str
    alerts: tuple[str, ...]  # ids of those that it rests on; the first is the one it was asked from
    by_id: str
    by_name: str
    reason: str
    consent: str
    consent_note: str
    request_id: str  # MS-RequestId, the one and only
    asked_at: datetime
    expires_at: datetime
    conversation_id: str
    activity_id: str

    @property
    def label(self) -> str:
        return f"R-{self.number}"

    def is_about(self, alert: Alert) -> bool:
        return self.partner == alert.partner and self.entitlement_id.lower() == alert.subscription_id.lower()

    @property
    def half_time(self) -> datetime:
        return self.asked_at + (self.expires_at - self.asked_at) / 2

    @property
    def wanted_status(self) -> str:
        """The entitlement's status when all is done."""
        return "inactive" if self.kind == Kind.CANCEL else "active"

    @property
    def present_status(self) -> str:
        """The status that it must have to be changed."""
        return "active" if self.kind == Kind.CANCEL else "inactive"

    @property
    def digest(self) -> str:
        content = {name: str(value) if isinstance(value, datetime) else value for name, value in asdict(self).items()}
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:24]


@dataclass(frozen=True, slots=True)
class Mark:
    """How far the verdict `fraud` on one alert of a cancelled subscription has come. `done`: it is given, or another
    was; who opens the alert again after that means it."""

    tries: int = 0
    problem: str = ""
    done: bool = False

    @property
    def is_left(self) -> bool:
        """Nothing more is tried: it is done, or a person must give it."""
        return self.done or self.tries >= MARK_TRIES


@dataclass(frozen=True, slots=True)
class Cancellation:
    """A plan and its progress. `version` grows with each change, so that of two writers one wins."""

    plan: Plan
    state: str = State.ASKED
    version: int = 1
    approver_id: str = ""
    approver_name: str = ""
    approved_at: datetime | None = None
    sent: int = 0  # how often it may have reached Partner Center
    accepted_at: datetime | None = None
    ended_at: datetime | None = None
    outcome: str = ""  # why it ended, or waits, in words for all
    code: str = ""  # the foreign error code, for those who ask
    earliest_at: datetime | None = None  # before this Partner Center will not take another
    seen_status: str = ""  # of the entitlement, when it was watched last, or where it made the plan void
    seen_at: datetime | None = None
    notified: bool = False
    reminded: bool = False
    asked_names: tuple[str, ...] = ()  # who was asked to decide
    unreached: tuple[str, ...] = ()  # who should have been, and could not
    marks: Mapping[str, Mark] = field(default_factory=dict)  # by alert id
    attempts: int = 0
    due_at: datetime | None = None  # when it is looked after next; None: there is nothing left to do

    @property
    def number(self) -> int:
        return self.plan.number

    @property
    def label(self) -> str:
        return self.plan.label

    @property
    def concerns_until(self) -> datetime | None:
        """Alerts that were there by then are resolved with it. Where its answer was lost nobody knows when Partner
        Center accepted it: not before it was approved."""
        return self.accepted_at or (self.approved_at if self.state == State.DONE else None)

    @property
    def is_open(self) -> bool:
        return self.state in OPEN

    @property
    def is_decidable(self) -> bool:
        return self.state == State.ASKED

    @property
    def send_until(self) -> datetime:
        return (self.approved_at or self.plan.asked_at) + SEND_WITHIN

    def after(self, event: Event) -> Cancellation:
        """Itself in the state after an event. Raises KeyError where the state machine has no such step."""
        return replace(self, state=NEXT[State(self.state), event])

    def can(self, event: Event) -> bool:
        return (State(self.state), event) in NEXT


class Objection(StrEnum):
    """Why a plan is void. `detail` beside it says more."""

    GONE = "gone"  # Partner Center has no such subscription of that customer any more
    OTHER_PLAN = "other_plan"  # it stands under another Azure plan
    RENAMED = "renamed"
    NOT_IN_STATUS = "not_in_status"  # it is not active (or, for reactivating, not inactive) any more
    ALERT_DECIDED = "alert_decided"  # one that it rests on was found legitimate, or ignored
    REQUESTER_ROLE = "requester_role"
    APPROVER_ROLE = "approver_role"
    APP_MAY_NOT = "app_may_not"  # by its settings the application does not do this any more
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Found:
    """One objection, with what was found."""

    objection: Objection
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Seen:
    """What re-verification read, live. `azure_plan_id` is empty where the entitlement was not found."""

    azure_plan_id: str
    entitlement_name: str
    entitlement_status: str
    alerts: Mapping[str, Alert]
    requester: Roles
    at: datetime


_CLEARS = frozenset({Verdict.LEGITIMATE, Verdict.IGNORE})


def objections(plan: Plan, seen: Seen) -> tuple[Found, ...]:
    """All that makes the plan void; empty: it stands. New alerts and later observations are no objection."""
    return tuple(_objections(plan, seen))


def _objections(plan: Plan, seen: Seen) -> Iterable[Found]:
    if seen.at >= plan.expires_at:
        yield Found(Objection.EXPIRED)
    if not seen.azure_plan_id:
        yield Found(Objection.GONE)
    else:
        if seen.azure_plan_id.lower() != plan.azure_plan_id.lower():
            yield Found(Objection.OTHER_PLAN, seen.azure_plan_id)
        if seen.entitlement_name != plan.entitlement_name:
            yield Found(Objection.RENAMED, seen.entitlement_name)
        if seen.entitlement_status.lower() != plan.present_status:
            yield Found(Objection.NOT_IN_STATUS, seen.entitlement_status)
    for alert_id in plan.alerts if plan.kind == Kind.CANCEL else ():
        alert = seen.alerts.get(alert_id)
        if alert is not None and not alert.is_open and alert.resolved_reason.lower() in _CLEARS:
            yield Found(Objection.ALERT_DECIDED, f"{alert.name}: {alert.resolved_reason}")
    if not seen.requester.admin_agent:
        yield Found(Objection.REQUESTER_ROLE, plan.by_name)


def other_status(found: Iterable[Found]) -> str:
    """The status in which the subscription was found, where it is not the one that the plan needs; else empty."""
    return next((each.detail for each in found if each.objection is Objection.NOT_IN_STATUS), "")


def news(plan: Plan, records: Iterable[AlertRecord]) -> tuple[AlertRecord, ...]:
    """The open alerts on which the plan does not rest, whether they came since or were opened again: whoever approves
    has to have seen each. By number."""
    return tuple(sorted((record for record in records if _is_news(plan, record)), key=lambda record: record.number))


def _is_news(plan: Plan, record: AlertRecord) -> bool:
    """A plan never rests on tests, and one to reactivate only on the alert from which it was asked; of these only what
    came since is new."""
    if not record.alert.is_open or record.alert.id in plan.alerts:
        return False
    rests_on_all = plan.kind == Kind.CANCEL and not record.alert.is_test
    return rests_on_all or record.first_seen_at > plan.asked_at


def is_concerned(record: AlertRecord, until: datetime) -> bool:
    """An alert of the subscription that is open now and was then (`concerns_until`)."""
    return record.alert.is_open and was_there(record, until)


def was_there(record: AlertRecord, until: datetime) -> bool:
    """Raised before by Microsoft's clock, or seen before by ours."""
    return min(record.alert.detected_at, record.first_seen_at) <= until


@dataclass(frozen=True, slots=True)
class RequestCard:
    """A card of a request in one conversation: in the thread of an alert's card, on its own, or with one person."""

    id: str
    number: int
    conversation_id: str
    activity_id: str  # empty until Teams confirmed it
    created_at: datetime
    root_card_id: str = ""  # the alert's card in whose thread it stands
    person_id: str = ""  # whose personal chat it is
    mentions: tuple[tuple[str, str], ...] = ()  # (MRI, name) of those whom it calls; one person in their own chat
