"""Which alerts wait for an answer in a conversation, and how far their escalation has come there."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, delete, exists, func, or_, select, text, update

from bot.domain.alerts import DRILL, AlertKey, Severity, Status, severity_rank
from bot.domain.escalation import Taken, Waiting, Window
from bot.store.alert_selection import starts_with
from bot.store.rollup_tables import rollup_members, rollups
from bot.store.session import Session
from bot.store.tables import IS_OPEN, alerts, cards, intents
from bot.store.team_tables import escalations

# Written as the partial index is, or SQLite would not use it.
_INTENT_OPEN = text("intents.state = 'open'")


class SqlEscalations:
    def __init__(self, session: Session) -> None:
        self._session = session

    async def waiting(
        self,
        conversation_id: str,
        partners: Collection[str],
        windows: Sequence[Window],
        detected_from: datetime,
        now: datetime,
        after: int,
        limit: int,
    ) -> tuple[Waiting, ...]:
        if not windows or not partners:
            return ()
        statement = (
            select(
                *(alerts.c.number, alerts.c.partner, alerts.c.id, escalations.c.step, escalations.c.at),
                *(cards.c.id.label("card_id"), cards.c.created_at),
                *(rollup_members.c.rollup_id, rollup_members.c.joined_at),
            )
            .select_from(alerts)
            .outerjoin(
                escalations,
                and_(escalations.c.number == alerts.c.number, escalations.c.conversation_id == conversation_id),
            )
            .outerjoin(
                cards,
                and_(
                    cards.c.partner == alerts.c.partner,
                    cards.c.alert_id == alerts.c.id,
                    cards.c.conversation_id == conversation_id,
                    cards.c.replaced_by == "",
                ),
            )
            .outerjoin(
                rollup_members,
                and_(
                    rollup_members.c.number == alerts.c.number,
                    rollup_members.c.left_at.is_(None),
                    rollup_members.c.rollup_id.in_(
                        select(rollups.c.id).where(rollups.c.conversation_id == conversation_id)
                    ),
                ),
            )
            .where(
                IS_OPEN,
                alerts.c.partner.in_(sorted(partners)),
                alerts.c.number > after,
                alerts.c.detected_at >= detected_from,
                *_unanswered(now),
                or_(*map(_falls_into, windows)),
            )
            .order_by(alerts.c.number)
            .limit(limit)
        )
        return tuple(_waiting(row) for row in await self._session.rows(statement))

    async def taken(self, conversation_id: str, number: int) -> Taken:
        found = await self._session.first(
            select(escalations.c.step, escalations.c.at).where(
                escalations.c.number == number, escalations.c.conversation_id == conversation_id
            )
        )
        return Taken(found.step, found.at) if found is not None else Taken()

    async def take(self, conversation_id: str, number: int, step: int, now: datetime) -> bool:
        if step == 1:
            values = {"number": number, "conversation_id": conversation_id, "step": step, "at": now}
            return await self._session.changed(self._session.insert(escalations).on_conflict_do_nothing(), values) == 1
        statement = update(escalations).where(
            escalations.c.number == number,
            escalations.c.conversation_id == conversation_id,
            escalations.c.step == step - 1,
        )
        return await self._session.changed(statement.values(step=step, at=now)) == 1

    async def taken_since(self, conversation_id: str, step: int, since: datetime) -> int:
        statement = select(func.count()).where(
            escalations.c.conversation_id == conversation_id, escalations.c.step == step, escalations.c.at > since
        )
        return int((await self._session.execute(statement)).scalar_one())

    async def prune(self, before: datetime) -> int:
        return await self._session.changed(delete(escalations).where(escalations.c.at < before))


def _unanswered(now: datetime) -> tuple[ColumnElement[bool], ...]:
    """As domain/escalation.py's `waits` has it; and nobody's answer is being written right now."""
    answering = exists().where(intents.c.partner == alerts.c.partner, intents.c.alert_id == alerts.c.id, _INTENT_OPEN)
    return (
        alerts.c.status_lower == Status.ACTIVE.value,
        alerts.c.assigned_id == "",
        or_(~alerts.c.is_test, starts_with(alerts.c.id, DRILL)),
        or_(
            alerts.c.severity_rank == severity_rank(Severity.HIGH),
            alerts.c.snoozed_until.is_(None),
            alerts.c.snoozed_until <= now,
        ),
        ~answering,
    )


def _falls_into(window: Window) -> ColumnElement[bool]:
    return and_(
        alerts.c.severity_rank == window.rank,
        func.coalesce(escalations.c.step, 0) == window.taken,
        alerts.c.detected_at <= window.detected_by,
    )


def _waiting(row: Row[Any]) -> Waiting:
    return Waiting(
        alert=AlertKey(row.partner, row.id),
        number=row.number,
        taken=Taken(row.step, row.at) if row.step else Taken(),
        card_id=row.card_id or "",
        rollup_id=row.rollup_id or "",
        came_at=row.created_at or row.joined_at,
    )
