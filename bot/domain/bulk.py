"""One verdict for many alerts: the exact set that a button was drawn for, and how far the marking has come. Pure.

A set holds alerts of one partner and one status, never a resolved one and never a test, at most fifty. It is named by
its content, so that drawing the same twice is the same set.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from bot.domain.alerts import AlertKey, AlertRecord, Status
from bot.domain.decisions import Intent, IntentState

MOST = 50
"""Alerts in a set."""
FEWEST = 2
"""Of a single alert the alert's own card is the way."""
LIFE = timedelta(days=1)
"""After that nobody remembers what the button was drawn for."""
STATUSES = (Status.ACTIVE, Status.INVESTIGATING)
_ID_LENGTH = 12


@dataclass(frozen=True, slots=True)
class BulkSet:
    """What one button stands for. `alerts` are ids at Partner Center, in the order in which they were shown."""

    id: str
    partner: str
    conversation_id: str
    status: str
    alerts: tuple[str, ...]
    drawn_at: datetime

    @property
    def keys(self) -> tuple[AlertKey, ...]:
        return tuple(AlertKey(self.partner, alert) for alert in self.alerts)


def pinned(partner: str, conversation_id: str, status: str, alerts: Sequence[str], drawn_at: datetime) -> BulkSet:
    content = json.dumps([partner, conversation_id, status, sorted(alerts)])
    name = hashlib.sha256(content.encode()).hexdigest()[:_ID_LENGTH]
    return BulkSet(name, partner, conversation_id, status, tuple(alerts), drawn_at)


def sets_of(conversation_id: str, records: Iterable[AlertRecord], drawn_at: datetime) -> tuple[BulkSet, ...]:
    """The sets that these alerts make, one for each partner and status that has enough of them."""
    found: dict[tuple[str, str], dict[str, None]] = {}
    for record in records:
        alert, status = record.alert, record.alert.status.lower()
        if status in STATUSES and not alert.is_test:
            found.setdefault((alert.partner, status), {})[alert.id] = None
    return tuple(
        pinned(partner, conversation_id, status, list(alerts)[:MOST], drawn_at)
        for (partner, status), alerts in found.items()
        if len(alerts) >= FEWEST
    )


class Why(StrEnum):
    """Why an alert of the set is left out. `of` of LeftOut says more."""

    DECIDED = "decided"  # by `of`
    BUSY = "busy"  # `of` is deciding on it right now
    STATUS = "status"  # which is `of` now
    GONE = "gone"  # it is not in the store any more


class LeftOut(NamedTuple):
    label: str
    why: str
    of: str = ""


@dataclass(frozen=True, slots=True)
class BulkRun:
    """Somebody marks a set. What became of each alert is in its intent; `sent` counts what Partner Center took.

    `id` is also the delivery id of the card that shows it. `silent`: it came to nothing before anybody saw it, and the
    one who asked was told.
    """

    id: str
    set_id: str
    partner: str
    conversation_id: str
    thread: str
    verdict: str
    note: str
    by_id: str
    by_name: str
    at: datetime
    total: int
    left_out: tuple[LeftOut, ...] = ()
    sent: int = 0
    activity_id: str = ""
    silent: bool = False
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Tally:
    """The intents of a run by how they ended."""

    done: tuple[Intent, ...]
    overtaken: tuple[Intent, ...]
    failed: tuple[Intent, ...]
    open: tuple[Intent, ...]


def tally(intents: Iterable[Intent]) -> Tally:
    by_state: dict[str, list[Intent]] = {state: [] for state in IntentState}
    for intent in intents:
        by_state[intent.state].append(intent)
    return Tally(
        done=tuple(by_state[IntentState.DONE]),
        overtaken=tuple(by_state[IntentState.OVERTAKEN]),
        failed=tuple(by_state[IntentState.FAILED]),
        open=tuple(by_state[IntentState.OPEN]),
    )
