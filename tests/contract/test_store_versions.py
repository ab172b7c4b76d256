"""`alert_version`: callers share queries, nobody gets an answer older than the question, failures reach the askers."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from sqlalchemy import text

from bot.domain.alerts import AlertKey
from bot.errors import Transient
from bot.store import SqlStore
from bot.store.alert_versions import BATCH, BatchedVersions
from tests.contract.store_samples import CONTOSO, FABRIKAM, NOW, add_alerts, an_alert, at


class HeldReader:
    """Answers each query when the test says so, from what it knows by then."""

    def __init__(self) -> None:
        self.asked: list[Sequence[AlertKey]] = []
        self.known: dict[AlertKey, int] = {}
        self.may_answer = asyncio.Semaphore(0)
        self.failure: Exception | None = None
        self.closed = False

    async def read(self, keys: Sequence[AlertKey]) -> dict[AlertKey, int]:
        self.asked.append(list(keys))
        answer = {key: self.known[key] for key in keys if key in self.known}
        await self.may_answer.acquire()
        if self.failure is not None:
            raise self.failure
        return answer

    async def close(self) -> None:
        self.closed = True


def key(n: int) -> AlertKey:
    return AlertKey(CONTOSO, f"a{n}")


async def until_asked(reader: HeldReader, times: int) -> None:
    async with asyncio.timeout(5):
        while len(reader.asked) < times:  # noqa: ASYNC110 - turn by turn of the loop
            await asyncio.sleep(0)


async def test_the_version_is_that_of_the_last_commit(store: SqlStore) -> None:
    alert = an_alert("one")
    await add_alerts(store, alert, an_alert("one", partner=FABRIKAM))
    assert await store.alert_version(alert.key) == 1
    async with store.write() as tx:
        await tx.alerts.change(alert.key, alert, at(1), None)
        assert await store.alert_version(alert.key) == 1
    assert await store.alert_version(alert.key) == 2
    assert await store.alert_version(AlertKey(FABRIKAM, "one")) == 1
    assert await store.alert_version(AlertKey(CONTOSO, "none")) is None


async def test_many_at_once_each_get_their_own_answer(store: SqlStore) -> None:
    names = [f"a{n}" for n in range(20)] + ["quote ' \" \\ %s", "ünï 😀", ""]
    await add_alerts(store, *(an_alert(name) for name in names))
    async with store.write() as tx:
        for n, name in enumerate(names):
            for _ in range(n % 3):
                await tx.alerts.touch([AlertKey(CONTOSO, name)], NOW)
    wanted = {AlertKey(CONTOSO, name): 1 + n % 3 for n, name in enumerate(names)}
    missing = [AlertKey(FABRIKAM, name) for name in names]
    keys = [*wanted, *missing] * 30
    got = await asyncio.gather(*(store.alert_version(one) for one in keys))
    assert got == [wanted.get(one) for one in keys]


async def test_calls_of_one_turn_and_those_during_a_query_share_one_query_each() -> None:
    reader = HeldReader()
    reader.known = {key(n): n for n in range(9)}
    versions = BatchedVersions(reader)
    first = [asyncio.create_task(versions.get(key(n))) for n in (1, 2, 1)]
    await until_asked(reader, 1)
    assert reader.asked == [[key(1), key(2)]]
    reader.known[key(1)] = 100
    second = [asyncio.create_task(versions.get(key(n))) for n in (1, 3, 4)]
    reader.may_answer.release()
    assert await asyncio.gather(*first) == [1, 2, 1]
    await until_asked(reader, 2)
    reader.may_answer.release()
    assert await asyncio.gather(*second) == [100, 3, 4]  # not the older answer that was under way
    assert reader.asked[1:] == [[key(1), key(3), key(4)]]
    await versions.close()
    assert reader.closed


async def test_a_query_asks_for_a_bounded_number() -> None:
    reader = HeldReader()
    reader.may_answer = asyncio.Semaphore(9)
    versions = BatchedVersions(reader)
    await asyncio.gather(*(versions.get(key(n)) for n in range(2 * BATCH + 1)))
    assert [len(keys) for keys in reader.asked] == [BATCH, BATCH, 1]


async def test_a_failure_reaches_those_who_asked_and_nobody_else() -> None:
    reader = HeldReader()
    reader.failure = Transient("gone")
    versions = BatchedVersions(reader)
    failing = [asyncio.create_task(versions.get(key(n))) for n in (1, 2)]
    await until_asked(reader, 1)
    reader.may_answer.release()
    for outcome in await asyncio.gather(*failing, return_exceptions=True):
        assert isinstance(outcome, Transient)
    reader.failure = None
    reader.known = {key(1): 7}
    reader.may_answer.release()
    assert await versions.get(key(1)) == 7


async def test_a_caller_who_goes_away_takes_no_answer_from_others() -> None:
    reader = HeldReader()
    reader.known = {key(1): 7}
    versions = BatchedVersions(reader)
    leaving, staying = (asyncio.create_task(versions.get(key(1))) for _ in range(2))
    await until_asked(reader, 1)
    leaving.cancel()
    reader.may_answer.release()
    assert await staying == 7
    assert leaving.cancelled()


async def test_after_close_there_are_no_answers() -> None:
    versions = BatchedVersions(HeldReader())
    await versions.close()
    with pytest.raises(Transient):
        await versions.get(key(1))


async def test_a_kept_connection_that_died_is_replaced_unseen(postgres_store: SqlStore) -> None:
    await add_alerts(postgres_store, an_alert("one"))
    assert await postgres_store.alert_version(AlertKey(CONTOSO, "one")) == 1
    async with postgres_store._engines.instant.connect() as connection:
        await connection.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )
    assert await postgres_store.alert_version(AlertKey(CONTOSO, "one")) == 1
