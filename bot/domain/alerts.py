"""A security alert as Partner Center reports it, and as we keep it. Values only.

Field names and meanings: https://learn.microsoft.com/graph/api/resources/partner-security-partnersecurityalert
Statuses, severities and reasons are an open set there; unknown values are kept as they came and never dropped.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

RESPONSE_TARGET = timedelta(hours=1)
"""Microsoft's recommended time to respond to an alert."""


DRILL = "drill-"
"""How the ids of our own alerts begin; Graph's are GUIDs."""


class Status(StrEnum):
    ACTIVE = "active"
    INVESTIGATING = "investigating"
    RESOLVED = "resolved"


class Severity(StrEnum):
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    INFORMATIONAL = "informational"


class Verdict(StrEnum):
    LEGITIMATE = "legitimate"
    FRAUD = "fraud"
    IGNORE = "ignore"


_SEVERITY_RANK: dict[str, int] = {Severity.HIGH: 4, Severity.MEDIUM: 3, Severity.LOW: 2, Severity.INFORMATIONAL: 1}


def severity_rank(severity: str) -> int:
    """4 for high down to 1 for informational; an unknown severity ranks with medium, so that it is never buried."""
    return _SEVERITY_RANK.get(severity.lower(), 3)


class AlertKey(NamedTuple):
    """What identifies an alert: the partner tenant (GUID, lower case) and Graph's opaque id."""

    partner: str
    id: str


@dataclass(frozen=True, slots=True)
class AffectedResource:
    id: str
    type: str


@dataclass(frozen=True, slots=True)
class ActivityLogEntry:
    """One change of status at Partner Center. `by` is a UPN, or an app's name."""

    status_from: str
    status_to: str
    by: str
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Alert:
    """An alert as its source reported it. All times are aware UTC."""

    partner: str
    id: str
    name: str
    description: str
    alert_type: str
    status: str
    severity: str
    confidence: str
    detected_at: datetime
    first_observed_at: datetime | None
    last_observed_at: datetime | None
    customer_tenant_id: str
    subscription_id: str
    reseller_tenant_id: str = ""
    catalog_offer_id: str = ""
    is_test: bool = False
    resolved_reason: str = ""
    resolved_by: str = ""
    resolved_at: datetime | None = None
    affected_resources: tuple[AffectedResource, ...] = ()
    additional_details: tuple[tuple[str, str], ...] = ()
    activity_log: tuple[ActivityLogEntry, ...] = ()

    @property
    def key(self) -> AlertKey:
        return AlertKey(self.partner, self.id)

    @property
    def is_open(self) -> bool:
        return self.status.lower() != Status.RESOLVED

    @property
    def is_drill(self) -> bool:
        """Raised by ourselves, to exercise the team: Partner Center knows nothing of it. Always a test alert, too."""
        return self.id.startswith(DRILL)

    @property
    def respond_by(self) -> datetime:
        return self.detected_at + RESPONSE_TARGET


@dataclass(frozen=True, slots=True)
class Decision:
    """The verdict on a resolved alert. `by_id` is empty where Partner Center, not we, recorded who decided."""

    verdict: str
    by_name: str
    by_id: str
    at: datetime
    note: str
    via: str  # "teams" or "partner_center"


@dataclass(frozen=True, slots=True)
class Work:
    """What the team made of an alert, in Alert Desk only: whose it is, until when it need not be shown, and who took it
    into investigation (Partner Center may know that person by the name of an app alone).

    `assigned_id` is an Entra object id, empty where it is nobody's. A snooze ends at `snoozed_until`."""

    assigned_id: str = ""
    assigned_name: str = ""
    snoozed_until: datetime | None = None
    snoozed_by: str = ""
    taken_by: str = ""

    def sleeps(self, now: datetime) -> bool:
        return self.snoozed_until is not None and now < self.snoozed_until


@dataclass(frozen=True, slots=True)
class AlertRecord:
    """An alert in our store. `version` grows with each change that a card shows; `number` is the 1042 of A-1042."""

    alert: Alert
    number: int
    version: int
    first_seen_at: datetime
    changed_at: datetime
    customer_name: str = ""
    reseller_name: str = ""
    decision: Decision | None = None
    work: Work = Work()

    @property
    def label(self) -> str:
        return f"A-{self.number}"


@dataclass(frozen=True, slots=True)
class Note:
    """A remark that a person left on an alert, in Alert Desk only (Partner Center has no field for it)."""

    at: datetime
    by_id: str
    by_name: str
    text: str


def notification_kind(alert_type: str) -> str:
    """The dashboard's coarse type: Azure Notification for service-health advisories, else Azure Usage."""
    return "Azure Notification" if alert_type.lower().startswith("servicehealth") else "Azure Usage"
