"""The rows of an export. The first columns are the dashboard's; then everything else that we know. Pure.

Cells that a spreadsheet would run as a formula are defused by a leading apostrophe.
https://owasp.org/www-community/attacks/CSV_Injection
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping
from datetime import datetime

from bot.domain.alerts import AlertKey, AlertRecord, Note, notification_kind

COLUMNS = (
    "Alert ID",
    "Alert name",
    "Subscription ID",
    "Status",
    "First observed",
    "Last observed",
    "Type",
    "Severity",
    "Number",
    "Alert type",
    "Customer",
    "Customer tenant ID",
    "Reseller",
    "Reseller tenant ID",
    "Partner",
    "Partner tenant ID",
    "Confidence",
    "Detected",
    "Respond by",
    "Resolved reason",
    "Resolved by",
    "Resolved on",
    "Decided by",
    "Decided in",
    "Decision note",
    "Notes",
    "Description",
    "Affected resources",
    "Additional details",
    "Activity log",
    "Catalog offer ID",
    "Test",
)

# What a spreadsheet does not show before the sign is skipped; the last four signs are full-width.
_FORMULA = re.compile(r"[\t\r\n]|[\s\x00-\x20\u200b-\u200f\u2060\ufeff]*[=+@\uff1d\uff0b\uff0d\uff20-]")


def encode(rows: Iterable[Iterable[str]]) -> bytes:
    """Rows as CSV in UTF-8, each ended by CRLF. https://www.rfc-editor.org/rfc/rfc4180"""
    out = io.StringIO()
    csv.writer(out).writerows([defuse(cell) for cell in row] for row in rows)
    return out.getvalue().encode()


def defuse(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if _FORMULA.match(cell) else cell


def row(record: AlertRecord, notes: Iterable[Note], partner_names: Mapping[str, str]) -> tuple[str, ...]:
    """One alert, in the order of COLUMNS. Times are ISO 8601 in UTC."""
    alert, decision = record.alert, record.decision
    return (
        alert.id,
        alert.name,
        alert.subscription_id,
        alert.status,
        _time(alert.first_observed_at),
        _time(alert.last_observed_at),
        notification_kind(alert.alert_type),
        alert.severity,
        record.label,
        alert.alert_type,
        record.customer_name,
        alert.customer_tenant_id,
        record.reseller_name,
        alert.reseller_tenant_id,
        partner_names.get(alert.partner, ""),
        alert.partner,
        alert.confidence,
        _time(alert.detected_at),
        _time(alert.respond_by),
        alert.resolved_reason,
        alert.resolved_by,
        _time(alert.resolved_at),
        decision.by_name if decision else "",
        {"teams": "Teams", "partner_center": "Partner Center"}.get(decision.via, decision.via) if decision else "",
        decision.note if decision else "",
        "\n".join(f"{_time(note.at)} {note.by_name}: {note.text}" for note in notes),
        alert.description,
        "\n".join(
            f"{resource.id} ({resource.type})" if resource.type else resource.id
            for resource in alert.affected_resources
        ),
        "\n".join(f"{name}: {value}" for name, value in alert.additional_details),
        "\n".join(
            f"{_time(entry.at)} {entry.status_from} -> {entry.status_to} by {entry.by}" for entry in alert.activity_log
        ),
        alert.catalog_offer_id,
        "yes" if alert.is_test else "no",
    )


def batch(
    records: Iterable[AlertRecord], notes: Mapping[AlertKey, tuple[Note, ...]], partner_names: Mapping[str, str]
) -> bytes:
    """Several alerts, encoded."""
    return encode(row(record, notes.get(record.alert.key, ()), partner_names) for record in records)


def header() -> bytes:
    return encode([COLUMNS])


def _time(moment: datetime | None) -> str:
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z") if moment else ""
