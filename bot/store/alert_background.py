"""What stands beside an alert, asked for whenever its card is drawn: one statement, of two short looks into indexes."""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter
from typing import Any

from sqlalchemy import Row, bindparam, false, literal, null, select, true, union_all

from bot.domain.alerts import AlertRecord, Note
from bot.domain.recurrence import Background, Earlier
from bot.store.column_types import Moment, Words
from bot.store.session import Session
from bot.store.tables import alerts, notes

_EARLIER = (
    select(
        false().label("is_note"),
        *(alerts.c[name] for name in ("number", "name", "alert_type", "detected_at")),
        *(alerts.c[name] for name in ("decision_verdict", "decision_by_name", "decision_at")),
    )
    .where(
        alerts.c.partner == bindparam("of_partner"),
        alerts.c.subscription_lower == bindparam("of_subscription"),
        alerts.c.detected_at < bindparam("before"),
        alerts.c.decision_verdict.is_not(None),
        ~alerts.c.is_test,
    )
    .order_by(alerts.c.detected_at.desc())
    .limit(bindparam("most"))
    .subquery()
)
_NOTE = (
    select(
        true().label("is_note"),
        notes.c.number,
        notes.c.text,
        literal("", Words).label("no_type"),
        notes.c.at,
        notes.c.by_id,
        notes.c.by_name,
        null().cast(Moment).label("no_time"),
    )
    .where(notes.c.number == bindparam("of_number"))
    .order_by(notes.c.id.desc())
    .limit(1)
    .subquery()
)
_BOTH = union_all(select(_EARLIER), select(_NOTE))


async def background_of(session: Session, record: AlertRecord, limit: int) -> Background:
    """An alert that names no subscription has no history."""
    alert = record.alert
    asked = {
        "of_partner": alert.partner,
        "of_subscription": alert.subscription_id.lower(),
        "before": alert.detected_at,
        "most": max(limit, 0) if alert.subscription_id else 0,
        "of_number": record.number,
    }
    rows = (await session.execute(_BOTH, asked)).all()
    note = next((_note(row) for row in rows if row.is_note), None)
    earlier = sorted((row for row in rows if not row.is_note), key=attrgetter("detected_at"), reverse=True)
    return Background(note, tuple(_earlier(row) for row in earlier))


def _earlier(row: Sequence[Any]) -> Earlier:
    return Earlier(*row[1:])


def _note(row: Row[Any]) -> Note:
    """Its parts stand in the columns of earlier alerts."""
    return Note(row.detected_at, row.decision_verdict, row.decision_by_name, row.name)
