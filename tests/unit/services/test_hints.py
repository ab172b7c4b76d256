"""A hint is given once for each event, in the database, so that whichever replica reads sees it."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from bot.domain.webhooks import Event, read_event
from bot.errors import Transient
from bot.services.hints import LOOK_SECONDS, Hints
from tests.factories import FABRIKAM, NORTHWIND
from tests.support.house import House
from tests.support.partner_webhook import event
from tests.support.until import until


def heard(house: House, name: str = "azure-fraud-event-detected") -> Event:
    return read_event(event(house.clock.now(), name))


async def test_the_same_event_is_taken_once(house: House) -> None:
    hints, another = Hints(house.env), Hints(house.env)
    fraud = heard(house)
    assert await hints.take(NORTHWIND, fraud) is True
    assert await hints.take(NORTHWIND, fraud) is False
    assert await another.take(NORTHWIND, fraud) is False
    assert await hints.take(FABRIKAM, fraud) is True, "what is one partner's says nothing about another's"
    assert await hints.take(NORTHWIND, heard(house, "test-created")) is True


async def test_who_waits_here_hears_it_at_once(house: House) -> None:
    house.clock.held = True
    hints = Hints(house.env)
    waiting = asyncio.create_task(hints.another(NORTHWIND, await hints.last(NORTHWIND)))
    await until(lambda: house.clock.pauses == [LOOK_SECONDS])
    await hints.take(FABRIKAM, heard(house))
    await hints.take(NORTHWIND, heard(house))
    await asyncio.wait_for(waiting, 10)


async def test_another_replica_sees_it_a_moment_later_whatever_its_clock_says(house: House) -> None:
    house.clock.held = True
    here, there = Hints(house.env), Hints(house.env)
    await here.take(NORTHWIND, heard(house))
    waiting = asyncio.create_task(there.another(NORTHWIND, await there.last(NORTHWIND)))
    await until(lambda: house.clock.pauses == [LOOK_SECONDS])
    house.clock.forward(-60)  # the other machine's clock is behind
    await here.take(NORTHWIND, heard(house, "test-created"))
    assert not waiting.done()
    house.clock.forward(60 + LOOK_SECONDS)
    await asyncio.wait_for(waiting, 10)


async def test_while_the_database_is_away_there_is_no_hint(house: House) -> None:
    house.clock.held = True
    hints = Hints(house.env)
    last = await hints.last(NORTHWIND)
    answers = iter([Transient("away"), Transient("away")])

    async def last_or_away(partner: str) -> object:
        problem = next(answers, None)
        if problem is not None:
            raise problem
        return house.clock.now()

    hints.last = last_or_away  # type: ignore[method-assign, assignment]
    waiting = asyncio.create_task(hints.another(NORTHWIND, last))
    for _ in range(2):
        await until(lambda: house.clock.pauses == [LOOK_SECONDS])
        assert not waiting.done()
        house.clock.forward(LOOK_SECONDS)
    await asyncio.wait_for(waiting, 10)


async def test_what_the_poller_writes_wipes_no_hint_out(house: House) -> None:
    hints = Hints(house.env)
    await hints.take(NORTHWIND, heard(house))
    given = await hints.last(NORTHWIND)
    assert given is not None
    house.clock.forward(timedelta(minutes=1).total_seconds())
    await house.intake.poll(house.northwind)
    assert await hints.last(NORTHWIND) == given
