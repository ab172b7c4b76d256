"""Requests to cancel or reactivate for tests: one in each state, as the services leave it, its alerts and its cards."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from bot.domain.alerts import AffectedResource, AlertRecord
from bot.domain.cancellations import Cancellation, Consent, Kind, Mark, Plan, RequestCard, State
from tests.factories import CHANNEL, MAX, NOW, SUBSCRIPTION, alert, decision, plan, record

ASKED_AT = NOW - timedelta(minutes=30)
APPROVED_AT = ASKED_AT + timedelta(minutes=12)
ACCEPTED_AT = APPROVED_AT + timedelta(seconds=4)
ENDED_AT = APPROVED_AT + timedelta(minutes=9)


def full_plan(**changes: Any) -> Plan:
    """One with everything that a plan can say."""
    values: dict[str, Any] = {
        "customer_name": "Contoso Ltd",
        "reseller_name": "Trey Research",
        "entitlement_name": "Production web shop",
        "alerts": ("alert-0", "alert-1", "alert-2", "alert-3"),
        "reason": "Four GPU machines in a region that they never used, all talking to mining pools since noon.",
        "consent": Consent.AGREED.value,
        "consent_note": "Kim Larsen, their IT lead, called back at 13:40 and wants it stopped now.",
        "asked_at": ASKED_AT,
        "expires_at": ASKED_AT + timedelta(hours=4),
    }
    return plan(**(values | changes))


_APPROVED: dict[str, Any] = {
    "approver_id": MAX.aad_id,
    "approver_name": "Max",
    "approved_at": APPROVED_AT,
    "sent": 1,
    "due_at": NOW,
}
_STATES: dict[State, dict[str, Any]] = {
    State.ASKED: {"due_at": NOW},
    State.APPROVED: _APPROVED,
    State.ACCEPTED: {**_APPROVED, "accepted_at": ACCEPTED_AT, "seen_status": "active", "seen_at": NOW},
    State.STUCK: {**_APPROVED, "accepted_at": ACCEPTED_AT, "seen_status": "active", "seen_at": NOW},
    State.UNSURE: {**_APPROVED, "outcome": "More than 15 minutes went by since the approval.", "seen_status": "active"},
    State.DONE: {**_APPROVED, "accepted_at": ACCEPTED_AT, "ended_at": ENDED_AT, "seen_status": "inactive"},
    State.REJECTED: {
        "approver_id": MAX.aad_id,
        "approver_name": "Max",
        "outcome": "They run a planned rendering job.",
        "ended_at": ENDED_AT,
    },
    State.WITHDRAWN: {"outcome": "", "ended_at": ENDED_AT},
    State.EXPIRED: {"ended_at": ASKED_AT + timedelta(hours=4)},
    State.VOID: {
        "outcome": "Something changed since it was asked: an alert that it rests on was decided otherwise (M: ignore).",
        "ended_at": ENDED_AT,
    },
    State.REFUSED: {
        **_APPROVED,
        "outcome": "Partner Center answered 900278: it still works on an earlier change of this subscription.",
        "code": "900278",
        "ended_at": ENDED_AT,
        "earliest_at": ENDED_AT + timedelta(hours=24),
        "due_at": None,
    },
    State.LAPSED: {**_APPROVED, "ended_at": ENDED_AT, "due_at": None},
    State.FAILED: {
        **_APPROVED,
        "accepted_at": ACCEPTED_AT,
        "seen_status": "active",
        "ended_at": ACCEPTED_AT + timedelta(hours=24),
        "due_at": None,
    },
}


def request(state: State = State.ASKED, *, of: Plan | None = None, **changes: Any) -> Cancellation:
    """As the services leave one in that state; two people were asked and one could not be reached."""
    values: dict[str, Any] = {
        "notified": True,
        "asked_names": ("Max", "Gil"),
        "unreached": ("Nora",),
        **_STATES[state],
    }
    return Cancellation(of or full_plan(), state, **(values | changes))


def reactivation(state: State = State.ASKED, **changes: Any) -> Cancellation:
    of = full_plan(
        number=13,
        kind=Kind.REACTIVATE.value,
        alerts=("alert-0",),
        reason="All keys were changed, and the customer asked for it in writing.",
        consent="",
        consent_note="",
    )
    return request(state, of=of, **changes)


def about(number: int, **changes: Any) -> AlertRecord:
    """An alert of the subscription: alert-0 is A-1042, alert-1 A-1043, and so on; the first four are in the plan."""
    resources = tuple(
        AffectedResource(
            f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-batch/providers/Microsoft.Compute/virtualMachines/vm-{n}",
            "",
        )
        for n in range(number, number + 3)
    )
    values = {
        "severity": ("high", "medium", "low")[number % 3],
        "affected_resources": resources,
        "detected_at": ASKED_AT + timedelta(minutes=number - 6),
    }
    made = alert(f"alert-{number}", **(values | changes))
    return record(made, number=1042 + number, first_seen_at=made.detected_at)


def found_fraud(number: int, **changes: Any) -> AlertRecord:
    """One of them that was resolved as fraud after the cancel was accepted."""
    of = about(
        number,
        status="resolved",
        resolved_reason="fraud",
        resolved_by="max",
        resolved_at=ACCEPTED_AT + timedelta(minutes=1),
        **changes,
    )
    made = decision(by_name="Max", by_id=MAX.aad_id, at=ACCEPTED_AT + timedelta(minutes=1))
    return AlertRecord(
        of.alert, of.number, of.version, of.first_seen_at, of.changed_at, of.customer_name, decision=made
    )


ALERTS = tuple(about(number) for number in range(4))
"""The four open alerts that the plan rests on."""
AND_NEW = (*ALERTS, about(8), about(9))
"""The same, and two that came since."""
MARKED = (about(3), *(found_fraud(number) for number in range(3)))
"""After the cancel: three are resolved, and one is not."""
MARKS = {"alert-3": Mark(2, "Partner Center did not answer in time.")}


def card(**changes: Any) -> RequestCard:
    """A request's card in the thread, which mentions two people."""
    values: dict[str, Any] = {
        "id": "request-card-one",
        "number": 12,
        "conversation_id": CHANNEL,
        "activity_id": "",
        "created_at": ASKED_AT,
        "root_card_id": "card-one",
        "mentions": (("29:max", "Max Manager"), ("29:gil", "Gil_*Global*")),
    }
    return RequestCard(**(values | changes))


def personal_card(**changes: Any) -> RequestCard:
    return card(**({"root_card_id": "", "person_id": MAX.aad_id, "mentions": (), "conversation_id": "a:max"} | changes))
