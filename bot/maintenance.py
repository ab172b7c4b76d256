"""What an operator does from the command line beside a running bot: export, and verify the audit chain."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from bot.clock import SystemClock, SystemIds
from bot.domain.audit import GENESIS, AuditRow, first_fault
from bot.errors import UserError
from bot.ports import Environment
from bot.services.exports import Exports
from bot.services.filtering import words_query
from bot.settings import Settings
from bot.store import SqlStore, open_store

_BATCH = 1000


@asynccontextmanager
async def _environment(settings: Settings) -> AsyncIterator[tuple[Environment, SqlStore]]:
    ids = SystemIds()
    url = settings.database_url.get_secret_value()
    store = await open_store(url, audit_key=settings.audit_key_bytes, ids=ids, migrate=False)
    try:
        yield Environment(store, SystemClock(), ids, settings.partner_values()), store
    finally:
        await store.close()


async def export(settings: Settings, words: str, out: Path | None) -> int:
    """All configured partners' alerts that the words select, to a file or standard output."""
    async with _environment(settings) as (env, _):
        wanted = words_query(words, frozenset(env.partners), env.partners, env.clock.now())
        file = sys.stdout.buffer if out is None else await asyncio.to_thread(out.open, "wb")
        try:
            async for part in Exports(env).stream(wanted):
                await asyncio.to_thread(file.write, part)
            await asyncio.to_thread(file.flush)
        finally:
            if out is not None:
                file.close()
    return 0


async def verify_audit(settings: Settings, head: str) -> int:
    """Says for each chain whether it is whole, and its head; 1 where one is not."""
    kept = _head(head)
    faults = 0
    async with _environment(settings) as (env, store):
        if strange := kept.keys() - {"", *env.partners}:
            raise UserError(f"--head names {min(strange)}, which is none of the partners that are set up.")
        for partner in ["", *sorted(env.partners)]:
            kept_count, kept_hash = kept.get(partner, (0, GENESIS))
            fault, last, hash_there = await _walk(store, settings.audit_key_bytes, partner, kept_count)
            name = partner or "(no partner)"
            count, last_hash = (last.seq, last.hash) if last else (0, GENESIS)
            if fault is not None:
                faults += 1
                print(
                    f"{name}: row {fault.seq} does not follow from the one before: rows were changed, removed or moved"
                )
            elif hash_there != kept_hash:
                faults += 1
                print(f"{name}: whole, but not the chain whose head was kept: rows were cut off or all written anew")
            else:
                print(f"{name}: whole, {count} rows, head {count}:{last_hash}")
    if not head:
        print("Whether rows were cut off at the end can only be told with a head that was kept elsewhere (--head).")
    return 1 if faults else 0


async def _walk(
    store: SqlStore, key: bytes, partner: str, kept_count: int
) -> tuple[AuditRow | None, AuditRow | None, str]:
    """(the first row at fault, the last good row, the hash after `kept_count` rows), in constant memory."""
    last: AuditRow | None = None
    hash_there = GENESIS if kept_count == 0 else ""
    batch: list[AuditRow] = []
    async with store.read() as tx:
        async for row in tx.audit.rows(partner):
            batch.append(row)
            if row.seq == kept_count:
                hash_there = row.hash
            if len(batch) == _BATCH:
                if (fault := first_fault(key, batch, after=last)) is not None:
                    return fault, last, hash_there
                last, batch = batch[-1], []
        fault = first_fault(key, batch, after=last)
        return fault, batch[-1] if batch else last, hash_there


def _head(text: str) -> dict[str, tuple[int, str]]:
    if not text:
        return {}
    partner, _, rest = text.partition("=")
    count, _, value = rest.partition(":")
    if not count.isdigit() or len(value) != 64:
        raise UserError("--head is PARTNER=COUNT:HASH, as `audit verify` prints it.")
    return {partner: (int(count), value)}
