"""Each partner is read at its pace; a 429 is obeyed, and no failure ends the reading."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from bot.domain.webhooks import read_event
from bot.errors import AlertDeskError, Refused, Transient
from bot.services.hints import LOOK_SECONDS, Hints
from bot.services.names import KEEP
from bot.workers.poller import HINT_SECONDS, NameReader, Poller
from tests.factories import CUSTOMER, FABRIKAM, NORTHWIND, alert
from tests.support.house import House
from tests.support.partner_webhook import event
from tests.support.until import until


@pytest.fixture
def house(house: House) -> House:
    house.clock.held = True
    return house


@asynccontextmanager
async def running(*work: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
    tasks = [asyncio.ensure_future(each()) for each in work]
    yield
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def poller(house: House, seconds: float = 60) -> Poller:
    return Poller(house.env, house.intake, Hints(house.env), house.northwind, owner="one", seconds=seconds)


async def round_over(house: House) -> float:
    """How long the poller pauses until its next round."""
    await until(lambda: any(pause != 5.0 for pause in house.clock.pauses), "the end of a round")
    return max(house.clock.pauses)


async def test_it_reads_at_its_pace(house: House) -> None:
    async with running(poller(house).run):
        assert await round_over(house) == 60
        house.source.put(alert())
        house.clock.forward(60)
        await until(lambda: house.clock.pauses == [] or max(house.clock.pauses) == 60)

        async def taken_in() -> bool:
            async with house.store.read() as tx:
                return await tx.alerts.get(alert().key) is not None

        await until(taken_in)


@pytest.mark.parametrize(
    ("problem", "pause"),
    [
        (Transient("429", retry_after=300), 300),
        (Transient("429", retry_after=7), 60),
        (Transient("503"), 60),
        (Refused("403"), 60),
    ],
    ids=["long-retry-after", "short-retry-after", "503", "403"],
)
async def test_a_failure_is_borne_and_retry_after_obeyed(house: House, problem: AlertDeskError, pause: float) -> None:
    house.source.away[NORTHWIND] = problem
    async with running(poller(house).run):
        assert await round_over(house) == pause
        del house.source.away[NORTHWIND]
        house.clock.forward(pause)

        async def read() -> bool:
            async with house.store.read() as tx:
                return (await tx.syncs.get(NORTHWIND)).baseline

        await until(read)


async def test_one_partners_failure_delays_no_other(house: House) -> None:
    house.source.away[NORTHWIND] = Transient("429", retry_after=3600)
    other = Poller(house.env, house.intake, Hints(house.env), house.fabrikam, owner="one", seconds=60)
    async with running(poller(house).run, other.run):

        async def read() -> bool:
            async with house.store.read() as tx:
                return (await tx.syncs.get(FABRIKAM)).baseline

        await until(read)


async def hint(house: House, name: str) -> None:
    """Given by another replica."""
    assert await Hints(house.env).take(NORTHWIND, read_event(event(house.clock.now(), name)))


async def read_at(house: House, at: float) -> None:
    """Returns when the partner's alerts were read at that time."""

    async def read() -> bool:
        async with house.store.read() as tx:
            last = (await tx.syncs.get(NORTHWIND)).last_open_at
        return last is not None and last.timestamp() == at

    await until(read, "a reading")


async def test_a_hint_brings_the_next_reading_forward(house: House) -> None:
    async with running(poller(house, seconds=3600).run):
        assert await round_over(house) == 3600
        house.clock.forward(HINT_SECONDS)
        await until(lambda: LOOK_SECONDS in house.clock.pauses)
        await hint(house, "one")
        house.clock.forward(LOOK_SECONDS)
        await read_at(house, house.clock.now().timestamp())


async def test_however_many_hints_there_are_readings_keep_their_distance(house: House) -> None:
    async with running(poller(house, seconds=3600).run):
        assert await round_over(house) == 3600
        began = house.clock.now().timestamp()
        for number in range(50):  # 5 s in tenths, a hint in each
            await hint(house, f"event-{number}")
            house.clock.forward(HINT_SECONDS / 50)
            if number < 49:
                await read_at(house, began)
        await read_at(house, began + HINT_SECONDS)


async def test_a_hint_does_not_break_a_pause_that_was_asked_for(house: House) -> None:
    house.source.away[NORTHWIND] = Transient("429", retry_after=300)
    async with running(poller(house, seconds=60).run):
        assert await round_over(house) == 300
        del house.source.away[NORTHWIND]
        await hint(house, "one")
        house.clock.forward(LOOK_SECONDS)
        house.clock.forward(290)
        async with house.store.read() as tx:
            assert (await tx.syncs.get(NORTHWIND)).last_open_at is None
        house.clock.forward(10)
        await read_at(house, house.clock.now().timestamp())


async def test_the_names_are_read_once_a_day_and_sooner_after_a_failure(house: House) -> None:
    house.directory.customers = {CUSTOMER: "Contoso"}
    house.directory.away = Transient("503")
    async with running(NameReader(house.env, house.names, house.northwind, owner="one").run):
        assert await round_over(house) == 600
        house.directory.away = None
        house.clock.forward(600)
        await until(lambda: max(house.clock.pauses, default=0) > 600)
        assert max(house.clock.pauses) < KEEP.total_seconds()
        async with house.store.read() as tx:
            assert (await tx.names.known(NORTHWIND, [CUSTOMER]))[CUSTOMER][0] == "Contoso"
