"""Sets of alerts that buttons were drawn for, and the runs in which they are marked."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, insert, select, text, update

from bot.domain.bulk import BulkRun, BulkSet, LeftOut
from bot.store.bulk_tables import bulk_runs, bulk_sets
from bot.store.session import Session

_IS_OPEN = text("ended_at IS NULL")  # written as the partial index is, or the databases would not use that


class SqlBulk:
    def __init__(self, session: Session) -> None:
        self._session = session

    async def pin(self, pinned: BulkSet) -> None:
        values = {
            "id": pinned.id,
            "partner": pinned.partner,
            "conversation_id": pinned.conversation_id,
            "status": pinned.status,
            "alerts": list(pinned.alerts),
            "drawn_at": pinned.drawn_at,
        }
        statement = self._session.insert(bulk_sets)
        again = {"drawn_at": statement.excluded.drawn_at}
        await self._session.execute(statement.on_conflict_do_update(index_elements=["id"], set_=again), values)

    async def pinned(self, set_id: str) -> BulkSet | None:
        row = await self._session.first(select(bulk_sets).where(bulk_sets.c.id == set_id))
        if row is None:
            return None
        return BulkSet(row.id, row.partner, row.conversation_id, row.status, tuple(row.alerts), row.drawn_at)

    async def prune(self, before: datetime) -> int:
        return await self._session.changed(delete(bulk_sets).where(bulk_sets.c.drawn_at < before))

    async def begin(self, run: BulkRun) -> None:
        values = {
            "id": run.id,
            "set_id": run.set_id,
            "partner": run.partner,
            "conversation_id": run.conversation_id,
            "thread": run.thread,
            "verdict": run.verdict,
            "note": run.note,
            "by_id": run.by_id,
            "by_name": run.by_name,
            "at": run.at,
            "total": run.total,
            "left_out": [list(left) for left in run.left_out],
            "sent": run.sent,
            "activity_id": run.activity_id,
            "silent": run.silent,
            "ended_at": run.ended_at,
        }
        await self._session.execute(insert(bulk_runs), values)

    async def run(self, run_id: str) -> BulkRun | None:
        row = await self._session.first(select(bulk_runs).where(bulk_runs.c.id == run_id))
        return _run(row) if row is not None else None

    async def open_runs(self, limit: int) -> tuple[BulkRun, ...]:
        statement = select(bulk_runs).where(_IS_OPEN).order_by(bulk_runs.c.at, bulk_runs.c.id).limit(limit)
        return tuple(map(_run, await self._session.rows(statement)))

    async def sent(self, run_id: str, count: int) -> None:
        await self._session.execute(update(bulk_runs).where(bulk_runs.c.id == run_id).values(sent=count))

    async def posted(self, run_id: str, activity_id: str) -> None:
        await self._session.execute(update(bulk_runs).where(bulk_runs.c.id == run_id).values(activity_id=activity_id))

    async def end(self, run_id: str, at: datetime, *, silent: bool = False) -> bool:
        statement = update(bulk_runs).where(bulk_runs.c.id == run_id, _IS_OPEN).values(ended_at=at, silent=silent)
        return await self._session.changed(statement) > 0


def _run(row: Row[Any]) -> BulkRun:
    return BulkRun(
        id=row.id,
        set_id=row.set_id,
        partner=row.partner,
        conversation_id=row.conversation_id,
        thread=row.thread,
        verdict=row.verdict,
        note=row.note,
        by_id=row.by_id,
        by_name=row.by_name,
        at=row.at,
        total=row.total,
        left_out=tuple(LeftOut(*left) for left in row.left_out),
        sent=row.sent,
        activity_id=row.activity_id,
        silent=row.silent,
        ended_at=row.ended_at,
    )
