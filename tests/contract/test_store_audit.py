"""ports.Audit on both databases: the chain holds, also with many writers, and nobody can change it unseen."""

from __future__ import annotations

import asyncio
from datetime import timedelta, timezone
from typing import Any

import pytest
from sqlalchemy import delete, text, update
from sqlalchemy.exc import DBAPIError

from bot.domain.audit import GENESIS, AuditEntry, AuditRow, first_fault
from bot.store import SqlStore
from bot.store.tables import audit, audit_heads
from tests.contract.store_samples import AUDIT_KEY, CONTOSO, FABRIKAM, NOW, at


def an_entry(subject: str = "A-1001", **changes: Any) -> AuditEntry:
    values: dict[str, Any] = {
        "partner": CONTOSO,
        "act": "mark",
        "outcome": "done",
        "actor_id": "ada-id",
        "actor_name": "Ada",
        "subject": subject,
    }
    return AuditEntry(**(values | changes))


async def append(store: SqlStore, *entries: AuditEntry) -> None:
    for entry in entries:
        async with store.write() as tx:
            await tx.audit.append(entry, NOW)


async def chain(store: SqlStore, partner: str = CONTOSO) -> list[AuditRow]:
    async with store.read() as tx:
        return [row async for row in tx.audit.rows(partner)]


async def test_rows_come_back_as_they_were_chained(store: SqlStore) -> None:
    odd = an_entry(
        "naïve 😀\x00\udc00",
        detail={"b": [1, 2.5, None, True, "x\x00\ud800"], "a": {"10": 1, "9": 2}, "tuple": (1, 2)},
    )
    there = timezone(timedelta(hours=-3))
    async with store.write() as tx:
        first = await tx.audit.append(odd, at(1).astimezone(there))
        second = await tx.audit.append(an_entry(), at(2))
        assert await tx.audit.head(CONTOSO) == (2, second.hash)
    assert (first.seq, first.previous, second.previous) == (1, GENESIS, first.hash)
    assert await chain(store) == [first, second]
    assert first_fault(AUDIT_KEY, await chain(store)) is None


async def test_each_partner_has_its_own_chain(store: SqlStore) -> None:
    await append(store, an_entry(), an_entry(partner=FABRIKAM), an_entry(), an_entry(partner=""))
    async with store.read() as tx:
        heads = [await tx.audit.head(partner) for partner in (CONTOSO, FABRIKAM, "", "nobody")]
    assert [length for length, _ in heads] == [2, 1, 1, 0]
    assert heads[3] == (0, GENESIS)
    assert await chain(store, "nobody") == []


async def test_everybody_who_has_rows_is_known_though_their_head_is_gone(store: SqlStore) -> None:
    await append(store, an_entry(), an_entry(), an_entry(partner=FABRIKAM), an_entry(partner=""))
    async with store._engines.writer.begin() as connection:
        await connection.execute(delete(audit_heads).where(audit_heads.c.partner == CONTOSO))
    async with store.read() as tx:
        assert sorted(await tx.audit.partners()) == sorted(["", CONTOSO, FABRIKAM])


async def test_many_writers_make_one_chain(store: SqlStore, other_store: SqlStore) -> None:
    await asyncio.gather(*(append((store, other_store)[n % 2], an_entry(f"A-{n}")) for n in range(20)))
    rows = await chain(store)
    assert sorted(row.entry.subject for row in rows) == sorted(f"A-{n}" for n in range(20))
    assert first_fault(AUDIT_KEY, rows) is None


async def test_a_row_that_was_rolled_back_leaves_no_gap(store: SqlStore) -> None:
    async def fail() -> None:
        async with store.write() as tx:
            await tx.audit.append(an_entry("lost"), NOW)
            raise ZeroDivisionError

    await append(store, an_entry("one"))
    with pytest.raises(ZeroDivisionError):
        await fail()
    await append(store, an_entry("two"))
    rows = await chain(store)
    assert [row.entry.subject for row in rows] == ["one", "two"]
    assert first_fault(AUDIT_KEY, rows) is None


async def test_a_long_chain_is_read_whole(store: SqlStore) -> None:
    async with store.write() as tx:
        for n in range(1003):
            await tx.audit.append(an_entry(f"A-{n}"), at(n))
        inside = [row.seq async for row in tx.audit.rows(CONTOSO)]
    rows = await chain(store)
    assert inside == [row.seq for row in rows] == list(range(1, 1004))
    assert first_fault(AUDIT_KEY, rows) is None


@pytest.mark.parametrize(
    "statement",
    [update(audit).values(actor_name="Mallory"), delete(audit), delete(audit).where(audit.c.seq == 1)],
    ids=["update", "delete all", "delete one"],
)
async def test_the_database_refuses_to_change_the_trail(store: SqlStore, statement: Any) -> None:
    await append(store, an_entry(), an_entry())
    with pytest.raises(DBAPIError, match="append-only"):
        async with store._engines.writer.begin() as connection:
            await connection.execute(statement)
    rows = await chain(store)
    assert len(rows) == 2
    assert first_fault(AUDIT_KEY, rows) is None


async def test_postgres_refuses_to_truncate_the_trail(postgres_store: SqlStore) -> None:
    await append(postgres_store, an_entry())
    with pytest.raises(DBAPIError, match="append-only"):
        async with postgres_store._engines.writer.begin() as connection:
            await connection.execute(text("TRUNCATE audit"))
    assert len(await chain(postgres_store)) == 1


async def test_a_change_behind_the_triggers_back_shows(store: SqlStore) -> None:
    await append(store, *(an_entry(f"A-{n}") for n in range(3)))
    trigger = "audit_no_update" if store._engines.one_writer else "audit_append_only ON audit"
    async with store._engines.writer.begin() as connection:
        await connection.execute(text(f"DROP TRIGGER {trigger}"))
        await connection.execute(update(audit).where(audit.c.seq == 2).values(outcome="denied"))
    fault = first_fault(AUDIT_KEY, await chain(store))
    assert fault is not None
    assert fault.seq == 2
