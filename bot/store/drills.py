"""Drills, by the id of their alert. The database itself sees to it that one per partner is under way."""

from __future__ import annotations

from dataclasses import fields
from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, select, text, update

from bot.domain.delivery import ItemKind
from bot.domain.drills import Drill
from bot.errors import Transient
from bot.store.session import Session
from bot.store.tables import cards, outbox
from bot.store.team_tables import drills

# Written as the partial index is, or the databases would not use it.
_IS_OPEN = text("reported_at IS NULL")
_IS_SENT = text("state = 'sent'")
_FIELDS = tuple(field.name for field in fields(Drill))
_TRIES = 3


class SqlDrills:
    def __init__(self, session: Session) -> None:
        self._session = session

    async def begin(self, drill: Drill) -> Drill | None:
        statement = self._session.insert(drills)
        statement = statement.on_conflict_do_nothing(index_elements=["partner"], index_where=_IS_OPEN)
        for _ in range(_TRIES):
            if await self._session.changed(statement, {name: getattr(drill, name) for name in _FIELDS}):
                return None
            if (standing := await self.under_way(drill.partner)) is not None:
                return standing
            # It was reported between our two statements.
        raise Transient("Others are beginning drills at this very moment.")

    async def get(self, drill_id: str) -> Drill | None:
        return _drill(await self._session.first(select(drills).where(drills.c.id == drill_id)))

    async def under_way(self, partner: str) -> Drill | None:
        return _drill(await self._session.first(select(drills).where(drills.c.partner == partner, _IS_OPEN)))

    async def open(self, limit: int) -> tuple[Drill, ...]:
        statement = select(drills).where(_IS_OPEN).order_by(drills.c.partner).limit(limit)
        return tuple(filter(None, map(_drill, await self._session.rows(statement))))

    async def begun_since(self, partner: str, since: datetime) -> int:
        statement = select(func.count()).select_from(drills)
        statement = statement.where(drills.c.partner == partner, drills.c.begun_at > since)
        return int((await self._session.execute(statement)).scalar_one())

    async def latest(self, partners: frozenset[str], limit: int) -> tuple[Drill, ...]:
        statement = (
            select(drills)
            .where(drills.c.partner.in_(sorted(partners)))
            .order_by(drills.c.begun_at.desc(), drills.c.id)
            .limit(limit)
        )
        return tuple(filter(None, map(_drill, await self._session.rows(statement))))

    async def put(self, drill: Drill) -> bool:
        values = {name: getattr(drill, name) for name in _FIELDS if name != "id"}
        return await self._session.changed(update(drills).where(drills.c.id == drill.id, _IS_OPEN).values(values)) == 1

    async def carded_at(self, drill: Drill) -> datetime | None:
        statement = (
            select(outbox.c.sent_at)
            .join(cards, cards.c.id == outbox.c.card_id)
            .where(
                cards.c.partner == drill.partner,
                cards.c.alert_id == drill.id,
                outbox.c.kind == ItemKind.ALERT_CARD.value,
                outbox.c.sent_at >= drill.begun_at,
                _IS_SENT,
            )
            .order_by(outbox.c.sent_at)
            .limit(1)
        )
        row = await self._session.first(statement)
        return row.sent_at if row is not None else None


def _drill(row: Row[Any] | None) -> Drill | None:
    return Drill(**{name: getattr(row, name) for name in _FIELDS}) if row is not None else None
