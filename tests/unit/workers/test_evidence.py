"""The operators get the head of each audit chain once a day, whichever replica comes first."""

from __future__ import annotations

import asyncio

import pytest

from bot.services.operators import Operators
from bot.workers.evidence import DailyHeads
from tests.factories import FABRIKAM, NORTHWIND, conversation, entry
from tests.support.house import OPERATORS, House

DAY = 86_400


@pytest.fixture
async def desk(house: House) -> House:
    await house.know(conversation(OPERATORS))
    return house


async def told(house: House) -> list[str]:
    return [str(item.payload["text"]) for item in await house.waiting() if item.conversation_id == OPERATORS]


def replica(house: House) -> DailyHeads:
    return DailyHeads(house.env, Operators(house.env, OPERATORS))


async def test_the_heads_of_all_chains_stand_in_one_message(desk: House) -> None:
    async with desk.store.write() as tx:
        row = await tx.audit.append(entry(), desk.clock.now())
        other = await tx.audit.append(entry(partner=""), desk.clock.now())
    await replica(desk).run()
    (said,) = await told(desk)
    for head in (f"Northwind=1:{row.hash}", f"none=1:{other.hash}", f"Fabrikam=0:{'0' * 64}"):
        assert head in said


async def test_once_a_day_across_replicas_and_restarts(desk: House) -> None:
    """The fixture's clock stands at 12:30:15 and goes on a quarter of an hour with each run."""
    await asyncio.gather(*(replica(desk).run() for _ in range(3)))
    assert len(await told(desk)) == 1
    while desk.clock.now().hour != 23 or desk.clock.now().minute < 45:
        await replica(desk).run()
        assert await told(desk) == []
    day = desk.clock.now().day
    await replica(desk).run()
    assert desk.clock.now().day == day + 1
    assert await told(desk) == []
    await asyncio.gather(*(replica(desk).run() for _ in range(2)))
    assert len(await told(desk)) == 1


async def test_each_days_message_has_that_days_head(desk: House) -> None:
    await replica(desk).run()
    (first,) = await told(desk)
    async with desk.store.write() as tx:
        row = await tx.audit.append(entry(), desk.clock.now())
    desk.clock.forward(DAY)
    await replica(desk).run()
    (second,) = await told(desk)
    assert f"Northwind=1:{row.hash}" in second
    assert first != second
    assert [tenant in second for tenant in (NORTHWIND, FABRIKAM)] == [False, False], "named as partners are"


async def test_without_a_channel_nothing_is_said(desk: House) -> None:
    await DailyHeads(desk.env, Operators(desk.env, "")).run()
    assert await desk.waiting() == []
    await replica(desk).run()
    assert len(await told(desk)) == 1, "and the day is not used up by it"
