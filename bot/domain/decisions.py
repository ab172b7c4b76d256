"""A verdict on its way to Partner Center: the intent row that is written before anything is sent, and its end."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.domain.alerts import AlertKey


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
