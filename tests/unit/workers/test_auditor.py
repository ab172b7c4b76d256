"""One replica looks, once a minute; another does when that one is gone."""

from __future__ import annotations

import asyncio

from bot.services.auditor import Auditor
from bot.workers.auditor import EVERY_SECONDS, AuditorLoop
from bot.workers.lease import SECONDS
from tests.support.house import House
from tests.support.until import until


class Beats:
    def __init__(self) -> None:
        self.count = 0

    async def beat(self) -> None:
        self.count += 1


def looking(house: House, beats: Beats, owner: str) -> asyncio.Task[None]:
    auditor = Auditor(house.env, house.cards, house.operators, beats)
    return asyncio.create_task(AuditorLoop(house.env, auditor, owner=owner).run())


async def test_one_of_two_looks_and_the_other_goes_on_where_it_died(house: House) -> None:
    house.clock.held = True
    first, second = Beats(), Beats()
    one = looking(house, first, "one")
    await until(lambda: first.count == 1)
    two = looking(house, second, "two")
    try:
        for _ in range(int(EVERY_SECONDS / 5)):
            await until(lambda: house.clock.pauses.count(5.0) >= 2, "both hold or wait for the lease")
            house.clock.forward(5)
        await until(lambda: first.count == 2)
        assert second.count == 0
        one.cancel()
        await asyncio.gather(one, return_exceptions=True)
        for _ in range(int(SECONDS / 5) + 1):
            await until(lambda: 5.0 in house.clock.pauses)
            house.clock.forward(5)
        await until(lambda: second.count == 1)
    finally:
        for task in (one, two):
            task.cancel()
        await asyncio.gather(one, two, return_exceptions=True)
