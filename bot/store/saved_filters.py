"""Filters that are kept under a name."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict

from sqlalchemy import delete, func, select

from bot.domain.saved_filters import SavedFilter
from bot.store.session import Session
from bot.store.team_tables import saved_filters

_FIELDS = tuple(saved_filters.c[name] for name in ("scope", "name", "words", "by_id", "by_name", "at"))


class SqlSavedFilters:
    def __init__(self, session: Session) -> None:
        self._session = session

    async def named(self, scope: str, names: Collection[str]) -> tuple[SavedFilter, ...]:
        lowered = sorted({name.lower() for name in names})
        statement = select(*_FIELDS).where(saved_filters.c.scope == scope, saved_filters.c.name_lower.in_(lowered))
        return tuple(SavedFilter(**row._mapping) for row in await self._session.rows(statement))

    async def all_of(self, scope: str, limit: int) -> tuple[SavedFilter, ...]:
        statement = select(*_FIELDS).where(saved_filters.c.scope == scope).order_by(saved_filters.c.name_lower)
        return tuple(SavedFilter(**row._mapping) for row in await self._session.rows(statement.limit(limit)))

    async def count(self, scope: str) -> int:
        statement = select(func.count()).select_from(saved_filters).where(saved_filters.c.scope == scope)
        return int((await self._session.execute(statement)).scalar_one())

    async def put(self, saved: SavedFilter) -> None:
        values = asdict(saved) | {"name_lower": saved.name.lower()}
        statement = self._session.insert(saved_filters)
        keys = ["scope", "name_lower"]
        rest = {name: statement.excluded[name] for name in values if name not in keys}
        await self._session.execute(statement.on_conflict_do_update(index_elements=keys, set_=rest), values)

    async def remove(self, scope: str, name: str) -> bool:
        statement = delete(saved_filters).where(
            saved_filters.c.scope == scope, saved_filters.c.name_lower == name.lower()
        )
        return await self._session.changed(statement) > 0
