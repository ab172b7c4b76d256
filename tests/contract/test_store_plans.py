"""How the databases go about our questions: never through all alerts, and counting open ones only among the open."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Connection, event

from bot.domain.alerts import AlertKey, AlertRecord
from bot.domain.filters import Cursor, Sort
from bot.ports import Transaction
from bot.store import SqlStore
from tests.contract.store_samples import (
    CONTOSO,
    EVERYONE,
    NOW,
    SUBSCRIPTION,
    a_plan,
    a_query,
    add_alerts,
    an_alert,
    ask,
)

Ask = Callable[[Transaction], Coroutine[Any, Any, Any]]


async def _all_of(stream: AsyncIterator[Any]) -> list[Any]:
    return [thing async for thing in stream]


OPEN = a_query(unresolved=True)
LOOKED_AT = AlertRecord(an_alert("one"), 1001, 1, NOW, NOW)
QUESTIONS: dict[str, Ask] = {
    "first page": lambda tx: tx.alerts.page(a_query(), None, 10),
    "by deadline": lambda tx: tx.alerts.page(replace(OPEN, sort=Sort.DEADLINE), Cursor(0, NOW, 1001), 10),
    "by customer": lambda tx: tx.alerts.page(a_query(sort=Sort.CUSTOMER), Cursor(0, NOW, 1001), 10),
    "newest": lambda tx: tx.alerts.page(a_query(sort=Sort.NEWEST), Cursor(0, NOW, 1001), 10),
    "found": lambda tx: tx.alerts.page(a_query(find="one", anywhere=True), None, 10),
    "assigned to somebody": lambda tx: tx.alerts.page(a_query(assigned=("ada",)), None, 10),
    "next page": lambda tx: tx.alerts.page(OPEN, Cursor(3, NOW, 1001), 10),
    "count of one": lambda tx: tx.alerts.count(a_query(unresolved=True, partners=frozenset({CONTOSO}))),
    "stream": lambda tx: _all_of(tx.alerts.stream(a_query())),
    "by number": lambda tx: tx.alerts.by_number(1001, EVERYONE),
    "by id prefix": lambda tx: tx.alerts.by_id_prefix("alert", EVERYONE, 5),
    "many": lambda tx: tx.alerts.many([AlertKey(CONTOSO, "one"), AlertKey(CONTOSO, "two")]),
    "search": lambda tx: tx.alerts.search("adatum", EVERYONE, 5),
    "open keys": lambda tx: tx.alerts.open_keys(CONTOSO),
    "alerts of a customer": lambda tx: tx.names.alerts_of(CONTOSO, ["one"]),
    "what stands beside an alert": lambda tx: tx.alerts.background(LOOKED_AT, 25),
    "alerts of a subscription": lambda tx: tx.alerts.of_subscription(CONTOSO, SUBSCRIPTION, 5),
    "claim": lambda tx: tx.outbox.claim("replica", NOW, 30, 10),
    "oldest waiting": lambda tx: tx.outbox.oldest_waiting(),
    "requests that are due": lambda tx: tx.cancellations.due(NOW, 10),
    "claim of a request": lambda tx: tx.cancellations.claim(1, "replica", NOW, 30),
    "who else asks": lambda tx: tx.cancellations.open(a_plan(2), NOW),
    "last on": lambda tx: tx.cancellations.last_on(CONTOSO, ["one", SUBSCRIPTION]),
    "latest": lambda tx: tx.cancellations.latest(EVERYONE, 5),
    "cards of a request": lambda tx: tx.request_cards.of_request(1),
}
ABOUT_OPEN_ALERTS = ("count of one", "open keys")


@contextmanager
def plans(store: SqlStore) -> Iterator[list[str]]:
    """Collects the plan of every statement that is executed meanwhile."""
    found: list[str] = []
    engines = {store._engines.writer.sync_engine, store._engines.reader.sync_engine}

    def explain(connection: Connection, cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if not statement.startswith(("SELECT", "UPDATE")):
            return
        other = connection.connection.cursor()
        if connection.dialect.name == "sqlite":
            other.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)
        else:
            other.execute("SET LOCAL enable_seqscan = off")  # in a table this small it would be right
            other.execute(f"EXPLAIN {statement}", parameters)
        found.append("\n".join(str(row[-1]) for row in other.fetchall()))
        other.close()

    for engine in engines:
        event.listen(engine, "before_cursor_execute", explain)
    try:
        yield found
    finally:
        for engine in engines:
            event.remove(engine, "before_cursor_execute", explain)


@pytest.mark.parametrize("question", QUESTIONS)
async def test_no_question_is_answered_by_reading_a_whole_table(store: SqlStore, question: str) -> None:
    await add_alerts(store, an_alert("one"), an_alert("two"))
    await ask(store, a_plan())
    with plans(store) as found:
        async with store.write() as tx:
            await QUESTIONS[question](tx)
    assert found
    for plan in found:
        for table in ("alerts", "outbox", "cancellations", "request_cards"):
            assert f"SCAN {table}" not in plan, plan
            assert f"Seq Scan on {table}" not in plan, plan


@pytest.mark.parametrize("question", ABOUT_OPEN_ALERTS)
async def test_open_alerts_are_counted_among_the_open_ones(store: SqlStore, question: str) -> None:
    await add_alerts(store, an_alert("one"))
    with plans(store) as found:
        async with store.write() as tx:
            await QUESTIONS[question](tx)
    if store._engines.one_writer:
        assert "COVERING INDEX ix_alerts_open" in found[0]


async def test_a_look_back_ends_after_a_few_rows(store: SqlStore) -> None:
    """In order of the index: however many alerts a subscription had, the newest are found without a sort."""
    await add_alerts(store, an_alert("one"))
    with plans(store) as found:
        async with store.write() as tx:
            await tx.alerts.background(LOOKED_AT, 25)
    (plan,) = found
    assert "ix_alerts_history" in plan
    assert "TEMP B-TREE" not in plan
    assert "Sort" not in plan
