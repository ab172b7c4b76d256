"""Activities already handled."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select, update

from bot.errors import Transient
from bot.store.session import Session
from bot.store.tables import inbox

_TRIES = 3
DEAD_AFTER = timedelta(seconds=12)
"""A turn that takes longer than a few seconds is renewed meanwhile: one that was not died with its process. Less than
the about 15 s after which Teams delivers an activity again (https://github.com/microsoft/botbuilder-dotnet/issues/5005),
as nobody else takes up what was not written down."""


class SqlInbox:
    def __init__(self, session: Session) -> None:
        self._session = session

    async def begin(self, key: str, now: datetime) -> tuple[bool, Mapping[str, Any] | None]:
        statement = self._session.insert(inbox).on_conflict_do_nothing(index_elements=["key"])
        for _ in range(_TRIES):
            if await self._session.changed(statement, {"key": key, "at": now}):
                return True, None
            row = await self._session.first(select(inbox.c.answer, inbox.c.at).where(inbox.c.key == key))
            if row is not None:
                return await self._take_over(key, row.at, now) if row.answer is None else False, row.answer
            # It was pruned between our two statements.
        raise Transient("The memory of handled activities changes too fast.")

    async def _take_over(self, key: str, begun: datetime, now: datetime) -> bool:
        """Whether the first that began it is taken for dead, and this call goes on in its place."""
        if now - begun < DEAD_AFTER:
            return False
        mine = update(inbox).where(inbox.c.key == key, inbox.c.at == begun, inbox.c.answer.is_(None)).values(at=now)
        return await self._session.changed(mine) > 0

    async def renew(self, keys: Collection[str], now: datetime) -> None:
        await self._session.execute(update(inbox).where(inbox.c.key.in_(keys), inbox.c.answer.is_(None)).values(at=now))

    async def answer(self, key: str) -> Mapping[str, Any] | None:
        row = await self._session.first(select(inbox.c.answer).where(inbox.c.key == key))
        return row.answer if row is not None else None

    async def finish(self, key: str, answer: Mapping[str, Any]) -> None:
        await self._session.execute(update(inbox).where(inbox.c.key == key).values(answer=dict(answer)))

    async def forget(self, key: str) -> None:
        await self._session.execute(delete(inbox).where(inbox.c.key == key))

    async def prune(self, before: datetime) -> int:
        return await self._session.changed(delete(inbox).where(inbox.c.at < before))
