"""Between cancellations and table rows, both ways. No statements are executed in here."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from bot.domain.cancellations import Cancellation, Mark, Plan
from bot.errors import Permanent
from bot.store.column_types import clean, in_utc

_SAME = (
    *("state", "approver_id", "approver_name", "approved_at", "sent", "accepted_at", "ended_at", "outcome", "code"),
    *("earliest_at", "seen_status", "seen_at", "notified", "reminded", "attempts", "due_at"),
)
"""Fields of progress that have a column of their own name, and are written as they are."""


def plan_values(plan: Plan) -> dict[str, Any]:
    """The columns that are written once. The document holds each text as it is, so that the digest stays the same."""
    document = asdict(plan)
    for name in ("asked_at", "expires_at"):
        in_utc(document[name])  # refuses a time without zone
        document[name] = document[name].isoformat()
    return _keys(plan) | {
        "plan": document,
        "kind": str(plan.kind),
        "asked_at": plan.asked_at,
        "expires_at": plan.expires_at,
    }


def progress_values(cancellation: Cancellation) -> dict[str, Any]:
    """The columns that change, but for version and owner."""
    values = {name: getattr(cancellation, name) for name in _SAME}
    return values | {
        "state": str(cancellation.state),
        "is_open": cancellation.is_open,
        "asked_names": cancellation.asked_names,
        "unreached": cancellation.unreached,
        "marks": {alert_id: [mark.tries, mark.problem, mark.done] for alert_id, mark in cancellation.marks.items()},
    }


def cancellation_of(row: Row[Any]) -> Cancellation:
    """Raises Permanent (`plan_changed`) where the plan is not what it was when it was asked for."""
    return Cancellation(
        plan=_plan_of(row),
        version=row.version,
        asked_names=tuple(row.asked_names),
        unreached=tuple(row.unreached),
        marks={alert_id: Mark(*mark) for alert_id, mark in row.marks.items()},
        **{name: getattr(row, name) for name in _SAME},
    )


def intact(row: Row[Any]) -> Cancellation | None:
    """As `cancellation_of`; None where the plan was changed, for those who read many."""
    try:
        return cancellation_of(row)
    except Permanent:
        return None


def _plan_of(row: Row[Any]) -> Plan:
    document = row.plan
    try:
        plan = Plan(
            **document
            | {
                "alerts": tuple(document["alerts"]),
                "asked_at": datetime.fromisoformat(document["asked_at"]),
                "expires_at": datetime.fromisoformat(document["expires_at"]),
            }
        )
        keys = _keys(plan)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise _changed(row.number) from error
    if any(row._mapping[name] != value for name, value in keys.items()):
        raise _changed(row.number)
    return plan


def _keys(plan: Plan) -> dict[str, Any]:
    """What of the plan stands beside the document, exactly as it is read back."""
    return {
        "number": plan.number,
        "digest": plan.digest,
        "request_id": clean(plan.request_id),
        "partner": clean(plan.partner),
        "entitlement_lower": clean(plan.entitlement_id.lower()),
    }


def _changed(number: int) -> Permanent:
    return Permanent(f"The stored plan of R-{number} is not the one that was asked for.", code="plan_changed")
