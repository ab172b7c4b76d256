"""The outbox is sent as soon as there is work, side by side, and what is under way is finished on a stop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from datetime import timedelta

import pytest

from bot.domain.delivery import ItemKind, NewItem, PastCall
from bot.domain.people import Route
from bot.ports import Full
from bot.services.delivery import AT_ONCE, LEASE_SECONDS, Delivery
from bot.workers.dispatcher import IDLE_SECONDS, Dispatcher
from tests.factories import CHANNEL, FABRIKAM, GENERAL, NORTHWIND, alert, conversation
from tests.support.house import House
from tests.support.until import until


@pytest.fixture
async def house(house: House) -> House:
    house.clock.held = True
    await house.know(conversation(), conversation(GENERAL))
    return house


@pytest.fixture
async def running(house: House) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(Dispatcher(house.env, house.delivery, owner="one").run())
    yield task
    house.channel.open.set()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def add(house: House, text: str, where: str = CHANNEL, *, wake: bool = True) -> None:
    async with house.store.write() as tx:
        await tx.outbox.add([NewItem(where, ItemKind.NOTICE, payload={"text": text})], house.clock.now())
    if wake:
        house.env.outbox_work.set()


async def states(house: House) -> dict[str, int]:
    async with house.store.read() as tx:
        return {state: count for state, count in (await tx.outbox.counts()).items() if count}


async def idle(house: House) -> None:
    await until(lambda: IDLE_SECONDS in house.clock.pauses, "the dispatcher idle")


async def test_work_wakes_it_without_any_time_going_by(house: House, running: asyncio.Task[None]) -> None:
    await idle(house)
    at = house.clock.monotonic()
    await add(house, "x")
    await until(lambda: house.channel.texts() == ["x"])
    assert house.clock.monotonic() == at


async def test_work_of_another_process_is_found_after_a_second(house: House, running: asyncio.Task[None]) -> None:
    await idle(house)
    await add(house, "x", wake=False)
    assert house.channel.texts() == []
    house.clock.forward(IDLE_SECONDS)
    await until(lambda: house.channel.texts() == ["x"])


async def test_many_go_out_one_after_another_without_waiting(house: House, running: asyncio.Task[None]) -> None:
    for number in range(5):
        await add(house, str(number))
    await until(lambda: house.channel.texts() == ["0", "1", "2", "3", "4"])


async def test_a_slow_conversation_holds_up_no_other(house: House, running: asyncio.Task[None]) -> None:
    await idle(house)
    house.channel.stuck[CHANNEL] = asyncio.Event()
    await add(house, "slow")

    async def is_sending() -> bool:
        return await states(house) == {"sending": 1}

    await until(is_sending)
    await add(house, "elsewhere", GENERAL)
    await until(lambda: house.channel.texts() == ["elsewhere"])
    house.channel.stuck[CHANNEL].set()
    await until(lambda: house.channel.texts() == ["elsewhere", "slow"])


async def test_what_a_dead_sender_held_is_recovered_when_its_lease_is_over(
    house: House, running: asyncio.Task[None]
) -> None:
    await idle(house)
    await add(house, "x", wake=False)
    dead = Delivery(house.env, house.channel, house.renderer, house.cards, house.reach, owner="dead")
    await dead.claim(1)
    for _ in range(int(LEASE_SECONDS) + 10):
        await idle(house)
        house.clock.forward(1)
    await idle(house)
    assert await states(house) == {"uncertain": 1}


async def test_a_send_that_is_under_way_is_finished_on_a_stop(house: House, running: asyncio.Task[None]) -> None:
    await idle(house)
    house.channel.open.clear()
    await add(house, "x")

    async def is_sending() -> bool:
        return await states(house) == {"sending": 1}

    await until(is_sending)
    running.cancel()
    await asyncio.sleep(0)
    house.channel.open.set()
    await asyncio.gather(running, return_exceptions=True)
    assert house.channel.texts() == ["x"]
    assert await states(house) == {"sent": 1}


async def test_a_second_replica_sends_nothing_while_the_first_does(house: House, running: asyncio.Task[None]) -> None:
    await idle(house)
    other = Dispatcher(house.env, house.delivery, owner="two")
    second = asyncio.create_task(other.run())
    await until(lambda: house.clock.pauses.count(5.0) == 2)
    assert not other.keeps_limits
    await add(house, "x")
    await until(lambda: house.channel.texts() == ["x"])
    second.cancel()
    await asyncio.gather(second, return_exceptions=True)
    assert house.channel.texts() == ["x"]


async def test_who_dispatches_keeps_the_limits_and_no_longer(house: House) -> None:
    dispatcher = Dispatcher(house.env, house.delivery, owner="one")
    assert not dispatcher.keeps_limits
    task = asyncio.create_task(dispatcher.run())
    await until(lambda: dispatcher.keeps_limits)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert not dispatcher.keeps_limits


# Send windows --------------------------------------------------------------------------------------------------------


class FakePace:
    """Windows that are full where a test says so. `carried` is what was taken over."""

    memory = 3600.0

    def __init__(self) -> None:
        self.now = Full()
        self.carried: list[PastCall] = []

    def full(self) -> Full:
        return self.now

    def carry(self, calls: Iterable[PastCall]) -> None:
        self.carried += calls


def paced(house: House, pace: FakePace, owner: str = "one") -> Delivery:
    return Delivery(house.env, house.channel, house.renderer, house.cards, house.reach, owner=owner, pace=pace)


async def test_a_conversation_whose_window_is_full_is_left_alone_and_taken_up_when_it_has_room(house: House) -> None:
    pace = FakePace()
    pace.now = Full(frozenset({CHANNEL}), seconds=0.25)
    task = asyncio.create_task(Dispatcher(house.env, paced(house, pace), owner="one").run())
    try:
        await add(house, "waits")
        await add(house, "elsewhere", GENERAL)
        await until(lambda: house.channel.texts() == ["elsewhere"])

        async def one_waits() -> bool:
            return await states(house) == {"pending": 1, "sent": 1}

        await until(one_waits, "it holds no place")
        await until(lambda: 0.25 in house.clock.pauses, "a wait as long as the window's, not longer")
        pace.now = Full()
        house.clock.forward(0.25)
        await until(lambda: house.channel.texts() == ["elsewhere", "waits"])
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_a_tenant_whose_window_is_full_holds_up_no_other_tenant(house: House) -> None:
    pace, other = FakePace(), "19:other@thread.tacv2"
    await house.know(conversation(other, tenant_id=FABRIKAM))
    pace.now = Full(tenants=frozenset({conversation().tenant_id}))
    for where in (CHANNEL, GENERAL, other):
        await add(house, where, where)
    assert [item.conversation_id for item in await paced(house, pace).claim(AT_ONCE)] == [other]


async def test_who_takes_over_counts_what_was_sent_and_may_have_been(house: House) -> None:
    house.clock.held = False
    for text in ("sent", "held"):
        await add(house, text)
    await house.delivery.step()
    house.clock.forward(100)
    await paced(house, FakePace(), owner="dead").claim(1)
    async with house.store.write() as tx:
        await tx.outbox.add([NewItem(GENERAL, ItemKind.NOTICE)], house.clock.now())
        (doubtful,) = await tx.outbox.claim("dead", house.clock.now(), 60, 1)
        await tx.outbox.uncertain(doubtful, house.clock.now() + timedelta(minutes=3), "no answer")
    house.clock.forward(10)
    pace = FakePace()
    await paced(house, pace).take_over()
    tenant = conversation().tenant_id
    assert set(pace.carried) == {
        PastCall(CHANNEL, tenant, 110.0),
        PastCall(CHANNEL, tenant, 0.0, ended=False),
        PastCall(GENERAL, tenant, 0.0),
    }
    house.clock.forward(3600)
    later = FakePace()
    await paced(house, later, owner="dead").take_over()
    assert {call.ago for call in later.carried} <= {0.0, 3490.0}, "what is older than any window is left out"


async def test_partners_take_turns_where_nothing_is_more_urgent(house: House) -> None:
    """One partner with more channels than there are places does not hold up the other's single card."""
    house.clock.held = False
    many = [f"19:many-{number}@thread.tacv2" for number in range(AT_ONCE + 4)]
    for where in (*many, GENERAL):
        await house.know(conversation(where))
    big, small = alert(), alert(id="small", partner=FABRIKAM)
    (of_big,), (of_small,) = await house.take_in(big), await house.take_in(small)
    async with house.store.write() as tx:
        await house.cards.post(tx, of_big, [Route(where, NORTHWIND, on=True, summarised=True) for where in many])
        await house.cards.post(tx, of_small, [Route(GENERAL, FABRIKAM, on=True, summarised=True)])
    first, second = await house.delivery.claim(1), await house.delivery.claim(1)
    assert {item.partner for item in (*first, *second)} == {NORTHWIND, FABRIKAM}
