"""A plan stays what it was: both databases refuse to change or delete one, and one that was changed is not used."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import delete, text, update
from sqlalchemy.exc import DBAPIError

from bot.domain.cancellations import Cancellation
from bot.errors import Permanent
from bot.store import SqlStore
from bot.store.cancellation_rows import plan_values
from bot.store.cancellation_tables import cancellations
from tests.contract.store_samples import FABRIKAM, NOW, a_plan, ask, at

PLAN_COLUMNS = (
    *("number", "plan", "digest", "request_id", "kind", "partner", "entitlement_lower", "asked_at", "expires_at"),
)
STANDS = Cancellation(a_plan(), due_at=NOW)


async def get(store: SqlStore) -> Cancellation | None:
    async with store.read() as tx:
        return await tx.cancellations.get(1)


VALUES: dict[str, Any] = {"number": 7, "plan": {}, "asked_at": NOW, "expires_at": datetime(2999, 1, 1, tzinfo=UTC)}


@pytest.mark.parametrize(
    "statement",
    [
        *(update(cancellations).values({name: VALUES.get(name, "another")}) for name in PLAN_COLUMNS),
        delete(cancellations),
        delete(cancellations).where(cancellations.c.number == 1),
    ],
    ids=[*PLAN_COLUMNS, "delete all", "delete one"],
)
async def test_the_database_refuses_to_change_or_delete_a_plan(store: SqlStore, statement: Any) -> None:
    await ask(store, a_plan())
    with pytest.raises(DBAPIError, match="neither changed nor deleted"):
        async with store._engines.writer.begin() as connection:
            await connection.execute(statement)
    assert await get(store) == STANDS


def test_all_columns_that_hold_no_progress_are_kept_as_they_are() -> None:
    progress = {field.name for field in fields(Cancellation)} - {"plan"} | {"is_open", "owner"}
    assert {column.name for column in cancellations.columns} - progress == set(PLAN_COLUMNS)


async def test_postgres_refuses_to_truncate_plans(postgres_store: SqlStore) -> None:
    await ask(postgres_store, a_plan())
    with pytest.raises(DBAPIError, match="neither changed nor deleted"):
        async with postgres_store._engines.writer.begin() as connection:
            await connection.execute(text("TRUNCATE cancellations CASCADE"))
    assert await get(postgres_store) == STANDS


DOCUMENT = plan_values(a_plan())["plan"]


@pytest.mark.parametrize(
    "values",
    [
        {"plan": DOCUMENT | {"reason": "another"}},
        {"plan": {name: value for name, value in DOCUMENT.items() if name != "alerts"}},
        {"plan": DOCUMENT | {"more": 1}},
        {"plan": DOCUMENT | {"asked_at": "yesterday"}},
        {"digest": "another"},
        {"request_id": "another"},
        {"entitlement_lower": "another"},
        {"partner": FABRIKAM},
        {"number": 7},
    ],
    ids=str,
)
async def test_a_plan_that_was_changed_behind_the_triggers_back_is_not_used(
    store: SqlStore, values: dict[str, Any]
) -> None:
    await ask(store, a_plan())
    on_sqlite = store._engines.one_writer
    trigger = "cancellations_plan_is_fixed" if on_sqlite else "cancellations_plan_is_kept ON cancellations"
    async with store._engines.writer.begin() as connection:
        await connection.execute(text(f"DROP TRIGGER {trigger}"))
        await connection.execute(update(cancellations).values(values))
    async with store.write() as tx:
        with pytest.raises(Permanent) as caught:
            await tx.cancellations.claim(values.get("number", 1), "worker", at(1), 60.0)
    assert caught.value.code == "plan_changed"
