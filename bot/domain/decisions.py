"""A verdict on its way to Partner Center: the intent row that is written before anything is sent, and its end."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from bot.domain.alerts import Alert, AlertKey, Status
from bot.domain.changes import last_change

CLOCKS_APART = timedelta(minutes=2)
"""How far Microsoft's clock and ours may differ when the activity log is asked whether a change was ours."""


class IntentState(StrEnum):
    OPEN = "open"  # written down; the change may or may not have reached Partner Center
    DONE = "done"  # read back at Partner Center as asked
    OVERTAKEN = "overtaken"  # someone else decided first; ours was not sent, or did not win
    FAILED = "failed"  # refused for good; nothing was changed


@dataclass(frozen=True, slots=True)
class Intent:
    """One person's wish to change one alert. At most one per alert is open at any time.

    `status` is the target (`resolved`, `investigating`, or `active`), `reason` the verdict for `resolved`, else empty.
    `may_replace` is true for a change of verdict: only then may it be sent to an alert that is resolved already.
    `bulk` is the run in which many alerts are marked together, and `only_from` the one status from which it then may be
    changed; both are empty for an intent of its own.
    """

    id: str
    alert: AlertKey
    status: str
    reason: str
    note: str
    by_id: str
    by_name: str
    at: datetime
    conversation_id: str
    may_replace: bool = False
    state: str = IntentState.OPEN
    attempts: int = 0
    error: str = ""
    bulk: str = ""
    only_from: str = ""


def reached(alert: Alert, intent: Intent) -> bool:
    """Whether the alert stands as the intent wants it."""
    if alert.status.lower() != intent.status:
        return False
    return intent.status != Status.RESOLVED or alert.resolved_reason.lower() == intent.reason


def may_send(alert: Alert, intent: Intent) -> bool:
    """Whether the alert, as it stands, is what the person decided on: nobody else was faster."""
    if intent.only_from and alert.status.lower() != intent.only_from:
        return False
    return alert.is_open or intent.may_replace


def gives_way(under_way: Intent, status: str) -> bool:
    """Whether a wish for `status` may take the place of what is still on its way: a verdict, of what is none."""
    return status == Status.RESOLVED and under_way.status != Status.RESOLVED


def may_be_ours(alert: Alert, intent: Intent) -> bool:
    """After doubt: the change that we find is ours unless it was made before we began."""
    _, at = last_change(alert)
    return at is None or at >= intent.at - CLOCKS_APART
