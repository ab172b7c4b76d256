"""The end of snoozes: by the clock, and early where news of the alert end it. Runs inside the caller's transaction."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from bot.domain.alerts import AlertRecord, Work
from bot.domain.delivery import CardPost, ItemKind, NewItem
from bot.domain.snoozes import woken
from bot.domain.storms import RollUp
from bot.ports import Transaction

_PRIORITY = 5
"""As of other lines about one alert."""


def reminders(card: CardPost, record: AlertRecord, now: datetime) -> list[NewItem]:
    """What is to be said and drawn when the snooze ends. Dropped then, if it was changed or ended meanwhile."""
    until = record.work.snoozed_until
    if until is None or not record.work.sleeps(now):
        return []
    payload = {"snooze": until.isoformat()}
    return [
        NewItem(
            card.conversation_id,
            kind,
            card.id,
            payload,
            priority=_PRIORITY,
            dedup_key=f"snooze:{kind}:{card.id}:{until.isoformat()}",
            available_at=until,
        )
        for kind in (ItemKind.ALERT_UPDATE, ItemKind.SNOOZE_LINE)
    ]


def reminder_in(rollup: RollUp, record: AlertRecord, now: datetime) -> list[NewItem]:
    """The same for an alert that stands in a roll-up alone; dropped too, if it has a card of its own by then."""
    until = record.work.snoozed_until
    if until is None or not record.work.sleeps(now):
        return []
    key = record.alert.key
    item = NewItem(
        rollup.conversation_id,
        ItemKind.SNOOZE_LINE,
        rollup.id,
        {"snooze": until.isoformat(), "in_rollup": True, "alert": [key.partner, key.id]},
        priority=_PRIORITY,
        dedup_key=f"snooze:{rollup.id}:{record.number}:{until.isoformat()}",
        available_at=until,
    )
    return [item]


async def decided(tx: Transaction, record: AlertRecord, now: datetime) -> AlertRecord:
    """A verdict was given, or taken back: the snooze is over. Whose the alert is stays on record."""
    return await _put(tx, record, woken(record.work), now)


async def taken(tx: Transaction, record: AlertRecord, by_name: str, now: datetime) -> AlertRecord:
    """Somebody took it into investigation; without a name it was done elsewhere, and Partner Center's log says who."""
    return await _put(tx, record, replace(record.work, taken_by=by_name), now)


async def _put(tx: Transaction, record: AlertRecord, work: Work, now: datetime) -> AlertRecord:
    return record if work == record.work else await tx.alerts.set_work(record.alert.key, work, now)
