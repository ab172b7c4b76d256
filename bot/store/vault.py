"""Encrypted tokens, as opaque bytes: what is in them, and the keys, this package never sees."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import delete, func, select, update

from bot.ports import Sealed, SealedRow
from bot.store.session import Session
from bot.store.tables import vault


class SqlVault:
    def __init__(self, session: Session) -> None:
        self._session = session

    async def get(self, kind: str, owner: str) -> Sealed | None:
        wanted = select(vault.c.blob, vault.c.key_id, vault.c.version)
        row = await self._session.first(wanted.where(vault.c.kind == kind, vault.c.owner == owner))
        return Sealed(bytes(row.blob), row.key_id, row.version) if row is not None else None

    async def put(self, kind: str, owner: str, blob: bytes, key_id: str, version: int, now: datetime) -> bool:
        values = {"blob": blob, "key_id": key_id, "changed_at": now}
        if version:
            wanted = update(vault).where(vault.c.kind == kind, vault.c.owner == owner, vault.c.version == version)
            return await self._session.changed(wanted.values(version=version + 1, **values)) == 1
        # The first version is taken from the time: what was removed and put anew is never mistaken for what it was.
        first = int(now.timestamp() * 1_000_000)
        return (
            await self._session.changed(
                self._session.insert(vault).on_conflict_do_nothing(index_elements=["kind", "owner"]),
                {"kind": kind, "owner": owner, "version": first, **values},
            )
            == 1
        )

    async def remove(self, kind: str, owner: str) -> bool:
        return await self._session.changed(delete(vault).where(vault.c.kind == kind, vault.c.owner == owner)) > 0

    async def prune(self, kind: str, before: datetime, keep: Collection[str] = ()) -> int:
        unwanted = (vault.c.kind == kind, vault.c.changed_at < before, vault.c.owner.not_in(sorted(keep)))
        return await self._session.changed(delete(vault).where(*unwanted))

    async def not_under(self, key_id: str, limit: int) -> tuple[SealedRow, ...]:
        wanted = select(vault).where(vault.c.key_id != key_id).order_by(vault.c.changed_at, vault.c.owner).limit(limit)
        return tuple(
            SealedRow(row.kind, row.owner, Sealed(bytes(row.blob), row.key_id, row.version), row.changed_at)
            for row in await self._session.rows(wanted)
        )

    async def key_ids(self) -> Mapping[str, int]:
        rows = await self._session.rows(select(vault.c.key_id, func.count().label("kept")).group_by(vault.c.key_id))
        return {row.key_id: row.kept for row in rows}

    async def discard(self, key_id: str) -> int:
        return await self._session.changed(delete(vault).where(vault.c.key_id == key_id))
