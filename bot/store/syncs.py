"""How far the reading of each partner has come."""

from __future__ import annotations

from dataclasses import asdict

from sqlalchemy import select

from bot.ports import SyncState
from bot.store.session import Session
from bot.store.tables import syncs


class SqlSyncs:
    def __init__(self, session: Session) -> None:
        self._session = session

    async def get(self, partner: str) -> SyncState:
        row = await self._session.first(select(syncs).where(syncs.c.partner == partner))
        return SyncState(**row._mapping) if row is not None else SyncState(partner)

    async def put(self, state: SyncState) -> None:
        values = asdict(state)
        statement = self._session.insert(syncs)
        rest = {name: statement.excluded[name] for name in values if name != "partner"}
        await self._session.execute(statement.on_conflict_do_update(index_elements=["partner"], set_=rest), values)
