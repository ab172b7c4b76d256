"""The audit trail: rows are added, never changed; triggers of the database refuse everything else."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Row, insert, select, update

from bot.domain.audit import GENESIS, AuditEntry, AuditRow, row_hash
from bot.store.column_types import clean, in_utc
from bot.store.session import Session
from bot.store.tables import audit, audit_heads

BATCH = 1000


class SqlAudit:
    def __init__(self, session: Session, key: bytes) -> None:
        self._session = session
        self._key = key

    async def append(self, entry: AuditEntry, now: datetime) -> AuditRow:
        """Others who append for this partner wait until the transaction ends, so that the chain does not fork."""
        entry, at = _as_stored(entry), in_utc(now)
        length, previous = await self._lock(entry.partner)
        seq = length + 1
        row = AuditRow(entry, seq, at, previous, row_hash(self._key, entry, seq, at, previous))
        values = {
            "partner": entry.partner,
            "seq": seq,
            "at": at,
            "act": entry.act,
            "outcome": entry.outcome,
            "actor_id": entry.actor_id,
            "actor_name": entry.actor_name,
            "subject": entry.subject,
            "detail": entry.detail,
            "previous": previous,
            "hash": row.hash,
        }
        await self._session.execute(insert(audit), values)
        await self._session.execute(
            update(audit_heads).where(audit_heads.c.partner == entry.partner).values(length=seq, hash=row.hash)
        )
        return row

    async def head(self, partner: str) -> tuple[int, str]:
        row = await self._session.first(select(audit_heads).where(audit_heads.c.partner == partner))
        return (row.length, row.hash) if row is not None else (0, GENESIS)

    async def partners(self) -> tuple[str, ...]:
        everybody = select(audit_heads.c.partner).union(select(audit.c.partner))  # somebody may have removed the head
        return tuple(row.partner for row in await self._session.rows(everybody))

    async def rows(self, partner: str) -> AsyncIterator[AuditRow]:
        last = 0
        while True:
            statement = (
                select(audit).where(audit.c.partner == partner, audit.c.seq > last).order_by(audit.c.seq).limit(BATCH)
            )
            async with self._session.apart() as session:
                batch = await session.rows(statement)
            for row in batch:
                yield _audit_row(row)
            if len(batch) < BATCH:
                return
            last = batch[-1].seq

    async def _lock(self, partner: str) -> tuple[int, str]:
        """Length and hash of the chain, which nobody else can extend until this transaction ends."""
        first = self._session.insert(audit_heads).values(partner=partner, length=0, hash=GENESIS)
        await self._session.execute(first.on_conflict_do_nothing(index_elements=["partner"]))
        locked = select(audit_heads).where(audit_heads.c.partner == partner).with_for_update()
        row = (await self._session.execute(locked)).one()
        return row.length, row.hash


def _as_stored(entry: AuditEntry) -> AuditEntry:
    """The entry exactly as it will be read back, for that is what the hash must cover."""
    texts = ("partner", "act", "outcome", "actor_id", "actor_name", "subject")
    detail = json.loads(json.dumps(dict(entry.detail)))
    return replace(entry, detail=detail, **{name: clean(getattr(entry, name)) for name in texts})


def _audit_row(row: Row[Any]) -> AuditRow:
    entry = AuditEntry(row.partner, row.act, row.outcome, row.actor_id, row.actor_name, row.subject, row.detail)
    return AuditRow(entry, row.seq, row.at, row.previous, row.hash)
