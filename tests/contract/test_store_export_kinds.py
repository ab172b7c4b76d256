"""Exports of every kind, and those that a replica of the version before wrote or will read."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select, update

from bot.domain.filters import AlertQuery
from bot.ports import ExportKind, ExportRequest
from bot.store import SqlStore
from bot.store.tables import exports
from tests.contract.store_samples import CONTOSO, SUBSCRIPTION, at

REQUEST = ExportRequest("one", "ada", CONTOSO, AlertQuery(frozenset({CONTOSO})), "a.zip", 7, at(30), "hash")


@pytest.mark.parametrize("kind", ExportKind)
async def test_each_kind_comes_back_as_it_went_in(store: SqlStore, kind: ExportKind) -> None:
    request = replace(REQUEST, kind=kind, subject=SUBSCRIPTION)
    async with store.write() as tx:
        await tx.exports.add(request)
        assert await tx.exports.get("one") == request


@pytest.mark.parametrize(
    ("written", "kind"),
    [({"audit": True}, ExportKind.AUDIT), ({"audit": False}, ExportKind.ALERTS), ({}, ExportKind.ALERTS)],
)
async def test_what_an_older_replica_wrote_is_read(store: SqlStore, written: dict[str, Any], kind: str) -> None:
    async with store.write() as tx:
        await tx.exports.add(REQUEST)
    async with store._engines.writer.begin() as connection:
        stored = (await connection.execute(select(exports.c.query))).scalar_one()
        older = {name: value for name, value in stored.items() if name not in ("kind", "subject", "audit")} | written
        await connection.execute(update(exports).values(query=older))
    async with store.read() as tx:
        assert await tx.exports.get("one") == replace(REQUEST, kind=kind)


@pytest.mark.parametrize("kind", ExportKind)
async def test_an_older_replica_sees_whether_it_is_an_audit_trail(store: SqlStore, kind: ExportKind) -> None:
    async with store.write() as tx:
        await tx.exports.add(replace(REQUEST, kind=kind))
    async with store._engines.reader.connect() as connection:
        stored = (await connection.execute(select(exports.c.query))).scalar_one()
    assert stored["audit"] is (kind == ExportKind.AUDIT)
