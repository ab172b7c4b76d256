"""Sign-ins under way."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, insert, select

from bot.ports import SignIn
from bot.store.session import Session
from bot.store.tables import sign_ins


class SqlSignIns:
    def __init__(self, session: Session) -> None:
        self._session = session

    async def add(self, sign_in: SignIn) -> None:
        values = {
            "state": sign_in.state,
            "person_id": sign_in.person_id,
            "tenant_id": sign_in.tenant_id,
            "after": sign_in.after,
            "flow": dict(sign_in.flow),
            "expires_at": sign_in.expires_at,
        }
        await self._session.execute(insert(sign_ins), values)

    async def get(self, state: str, now: datetime) -> SignIn | None:
        wanted = select(sign_ins).where(sign_ins.c.state == state, sign_ins.c.expires_at > now)
        row = await self._session.first(wanted)
        if row is None:
            return None
        return SignIn(row.state, row.person_id, row.tenant_id, row.after, row.flow, row.expires_at)

    async def take(self, state: str, now: datetime) -> SignIn | None:
        await self.prune(now)
        row = await self._session.first(select(sign_ins).where(sign_ins.c.state == state))
        # Whoever deletes the row has it: of two who read it, the second deletes nothing.
        if row is None or not await self._session.changed(delete(sign_ins).where(sign_ins.c.state == state)):
            return None
        return SignIn(row.state, row.person_id, row.tenant_id, row.after, row.flow, row.expires_at)

    async def prune(self, now: datetime) -> int:
        return await self._session.changed(delete(sign_ins).where(sign_ins.c.expires_at <= now))
