"""Work that one replica at a time does: waited for, renewed, ended with the lease, given back."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

from bot.errors import Transient
from bot.ports import Environment, Transaction
from bot.store import SqlStore
from bot.workers.lease import SECONDS, Leased
from tests.fakes import FakeClock, FakeIds
from tests.support.until import until


@pytest.fixture
def held() -> FakeClock:
    return FakeClock(held=True)


@pytest.fixture
def env(store: SqlStore, held: FakeClock, ids: FakeIds) -> Environment:
    return Environment(store, held, ids)


class Work:
    """Runs until it is ended; `running` and `cancelled` say how it stands."""

    def __init__(self) -> None:
        self.running, self.cancelled = asyncio.Event(), False
        self.end: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def __call__(self) -> None:
        self.running.set()
        try:
            await self.end
        except asyncio.CancelledError:
            self.cancelled = True
            raise


def started(work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
    return asyncio.create_task(work)


async def stopped(*tasks: asyncio.Task[None]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def take(env: Environment, owner: str) -> bool:
    async with env.store.write() as tx:
        return await tx.leases.acquire("work", owner, env.clock.now(), SECONDS)


async def test_one_works_and_the_other_waits_its_turn(env: Environment, held: FakeClock) -> None:
    one, two = Work(), Work()
    first = started(Leased(env, "work", "one").run(one))
    await one.running.wait()
    second = started(Leased(env, "work", "two").run(two))
    await until(lambda: len(held.pauses) == 2)  # one renews, the other asks again
    assert not two.running.is_set()
    one.end.set_result(None)
    await first  # given back: the other need not wait for it to run out
    held.forward(5)
    await asyncio.wait_for(two.running.wait(), 5)
    await stopped(second)


async def test_a_lease_is_renewed_while_the_work_runs(env: Environment, held: FakeClock) -> None:
    work = Work()
    task = started(Leased(env, "work", "one").run(work))
    await work.running.wait()
    for _ in range(6):
        await until(lambda: held.pauses == [5.0])
        held.forward(5)
    await until(lambda: held.pauses == [5.0])
    assert not await take(env, "two")
    assert not work.cancelled
    await stopped(task)


async def test_losing_the_lease_ends_the_work(env: Environment, held: FakeClock) -> None:
    work = Work()
    task = started(Leased(env, "work", "one").run(work))
    await work.running.wait()
    await until(lambda: held.pauses == [5.0])
    async with env.store.write() as tx:  # we stalled, it ran out, and another replica took it
        await tx.leases.release("work", "one")
    assert await take(env, "two")
    held.forward(5)
    await asyncio.wait_for(task, 5)
    assert work.cancelled
    assert await take(env, "two")  # what is another's is not given back by us


async def test_on_a_stop_the_work_ends_and_the_lease_is_given_back(env: Environment) -> None:
    work = Work()
    task = started(Leased(env, "work", "one").run(work))
    await work.running.wait()
    await stopped(task)
    assert work.cancelled
    assert await take(env, "two")


async def test_a_failure_of_the_work_comes_through_and_gives_the_lease_back(env: Environment) -> None:
    work = Work()
    task = started(Leased(env, "work", "one").run(work))
    await work.running.wait()
    work.end.set_exception(KeyError("a bug"))
    with pytest.raises(KeyError):
        await task
    assert await take(env, "two")


class AwayStore:
    """A store whose database can go away."""

    def __init__(self, store: SqlStore) -> None:
        self._store, self.away = store, False

    def write(self) -> AbstractAsyncContextManager[Transaction]:
        if self.away:
            raise Transient("the database is away")
        return self._store.write()


async def test_a_short_absence_of_the_database_is_borne_and_a_long_one_ends_the_work(
    store: SqlStore, held: FakeClock, ids: FakeIds
) -> None:
    away = AwayStore(store)
    env = Environment(away, held, ids)  # type: ignore[arg-type]
    work = Work()
    task = started(Leased(env, "work", "one").run(work))
    await work.running.wait()
    for is_away in (True, False, True):
        await until(lambda: held.pauses == [5.0])
        away.away = is_away
        held.forward(5)
        await until(lambda: held.pauses == [5.0])
        assert not task.done()
    held.forward(5)
    await asyncio.wait_for(task, 5)  # ended before it could have run out
    assert work.cancelled


async def test_another_name_is_another_lease(env: Environment) -> None:
    one, two = Work(), Work()
    tasks = [started(Leased(env, name, "x").run(work)) for name, work in (("a", one), ("b", two))]
    await asyncio.wait_for(asyncio.gather(one.running.wait(), two.running.wait()), 5)
    await stopped(*tasks)
