"""What it means that Partner Center now says something else about an alert than our record does. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.domain.alerts import Alert, AlertRecord, Decision, Status


class ChangeKind(StrEnum):
    NONE = "none"
    FACTS = "facts"  # observed again, more resources, another severity
    RESOLVED = "resolved"
    REOPENED = "reopened"
    INVESTIGATING = "investigating"
    OTHER_STATUS = "other status"  # a status that we do not know, or back to active from investigating
    OTHER_VERDICT = "other verdict"


@dataclass(frozen=True, slots=True)
class Change:
    """`by` and `at` say who did it and when, as far as Partner Center's activity log tells; both can be empty."""

    kind: ChangeKind
    by: str = ""
    at: datetime | None = None


NO_CHANGE = Change(ChangeKind.NONE)


def compare(record: AlertRecord, now_says: Alert) -> Change:
    """The one change that people want to hear of; a change of status outweighs changed facts."""
    before = record.alert
    if before == now_says:
        return NO_CHANGE
    by, at = last_change(now_says)
    was, is_now = before.status.lower(), now_says.status.lower()
    if was != is_now:
        if is_now == Status.RESOLVED:
            return Change(ChangeKind.RESOLVED, now_says.resolved_by or by, now_says.resolved_at or at)
        if was == Status.RESOLVED:
            return Change(ChangeKind.REOPENED, by, at)
        if is_now == Status.INVESTIGATING:
            return Change(ChangeKind.INVESTIGATING, by, at)
        return Change(ChangeKind.OTHER_STATUS, by, at)
    if is_now == Status.RESOLVED and before.resolved_reason.lower() != now_says.resolved_reason.lower():
        return Change(ChangeKind.OTHER_VERDICT, now_says.resolved_by or by, now_says.resolved_at or at)
    return Change(ChangeKind.FACTS, by, at)


def last_change(alert: Alert) -> tuple[str, datetime | None]:
    """Who changed the alert's status last, and when."""
    dated = [entry for entry in alert.activity_log if entry.at is not None]
    latest = max(dated, key=lambda entry: entry.at or alert.detected_at, default=None)
    return (latest.by, latest.at) if latest else ("", None)


def decision_seen(alert: Alert, known: Decision | None, now: datetime) -> Decision | None:
    """The decision that a resolved alert carries. Ours stays as long as Partner Center still says the same verdict."""
    if alert.is_open:
        return None
    verdict = alert.resolved_reason.lower()
    if known is not None and known.verdict == verdict:
        return known
    by, at = last_change(alert)
    return Decision(
        verdict=verdict,
        by_name=alert.resolved_by or by,
        by_id="",
        at=alert.resolved_at or at or now,
        note="",
        via="partner_center",
    )
