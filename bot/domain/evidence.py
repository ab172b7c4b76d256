"""An evidence pack: what belongs into it, alerts in Partner Center's own shape, and the file itself. Pure.

The same content always makes the same bytes, so that two packs of one state can be compared by their hash.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import IO, Any

from bot.domain.alerts import Alert, AlertKey, AlertRecord, Note
from bot.domain.audit import AuditRow, Head
from bot.domain.cancellations import Cancellation

MOST_ALERTS = 500
MOST_REQUESTS = 100
MOST_ROWS = 20_000
"""Audit rows."""

MANIFEST = "MANIFEST.txt"
_LONG_AGO = (1980, 1, 1, 0, 0, 0)
"""The earliest time that a zip can say. Another would make every pack another file."""
_UNIX, _READABLE = 3, 0o644 << 16


@dataclass(frozen=True, slots=True)
class Pack:
    """Everything about one subscription, or about one alert that names none. `subject` is that subscription's id or
    that alert's number; `alerts` and `rows` say how many there are, where not all of them are in here. `rows` are the
    audit rows that name one of these alerts or requests, or the subscription; `head` and `as_of` are of their chain."""

    subject: str
    partner: str
    partner_name: str
    records: tuple[AlertRecord, ...]  # earliest usage first
    alerts: int
    notes: Mapping[AlertKey, tuple[Note, ...]]
    requests: tuple[Cancellation, ...]  # oldest first
    rows: tuple[AuditRow, ...]
    rows_found: int
    head: Head
    as_of: datetime | None


def alert_json(alert: Alert) -> bytes:
    """The alert with the names that Graph gives its fields.
    https://learn.microsoft.com/graph/api/resources/partner-security-partnersecurityalert"""
    content: dict[str, Any] = {
        "id": alert.id,
        "displayName": alert.name,
        "description": alert.description,
        "alertType": alert.alert_type,
        "status": alert.status,
        "severity": alert.severity,
        "confidenceLevel": alert.confidence,
        "detectedDateTime": stamp(alert.detected_at),
        "firstObservedDateTime": stamp(alert.first_observed_at),
        "lastObservedDateTime": stamp(alert.last_observed_at),
        "customerTenantId": alert.customer_tenant_id,
        "subscriptionId": alert.subscription_id,
        "valueAddedResellerTenantId": alert.reseller_tenant_id,
        "catalogOfferId": alert.catalog_offer_id,
        "isTest": alert.is_test,
        "resolvedReason": alert.resolved_reason,
        "resolvedBy": alert.resolved_by,
        "resolvedOnDateTime": stamp(alert.resolved_at),
        "affectedResources": [
            {"resourceId": resource.id, "resourceType": resource.type} for resource in alert.affected_resources
        ],
        "additionalDetails": dict(alert.additional_details),
        "activityLogs": [
            {
                "statusFrom": entry.status_from,
                "statusTo": entry.status_to,
                "updatedBy": entry.by,
                "updatedDateTime": stamp(entry.at),
            }
            for entry in alert.activity_log
        ],
    }
    return json.dumps(content, indent=2, ensure_ascii=True).encode() + b"\n"


def stamp(moment: datetime | None) -> str | None:
    """`2026-11-21T14:05:09Z`; None where nothing is known."""
    return moment.isoformat().replace("+00:00", "Z") if moment is not None else None


def write_zip(files: Iterable[tuple[str, bytes]], out: IO[bytes]) -> None:
    """The files in the order given, and last the manifest: a line `<SHA-256>  <name>` for each, as `sha256sum --check`
    reads it. Names are the caller's own: relative, ASCII, of no foreign text. Raises ValueError for others."""
    lines = []
    with zipfile.ZipFile(out, "w") as pack:
        for name, content in files:
            if not _is_plain(name):
                raise ValueError(f"not a name for a file in a pack: {name!r}")
            lines.append(f"{hashlib.sha256(content).hexdigest()}  {name}\n")
            pack.writestr(_entry(name), content, compresslevel=6)
        pack.writestr(_entry(MANIFEST), "".join(lines).encode(), compresslevel=6)


def _entry(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, _LONG_AGO)
    info.compress_type, info.create_system, info.external_attr = zipfile.ZIP_DEFLATED, _UNIX, _READABLE
    return info


def _is_plain(name: str) -> bool:
    parts = name.split("/")
    return name.isascii() and all(part.replace("-", "").replace(".", "").isalnum() for part in parts)
