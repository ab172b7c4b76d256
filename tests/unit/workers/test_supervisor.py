"""Loops are started again after whatever failure; one-off tasks are waited for, but not for ever."""

from __future__ import annotations

import asyncio

import pytest

from bot.workers.supervisor import Supervisor
from tests.fakes import FakeClock, FakeIds
from tests.support.until import until


@pytest.fixture
def held() -> FakeClock:
    return FakeClock(held=True)


@pytest.fixture
def supervisor(held: FakeClock) -> Supervisor:
    return Supervisor(held, FakeIds())


async def test_a_loop_that_fails_is_started_again_with_growing_pauses(supervisor: Supervisor, held: FakeClock) -> None:
    starts = 0

    async def work() -> None:
        nonlocal starts
        starts += 1
        raise ZeroDivisionError("a bug")

    supervisor.run("work", work)
    pauses = []
    for number in range(1, 11):
        await until(lambda: bool(held.pauses))
        assert starts == number
        pauses += held.pauses
        held.forward(held.pauses[0])
    await supervisor.stop(1)
    assert pauses == [0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 15.0, 15.0, 15.0, 15.0]


async def test_after_a_good_round_the_pauses_begin_anew(supervisor: Supervisor, held: FakeClock) -> None:
    rounds = iter([False, False, True, False])
    ended = asyncio.Event()

    async def work() -> None:
        good = next(rounds, None)
        if good is None:
            ended.set()
            await asyncio.Event().wait()
        if not good:
            raise ValueError("bad")

    supervisor.run("work", work)
    pauses = []
    for _ in range(3):
        await until(lambda: bool(held.pauses))
        pauses += held.pauses
        held.forward(held.pauses[0])
    await asyncio.wait_for(ended.wait(), 5)
    await supervisor.stop(1)
    assert pauses == [0.5, 1.0, 0.5]


async def test_one_loops_failure_does_not_touch_another(supervisor: Supervisor) -> None:
    rounds = 0

    async def bad() -> None:
        raise ValueError("bad")

    async def good() -> None:
        nonlocal rounds
        rounds += 1
        await asyncio.sleep(0)

    supervisor.run("bad", bad)
    supervisor.run("good", good)
    await until(lambda: rounds > 3)
    await supervisor.stop(1)


async def test_stopping_ends_the_loops_and_waits_for_what_is_under_way(supervisor: Supervisor) -> None:
    cleaned, free, done = [], asyncio.Event(), []

    async def loop() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            cleaned.append("loop")

    async def once() -> str:
        await free.wait()
        done.append("once")
        return "result"

    supervisor.run("loop", loop)
    task = supervisor.spawn(once())
    await asyncio.sleep(0)
    stopping = asyncio.create_task(supervisor.stop(5))
    await until(lambda: bool(cleaned))
    assert not stopping.done()
    free.set()
    await stopping
    assert (cleaned, done, task.result()) == (["loop"], ["once"], "result")


async def test_what_takes_too_long_is_cancelled_at_the_deadline(supervisor: Supervisor) -> None:
    cancelled = []

    async def forever() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.append("forever")
            raise

    supervisor.spawn(forever())
    await asyncio.sleep(0)
    await asyncio.wait_for(supervisor.stop(0.01), 5)
    assert cancelled == ["forever"]


async def test_a_task_that_fails_breaks_nothing(supervisor: Supervisor) -> None:
    async def bad() -> None:
        raise KeyError("a bug")

    task = supervisor.spawn(bad())
    await until(task.done)
    await supervisor.stop(1)
    with pytest.raises(KeyError):
        task.result()


async def test_stopping_what_never_started_is_quiet(supervisor: Supervisor) -> None:
    await supervisor.stop(1)
