"""The digests that people set, and what was decided lately."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, delete, func, select, update

from bot.domain.digest import Digest, Schedule
from bot.domain.filters import AlertQuery
from bot.ports import Decided
from bot.store.alert_selection import conditions
from bot.store.session import Session
from bot.store.tables import alerts
from bot.store.team_tables import digests


class SqlDigests:
    def __init__(self, session: Session) -> None:
        self._session = session

    async def of(self, conversation_id: str) -> tuple[Digest, ...]:
        return await self._all(select(digests).where(digests.c.conversation_id == conversation_id))

    async def put(self, digest: Digest) -> None:
        schedule = digest.schedule
        values = {
            "conversation_id": digest.conversation_id,
            "kind": str(schedule.kind),
            "zone": schedule.zone,
            "minute": schedule.minute,
            "weekday": schedule.weekday,
            "next_at": digest.next_at,
            "last_at": digest.last_at,
            "by_id": digest.by_id,
            "by_name": digest.by_name,
        }
        statement = self._session.insert(digests)
        keys = ["conversation_id", "kind"]
        rest = {name: statement.excluded[name] for name in values if name not in keys}
        await self._session.execute(statement.on_conflict_do_update(index_elements=keys, set_=rest), values)

    async def remove(self, conversation_id: str, kind: str) -> bool:
        statement = delete(digests).where(digests.c.conversation_id == conversation_id, digests.c.kind == str(kind))
        return bool(await self._session.changed(statement))

    async def due(self, now: datetime, limit: int) -> tuple[Digest, ...]:
        return await self._all(select(digests).where(digests.c.next_at <= now).order_by(digests.c.next_at).limit(limit))

    async def advance(self, digest: Digest, next_at: datetime, last_at: datetime | None) -> bool:
        statement = (
            update(digests)
            .where(
                digests.c.conversation_id == digest.conversation_id,
                digests.c.kind == str(digest.schedule.kind),
                digests.c.next_at == digest.next_at,
            )
            .values(next_at=next_at, last_at=last_at)
        )
        return bool(await self._session.changed(statement))

    async def decided(self, query: AlertQuery, since: datetime, limit: int) -> tuple[Decided, ...]:
        """The partner's index of resolved alerts gives the range; what is grouped are only those since then."""
        who = func.coalesce(alerts.c.decision_by_name, alerts.c.resolved_by).label("by_name")
        verdict = func.coalesce(alerts.c.decision_verdict, alerts.c.resolved_reason).label("verdict")
        wanted = (alerts.c.resolved_at.is_not(None), alerts.c.resolved_at >= since, ~alerts.c.is_open)
        found: Counter[tuple[str, str]] = Counter()
        for partner in sorted(query.partners):
            statement = (
                select(who, verdict, func.count().label("alerts"))
                .where(alerts.c.partner == partner, *wanted, *conditions(query))
                .group_by(who, verdict)
                .order_by(func.count().desc(), who, verdict)
                .limit(limit)
            )
            for row in await self._session.rows(statement):
                found[row.by_name, row.verdict] += row.alerts
        ordered = sorted(found.items(), key=lambda each: (-each[1], *each[0]))
        return tuple(Decided(by_name, verdict, count) for (by_name, verdict), count in ordered[:limit])

    async def resolved(self, query: AlertQuery, since: datetime) -> int:
        statement = (
            select(func.count())
            .select_from(alerts)
            .where(
                alerts.c.partner.in_(sorted(query.partners)),
                alerts.c.resolved_at.is_not(None),
                alerts.c.resolved_at >= since,
                ~alerts.c.is_open,
                *conditions(query),
            )
        )
        return int((await self._session.execute(statement)).scalar_one())

    async def _all(self, statement: Select[Any]) -> tuple[Digest, ...]:
        return tuple(_digest(row) for row in await self._session.rows(statement))


def _digest(row: Row[Any]) -> Digest:
    schedule = Schedule(row.kind, row.zone, row.minute, row.weekday)
    return Digest(row.conversation_id, schedule, row.next_at, row.by_id, row.by_name, row.last_at)
