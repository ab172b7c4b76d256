"""Drills: alerts of our own, with which a team practises. What one is, and how far it came. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.domain.alerts import RESPONSE_TARGET, Alert, AlertKey, AlertRecord, Status

GIVEN_UP_AFTER = timedelta(minutes=60)
"""A drill that nobody decided on by then ends by itself."""
A_DAY = 4
"""Drills of a partner within 24 hours, at most: people stop believing in alerts that are never real."""
ACKNOWLEDGE_TARGET = timedelta(minutes=15)
"""How soon somebody ought to be on it: the first step of the escalation."""
VERDICT_TARGET = RESPONSE_TARGET
CARD_PATIENCE = timedelta(minutes=2)
"""How long a decided drill waits for Teams to confirm its card before it is reported without."""
ALERT_TYPE = "Drill"


@dataclass(frozen=True, slots=True)
class Drill:
    """`id` is that of its alert. The moments are when the alert was recorded, when Teams confirmed its card, when
    somebody first took it up or decided, when it was decided, and when all this was reported; None: not yet, or never.
    """

    id: str
    partner: str
    conversation_id: str  # where it was asked for
    severity: str
    by_id: str
    by_name: str
    begun_at: datetime
    detected_at: datetime | None = None
    carded_at: datetime | None = None
    acknowledged_at: datetime | None = None
    acknowledged_by: str = ""
    decided_at: datetime | None = None
    decided_by: str = ""
    verdict: str = ""
    reported_at: datetime | None = None

    @property
    def key(self) -> AlertKey:
        return AlertKey(self.partner, self.id)

    def after(self, moment: datetime | None) -> timedelta | None:
        """How long after the beginning that was; never less than nothing."""
        return max(moment - self.begun_at, timedelta()) if moment is not None else None

    def is_given_up(self, now: datetime) -> bool:
        return now - self.begun_at >= GIVEN_UP_AFTER


def alert_of(drill: Drill, name: str, description: str) -> Alert:
    """The alert as it is found beside those of Partner Center. Its subscription bears the alert's own id, which no
    real one can have, and it has no customer."""
    return Alert(
        partner=drill.partner,
        id=drill.id,
        name=name,
        description=description,
        alert_type=ALERT_TYPE,
        status=Status.ACTIVE,
        severity=drill.severity,
        confidence="high",
        detected_at=drill.begun_at,
        first_observed_at=drill.begun_at,
        last_observed_at=drill.begun_at,
        customer_tenant_id="",
        subscription_id=drill.id,
        is_test=True,
    )


def followed(drill: Drill, record: AlertRecord, carded_at: datetime | None) -> Drill:
    """As far as it has come by now. What was written down once stays."""
    decision, log = record.decision, [entry for entry in record.alert.activity_log if entry.at is not None]
    decided = decision if decision is not None and decision.by_id and not record.alert.is_open else None
    taken = [(entry.at, record.work.taken_by or entry.by) for entry in log if entry.status_to == Status.INVESTIGATING]
    if record.work.assigned_id:
        taken.append((record.changed_at, record.work.assigned_name))
    if decided is not None:
        taken.append((decided.at, decided.by_name))
    first = min(((at, by) for at, by in taken if at is not None), default=None)
    found = replace(
        drill, detected_at=drill.detected_at or record.first_seen_at, carded_at=drill.carded_at or carded_at
    )
    if first is not None and found.acknowledged_at is None:
        found = replace(found, acknowledged_at=first[0], acknowledged_by=first[1])
    if decided is not None and found.decided_at is None:
        found = replace(found, decided_at=decided.at, decided_by=decided.by_name, verdict=decided.verdict)
    return found


def is_over(drill: Drill, now: datetime) -> bool:
    """Whether it can be reported: decided, and its card confirmed or waited for in vain."""
    if drill.decided_at is None:
        return False
    return drill.carded_at is not None or now - drill.decided_at >= CARD_PATIENCE


def in_time(span: timedelta | None, target: timedelta) -> bool | None:
    return span <= target if span is not None else None
