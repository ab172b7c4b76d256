"""A plan stays what it was: both databases refuse to change or delete one, and one that was changed is not used."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import delete, literal_column, text, update
from sqlalchemy.exc import DBAPIError

from bot.domain.cancellations import Cancellation, State
from bot.errors import Permanent
from bot.store import SqlStore
from bot.store.cancellation_rows import plan_values
from bot.store.cancellation_tables import cancellations
from tests.contract.store_samples import CONTOSO, EVERYONE, FABRIKAM, NOW, SUBSCRIPTION, a_plan, ask, at

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


CHANGES: tuple[dict[str, Any], ...] = (
    {"plan": DOCUMENT | {"reason": "another"}},
    {"plan": {name: value for name, value in DOCUMENT.items() if name != "alerts"}},
    {"plan": DOCUMENT | {"more": 1}},
    {"plan": DOCUMENT | {"asked_at": "yesterday"}},
    {"plan": DOCUMENT | {"request_id": 5}},
    {"plan": []},
    {"plan": literal_column("'no JSON'")},
    {"digest": "another"},
    {"request_id": "another"},
    {"entitlement_lower": "another"},
    {"partner": FABRIKAM},
    {"number": 7},
)


async def change_by_hand(store: SqlStore, **values: Any) -> None:
    """Behind the triggers' back, the plan of R-1."""
    on_sqlite = store._engines.one_writer
    trigger = "cancellations_plan_is_fixed" if on_sqlite else "cancellations_plan_is_kept ON cancellations"
    async with store._engines.writer.begin() as connection:
        await connection.execute(text(f"DROP TRIGGER IF EXISTS {trigger}"))
        await connection.execute(update(cancellations).where(cancellations.c.number == 1).values(values))


_IDS = [f"{number} {next(iter(values))}" for number, values in enumerate(CHANGES)]


@pytest.mark.parametrize("values", CHANGES, ids=_IDS)
async def test_a_plan_that_was_changed_behind_the_triggers_back_is_not_used(
    store: SqlStore, values: dict[str, Any]
) -> None:
    await ask(store, a_plan())
    await change_by_hand(store, **values)
    async with store.write() as tx:
        with pytest.raises(Permanent) as caught:
            await tx.cancellations.claim(values.get("number", 1), "worker", at(1), 60.0)
    assert caught.value.code == "plan_changed"


@pytest.mark.parametrize("values", CHANGES, ids=_IDS)
async def test_a_changed_plan_is_left_out_where_many_are_read(store: SqlStore, values: dict[str, Any]) -> None:
    await ask(store, a_plan(), a_plan(2, entitlement_id="other"))
    await change_by_hand(store, **values)
    async with store.read() as tx:
        assert set(await tx.cancellations.last_on(CONTOSO, [SUBSCRIPTION, "another", "other"])) == {"other"}
        assert [c.number for c in await tx.cancellations.latest(EVERYONE, 10)] == [2]


async def test_a_changed_plan_is_missing_in_no_evidence_in_silence(store: SqlStore) -> None:
    await ask(store, a_plan())
    await change_by_hand(store, digest="another")
    async with store.read() as tx:
        with pytest.raises(Permanent):
            await tx.cancellations.of_subscription(CONTOSO, SUBSCRIPTION, 10)


async def test_a_changed_plan_makes_room_for_another_and_is_due_at_once(store: SqlStore) -> None:
    await ask(store, a_plan(), due_at=at(120))
    await change_by_hand(store, digest="another")
    await ask(store, a_plan(2), due_at=at(1))
    async with store.read() as tx:
        assert await tx.cancellations.due(at(1), 10) == (1, 2)
        assert [c.number for c in await tx.cancellations.latest(EVERYONE, 10)] == [2]


@pytest.mark.parametrize(
    ("before", "state"),
    [
        (STANDS, State.VOID),
        (replace(STANDS, state=State.APPROVED), State.VOID),
        (replace(STANDS, state=State.APPROVED, sent=1), State.FAILED),
        (replace(STANDS, state=State.ACCEPTED, sent=1), State.FAILED),
        (replace(STANDS, state=State.DONE, sent=1, ended_at=at(-5)), State.DONE),  # verdicts were still to be given
    ],
)
async def test_a_changed_plan_is_discarded_once_and_for_good(store: SqlStore, before: Cancellation, state: str) -> None:
    await ask(store, a_plan())
    async with store.write() as tx:
        assert await tx.cancellations.change(STANDS, before) is not None
    await change_by_hand(store, digest="another")
    for first in (True, False):
        async with store.write() as tx:
            assert await tx.cancellations.discard(1, at(3), "By hand.") is first
    async with store.read() as tx:
        assert await tx.cancellations.due(at(999), 10) == ()
    await change_by_hand(store, digest=a_plan().digest)  # who mends it does not bring it back
    ended = await get(store)
    assert ended is not None
    assert (ended.state, ended.outcome, ended.due_at) == (state, "By hand.", None)
    assert ended.ended_at == (before.ended_at or at(3))
