"""Between alerts and table rows, both ways. No statements are executed in here."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, and_, func, select

from bot.domain.alerts import (
    RESPONSE_TARGET,
    ActivityLogEntry,
    AffectedResource,
    Alert,
    AlertRecord,
    Decision,
    Status,
    Work,
    severity_rank,
)
from bot.store.column_types import clean
from bot.store.tables import alerts, names

_customers = names.alias("customers")
_resellers = names.alias("resellers")
_customer_join = and_(_customers.c.partner == alerts.c.partner, _customers.c.tenant_id == alerts.c.customer_lower)
_reseller_join = and_(_resellers.c.partner == alerts.c.partner, _resellers.c.tenant_id == alerts.c.reseller_lower)

LAST = "\U0010ffff"
"""Sorts after every name."""

_SAME = (
    *("name", "alert_type", "status", "severity", "confidence", "detected_at", "first_observed_at", "last_observed_at"),
    *("customer_tenant_id", "subscription_id", "reseller_tenant_id", "catalog_offer_id", "is_test"),
    *("resolved_reason", "resolved_by", "resolved_at"),
)
"""Fields of Alert that have a column of their own name."""


RECORDS: Select[Any] = (
    select(
        alerts,
        func.coalesce(_customers.c.name, "").label("customer_name"),
        func.coalesce(_resellers.c.name, "").label("reseller_name"),
    )
    .select_from(alerts)
    .outerjoin(_customers, _customer_join)
    .outerjoin(_resellers, _reseller_join)
)
"""All alerts with the names of their customers and resellers; to be narrowed by who uses it."""


def record_of(row: Row[Any]) -> AlertRecord:
    """What one row of RECORDS says."""
    document = row.document
    alert = Alert(
        partner=row.partner,
        id=row.id,
        description=document["description"],
        affected_resources=tuple(AffectedResource(*pair) for pair in document["resources"]),
        additional_details=tuple((key, value) for key, value in document["details"]),
        activity_log=tuple(
            ActivityLogEntry(status_from, status_to, by, datetime.fromisoformat(at) if at else None)
            for status_from, status_to, by, at in document["log"]
        ),
        **{name: getattr(row, name) for name in _SAME},
    )
    decision = None
    if row.decision_verdict is not None:
        decision = Decision(
            verdict=row.decision_verdict,
            by_name=row.decision_by_name,
            by_id=row.decision_by_id,
            at=row.decision_at,
            note=row.decision_note,
            via=row.decision_via,
        )
    return AlertRecord(
        alert=alert,
        number=row.number,
        version=row.version,
        first_seen_at=row.first_seen_at,
        changed_at=row.changed_at,
        customer_name=row.customer_name,
        reseller_name=row.reseller_name,
        decision=decision,
        work=Work(row.assigned_id, row.assigned_name, row.snoozed_until, row.snoozed_by, row.taken_by),
    )


def values_of(alert: Alert, decision: Decision | None) -> dict[str, Any]:
    """The columns that change with what the source says and with the decision; not the key, number, or version."""
    values = {name: getattr(alert, name) for name in _SAME}
    values |= {
        "document": _document(alert),
        "id_lower": alert.id.lower(),
        "alert_type_lower": alert.alert_type.lower(),
        "status_lower": alert.status.lower(),
        "severity_lower": alert.severity.lower(),
        "severity_rank": severity_rank(alert.severity),
        "customer_lower": alert.customer_tenant_id.lower(),
        "subscription_lower": alert.subscription_id.lower(),
        "reseller_lower": alert.reseller_tenant_id.lower(),
        "is_open": alert.is_open,
        "answered_late": _answered_late(alert),
    }
    fields = ("verdict", "by_name", "by_id", "at", "note", "via")
    values |= {f"decision_{name}": getattr(decision, name) if decision else None for name in fields}
    return values


def customer_sort(name_lower: str, tenant_lower: str) -> str:
    """By what a list in the order of customers has them: by name, and those without one last."""
    return name_lower or f"{LAST}{tenant_lower}"


def _answered_late(alert: Alert) -> bool | None:
    """The part of `filters.breached` that does not change with time; None while it does."""
    if alert.status.lower() != Status.RESOLVED or alert.resolved_at is None:
        return None
    return alert.resolved_at - alert.detected_at > RESPONSE_TARGET


def _document(alert: Alert) -> dict[str, Any]:
    return {
        "description": clean(alert.description),
        "resources": [[clean(resource.id), clean(resource.type)] for resource in alert.affected_resources],
        "details": [[clean(key), clean(value)] for key, value in alert.additional_details],
        "log": [
            [
                clean(entry.status_from),
                clean(entry.status_to),
                clean(entry.by),
                entry.at.isoformat() if entry.at else None,
            ]
            for entry in alert.activity_log
        ],
    }
