"""Named leases: which replica does what only one may do."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import delete, or_

from bot.store.session import Session
from bot.store.tables import leases


class SqlLeases:
    def __init__(self, session: Session) -> None:
        self._session = session

    async def acquire(self, name: str, owner: str, now: datetime, seconds: float) -> bool:
        statement = self._session.insert(leases).values(name=name, owner=owner, until=now + timedelta(seconds=seconds))
        fresh = statement.excluded
        statement = statement.on_conflict_do_update(
            index_elements=["name"],
            set_={"owner": fresh.owner, "until": fresh.until},
            where=or_(leases.c.until <= now, leases.c.owner == owner),
        )
        return await self._session.changed(statement) == 1

    async def drop(self, name: str) -> bool:
        return await self._session.changed(delete(leases).where(leases.c.name == name)) > 0

    async def release(self, name: str, owner: str) -> None:
        await self._session.execute(delete(leases).where(leases.c.name == name, leases.c.owner == owner))
