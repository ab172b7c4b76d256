"""`audit verify` on both databases, after an owner of the database took the triggers away and changed the trail."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, insert, select, text, update

from bot import maintenance
from bot.clock import SystemIds
from bot.domain.audit import GENESIS, Head, row_hash
from bot.maintenance import export_audit, verify_audit, verify_files
from bot.ports import Environment
from bot.settings import Settings, load
from bot.store import SqlStore, connect
from bot.store.tables import audit, audit_heads
from tests.factories import FABRIKAM, NORTHWIND, NOW, entry, guid

KEY = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
SEQ = audit.c.seq
FORMER = guid(99)
"""A partner that is none of the settings any more."""


@pytest.fixture
def settings(database_url: str) -> Settings:
    partners = [
        {"name": name, "tenantId": tenant, "adminAgentsGroupId": guid(1)}
        for name, tenant in (("Northwind", NORTHWIND), ("Fabrikam", FABRIKAM))
    ]
    return load(
        {
            "ALERTDESK_APP_ID": guid(7),
            "ALERTDESK_APP_TENANT_ID": NORTHWIND,
            "ALERTDESK_APP_SECRET": "insecure-secret",
            "ALERTDESK_PARTNERS": json.dumps(partners),
            "ALERTDESK_ACT_AS": "app",
            "ALERTDESK_AUDIT_KEY": KEY,
            "ALERTDESK_DATABASE_URL": database_url,
        }
    )


@pytest.fixture
async def trail(settings: Settings) -> AsyncIterator[SqlStore]:
    """Six rows of Northwind, two of Fabrikam, behind triggers that are gone."""
    store = connect(settings.database_url.get_secret_value(), audit_key=settings.audit_key_bytes, ids=SystemIds())
    async with store.write() as tx:
        for number in range(6):
            await tx.audit.append(entry(subject=f"A-{number}"), NOW + timedelta(minutes=number))
        for number in range(2):
            await tx.audit.append(entry(subject=f"A-{number}", partner=FABRIKAM), NOW)
    triggers = ["audit_no_update", "audit_no_delete"] if store._engines.one_writer else ["audit_append_only ON audit"]
    async with store._engines.writer.begin() as connection:
        for trigger in triggers:
            await connection.execute(text(f"DROP TRIGGER {trigger}"))
    yield store
    await store.close()


async def tamper(store: SqlStore, *statements: Any) -> None:
    async with store._engines.writer.begin() as connection:
        for statement in statements:
            await connection.execute(statement)


async def head_of(store: SqlStore, partner: str = NORTHWIND) -> Head:
    async with store.read() as tx:
        return Head(partner, *await tx.audit.head(partner))


def of(seq: int, partner: str = NORTHWIND) -> Any:
    return (audit.c.partner == partner) & (seq == SEQ)


def moved(seq: int, to: int) -> Any:
    return update(audit).where(of(seq)).values(seq=to)


def head_row(**values: Any) -> Any:
    return update(audit_heads).where(audit_heads.c.partner == NORTHWIND).values(**values)


Said = Callable[[], str]


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]) -> Said:
    """What was said of Northwind."""
    return lambda: next(line for line in capsys.readouterr().out.splitlines() if line.startswith("Northwind"))


async def test_a_trail_that_nobody_touched_is_whole(settings: Settings, trail: SqlStore, said: Said) -> None:
    assert await verify_audit(settings) == 0
    head = await head_of(trail)
    assert said() == f"Northwind ({NORTHWIND}): whole, 6 rows. Head: {head.told('Northwind')}"
    assert await verify_audit(settings, [head.told("northwind"), head.told(NORTHWIND)]) == 0


CHANGES = {
    "act": "mark legitimate",
    "outcome": "denied",
    "actor_id": guid(9),
    "actor_name": "Mallory",
    "subject": "A-9",
    "detail": {"text": "it was not me"},
    "at": NOW - timedelta(days=1),
    "hash": "f" * 64,
}


@pytest.mark.parametrize("column", CHANGES)
async def test_a_changed_row_is_found(settings: Settings, trail: SqlStore, said: Said, column: str) -> None:
    await tamper(trail, update(audit).where(of(3)).values({column: CHANGES[column]}))
    assert await verify_audit(settings) == 1
    assert said().endswith(": row 3 was changed")


TAMPERINGS: dict[str, tuple[Sequence[Any], str]] = {
    "first removed": ([delete(audit).where(of(1))], "row 1 is missing: after the beginning comes row 2"),
    "one removed": ([delete(audit).where(of(3))], "row 3 is missing: after row 2 comes row 4"),
    "several removed": (
        [delete(audit).where(audit.c.partner == NORTHWIND, SEQ.in_([3, 4]))],
        "rows 3 to 4 are missing: after row 2 comes row 5",
    ),
    "removed, and the gap closed": (
        [delete(audit).where(of(3)), moved(4, 3), moved(5, 4), moved(6, 5)],
        "row 3 does not follow from row 2: rows were removed, reordered or replaced there",
    ),
    "reordered": (
        [moved(2, 90), moved(3, 2), moved(90, 3)],
        "row 2 does not follow from row 1: rows were removed, reordered or replaced there",
    ),
    "another partner's put in": (
        [delete(audit).where(of(1)), update(audit).where(of(1, FABRIKAM)).values(partner=NORTHWIND)],
        "row 1 was changed, or AUDIT_KEY is not the key that it was written with",
    ),
    "tail cut": (
        [delete(audit).where(audit.c.partner == NORTHWIND, SEQ > 4)],
        "4 rows, but the database's own count says 6: rows were cut off at the end",
    ),
    "all removed": (
        [delete(audit).where(audit.c.partner == NORTHWIND)],
        "0 rows, but the database's own count says 6: rows were cut off at the end",
    ),
    "the count changed": (
        [head_row(hash="f" * 64)],
        "by itself whole, but after 6 rows it is not the chain of the database's own count: it was written anew",
    ),
}


@pytest.mark.parametrize("name", TAMPERINGS)
async def test_what_was_done_to_the_rows_is_found(settings: Settings, trail: SqlStore, said: Said, name: str) -> None:
    statements, expected = TAMPERINGS[name]
    await tamper(trail, *statements)
    assert await verify_audit(settings) == 1
    assert said() == f"Northwind ({NORTHWIND}): {expected}"


@pytest.mark.parametrize(
    ("at_the_head", "count"),
    [
        (delete(audit_heads).where(audit_heads.c.partner == FORMER), 0),
        (update(audit_heads).where(audit_heads.c.partner == FORMER).values(length=0, hash=GENESIS), 0),
        (lambda second: update(audit_heads).where(audit_heads.c.partner == FORMER).values(length=2, hash=second), 2),
    ],
    ids=["removed", "set to nothing", "lowered"],
)
@pytest.mark.parametrize("changed", [False, True])
async def test_the_chain_of_a_partner_of_former_times_is_found_by_its_rows(
    settings: Settings, trail: SqlStore, capsys: pytest.CaptureFixture[str], at_the_head: Any, count: int, changed: bool
) -> None:
    async with trail.write() as tx:
        rows = [await tx.audit.append(entry(subject=f"A-{number}", partner=FORMER), NOW) for number in range(4)]
    await tamper(trail, at_the_head(rows[1].hash) if callable(at_the_head) else at_the_head)
    if changed:
        await tamper(trail, update(audit).where(of(3, FORMER)).values(actor_name="Mallory"))
    assert await verify_audit(settings) == 1
    expected = (
        "row 3 was changed"
        if changed
        else f"4 rows, but the database's own count says {count}: that count was removed or changed"
    )
    assert f"{FORMER}: {expected}\n" in capsys.readouterr().out


async def test_a_row_that_is_added_while_the_chain_is_read_is_no_fault(
    settings: Settings, trail: SqlStore, said: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    heads = maintenance.evidence.all_heads

    async def then_more(env: Environment) -> tuple[Head, ...]:
        found = await heads(env)
        async with trail.write() as tx:
            await tx.audit.append(entry(), NOW)
        return found

    monkeypatch.setattr(maintenance.evidence, "all_heads", then_more)
    assert await verify_audit(settings) == 0
    assert "whole, 7 rows" in said()


async def test_a_row_put_at_the_end_without_the_key_is_found(settings: Settings, trail: SqlStore, said: Said) -> None:
    head = await head_of(trail)
    forged = entry(subject="A-99")
    values = {name: getattr(forged, name) for name in ("act", "outcome", "actor_id", "actor_name", "subject", "detail")}
    made_up = row_hash(b"a guess", forged, 7, NOW, head.hash)
    row = {"partner": NORTHWIND, "seq": 7, "at": NOW, "previous": head.hash, "hash": made_up, **values}
    await tamper(trail, insert(audit).values(row), head_row(length=7, hash=made_up))
    assert await verify_audit(settings) == 1
    assert said().endswith("row 7 was changed")


async def test_a_tail_that_was_cut_with_the_databases_own_count_shows_by_a_kept_head_alone(
    settings: Settings, trail: SqlStore, said: Said
) -> None:
    head = await head_of(trail)
    async with trail._engines.reader.connect() as connection:
        fourth = (await connection.execute(select(audit.c.hash).where(of(4)))).scalar_one()
    cut = delete(audit).where(audit.c.partner == NORTHWIND, SEQ > 4)
    await tamper(trail, cut, head_row(length=4, hash=fourth))
    assert await verify_audit(settings) == 0, "that is what cannot be known without"
    said()
    assert await verify_audit(settings, [head.told(NORTHWIND)]) == 1
    assert said().endswith("4 rows, but the head that was kept elsewhere says 6: rows were cut off at the end")
    async with trail.write() as tx:
        for _ in range(3):
            await tx.audit.append(entry(), NOW)
    assert await verify_audit(settings, [head.told(NORTHWIND)]) == 1
    assert "it was written anew" in said()


async def test_a_file_that_was_exported_before_shows_what_was_done_since(
    settings: Settings, trail: SqlStore, tmp_path: Path, said: Said, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "kept.jsonl"
    head = await head_of(trail)
    assert await export_audit(settings, "", "Northwind", file) == 0
    assert capsys.readouterr().err == f"Head of the audit trail: {head.told('Northwind')}\n"
    async with trail.write() as tx:
        await tx.audit.append(entry(), NOW)
    assert await verify_audit(settings, files=[file]) == 0
    assert f"{file}: whole, 6 rows" in capsys.readouterr().out
    await tamper(trail, delete(audit).where(audit.c.partner == NORTHWIND), head_row(length=0, hash=GENESIS))
    assert await verify_audit(settings, files=[file]) == 1
    assert said().endswith("0 rows, but the head that was kept elsewhere says 6: rows were cut off at the end")


async def test_what_was_done_before_the_export_is_found_in_the_file(
    settings: Settings, trail: SqlStore, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    await tamper(trail, delete(audit).where(of(6)), update(audit).where(of(2, FABRIKAM)).values(outcome="denied"))
    files = [tmp_path / "northwind.jsonl", tmp_path / "fabrikam.jsonl"]
    for file in files:
        await export_audit(settings, f"partner:{file.stem}", None, file)
    capsys.readouterr()
    assert verify_files(settings.audit_key_bytes, files) == 1
    cut, changed = capsys.readouterr().out.splitlines()[:2]
    assert cut == f"{files[0]}: 5 rows, but its last line says 6: rows were cut off at the end"
    assert changed == f"{files[1]}: row 2 was changed"
