"""The outbox is sent as soon as there is work, side by side, and what is under way is finished on a stop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from bot.domain.delivery import ItemKind, NewItem
from bot.services.delivery import LEASE_SECONDS, Delivery
from bot.workers.dispatcher import IDLE_SECONDS, Dispatcher
from tests.factories import CHANNEL, GENERAL, conversation
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
    dead = Delivery(house.env, house.channel, house.renderer, house.cards, owner="dead")
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
    second = asyncio.create_task(Dispatcher(house.env, house.delivery, owner="two").run())
    await until(lambda: house.clock.pauses.count(5.0) == 2)
    await add(house, "x")
    await until(lambda: house.channel.texts() == ["x"])
    second.cancel()
    await asyncio.gather(second, return_exceptions=True)
    assert house.channel.texts() == ["x"]
