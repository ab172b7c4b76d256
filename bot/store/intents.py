"""Verdicts on their way to Partner Center. The database itself sees to it that one per alert is open."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, case, or_, select, text, update

from bot.domain.alerts import AlertKey, Status
from bot.domain.decisions import Intent, IntentState
from bot.errors import Transient
from bot.store.session import Session
from bot.store.tables import intents

HEAD_START = timedelta(seconds=10)
"""A new intent is left to whoever opened it for so long, before `due` offers it to all."""
ERROR_LENGTH = 500
_TRIES = 3
# Written as the partial indexes are, or the databases would not use those.
_IS_OPEN = text("state = 'open'")
_OF_RUNS = text("bulk <> ''")


class SqlIntents:
    def __init__(self, session: Session) -> None:
        self._session = session

    async def open(self, intent: Intent) -> Intent | None:
        values = {
            "id": intent.id,
            "partner": intent.alert.partner,
            "alert_id": intent.alert.id,
            "status": intent.status,
            "reason": intent.reason,
            "note": intent.note,
            "by_id": intent.by_id,
            "by_name": intent.by_name,
            "at": intent.at,
            "conversation_id": intent.conversation_id,
            "may_replace": intent.may_replace,
            "state": IntentState.OPEN.value,
            "attempts": intent.attempts,
            "error": intent.error,
            "owner": "",
            "claimed_until": intent.at + HEAD_START,
            "bulk": intent.bulk,
            "only_from": intent.only_from,
        }
        statement = self._session.insert(intents)
        statement = statement.on_conflict_do_nothing(index_elements=["partner", "alert_id"], index_where=_IS_OPEN)
        for _ in range(_TRIES):
            if await self._session.changed(statement, values):
                return None
            if (standing := await self.open_on(intent.alert)) is not None:
                return standing
            # It was closed between our two statements.
        raise Transient("Others are deciding on this alert at this very moment.")

    async def get(self, intent_id: str) -> Intent | None:
        return _intent(await self._session.first(select(intents).where(intents.c.id == intent_id)))

    async def open_on(self, key: AlertKey) -> Intent | None:
        statement = select(intents).where(intents.c.partner == key.partner, intents.c.alert_id == key.id, _IS_OPEN)
        return _intent(await self._session.first(statement))

    async def claim(self, intent_id: str, owner: str, now: datetime, lease: float) -> bool:
        """An intent that was never claimed is free at once; one that was given back, from the time named then."""
        statement = (
            update(intents)
            .where(intents.c.id == intent_id, _IS_OPEN, _is_free(owner, now))
            .values(owner=owner, claimed_until=now + timedelta(seconds=lease), attempts=intents.c.attempts + 1)
        )
        return await self._session.changed(statement) == 1

    async def hold(self, intent_ids: Iterable[str], owner: str, now: datetime, lease: float) -> frozenset[str]:
        until, ids = now + timedelta(seconds=lease), sorted(intent_ids)
        tries = case((intents.c.owner == owner, intents.c.attempts), else_=intents.c.attempts + 1)
        mine = intents.c.id.in_(ids), _IS_OPEN
        taking = update(intents).where(*mine, _is_free(owner, now))
        await self._session.execute(taking.values(owner=owner, claimed_until=until, attempts=tries))
        held = select(intents.c.id).where(*mine, intents.c.owner == owner, intents.c.claimed_until == until)
        return frozenset(row.id for row in await self._session.rows(held))

    async def of_bulk(self, run_id: str) -> tuple[Intent, ...]:
        statement = select(intents).where(intents.c.bulk == run_id, _OF_RUNS).order_by(intents.c.alert_id)
        return tuple(filter(None, map(_intent, await self._session.rows(statement))))

    async def due(self, now: datetime, limit: int) -> tuple[Intent, ...]:
        statement = (
            select(intents)
            .where(_IS_OPEN, intents.c.claimed_until <= now)
            .order_by(intents.c.at, intents.c.id)
            .limit(limit)
        )
        return tuple(filter(None, map(_intent, await self._session.rows(statement))))

    async def later(self, intent_id: str, at: datetime, error: str) -> None:
        await self._change(intent_id, owner="", claimed_until=at, error=error[:ERROR_LENGTH])

    async def wake(self, intent_id: str, now: datetime) -> bool:
        return await self._change(intent_id, _waits(now), claimed_until=now)

    async def set_aside(self, intent_id: str, now: datetime, error: str) -> bool:
        ended = {"state": IntentState.OVERTAKEN.value, "error": error[:ERROR_LENGTH]}
        return await self._change(intent_id, _waits(now), **ended)

    async def resolved_since(self, partner: str, since: datetime) -> frozenset[str]:
        done = select(intents.c.alert_id).where(
            intents.c.partner == partner,
            intents.c.at >= since,
            intents.c.state == IntentState.DONE.value,
            intents.c.status == Status.RESOLVED.value,
        )
        return frozenset(row.alert_id for row in await self._session.rows(done))

    async def close(self, intent_id: str, state: str, error: str = "") -> bool:
        return await self._change(intent_id, state=IntentState(state).value, error=error[:ERROR_LENGTH])

    async def _change(self, intent_id: str, *also: ColumnElement[bool], **values: Any) -> bool:
        statement = update(intents).where(intents.c.id == intent_id, _IS_OPEN, *also).values(values)
        return await self._session.changed(statement) > 0


def _is_free(owner: str, now: datetime) -> ColumnElement[bool]:
    never_claimed = and_(intents.c.owner == "", intents.c.attempts == 0)
    return or_(intents.c.claimed_until <= now, intents.c.owner == owner, never_claimed)


def _waits(now: datetime) -> ColumnElement[bool]:
    """It was tried, and given back until a time that is still to come: nothing of it is being sent."""
    return and_(intents.c.owner == "", intents.c.attempts > 0, intents.c.claimed_until > now)


def _intent(row: Row[Any] | None) -> Intent | None:
    if row is None:
        return None
    return Intent(
        id=row.id,
        alert=AlertKey(row.partner, row.alert_id),
        status=row.status,
        reason=row.reason,
        note=row.note,
        by_id=row.by_id,
        by_name=row.by_name,
        at=row.at,
        conversation_id=row.conversation_id,
        may_replace=row.may_replace,
        state=row.state,
        attempts=row.attempts,
        error=row.error,
        bulk=row.bulk,
        only_from=row.only_from,
    )
