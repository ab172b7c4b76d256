"""The worker that sees to storms that are over: one replica at a time."""

from __future__ import annotations

import asyncio

from bot.domain.storms import EVERYTHING, RollUp, RollUpState
from bot.workers.storms import StormKeeper
from tests.factories import CHANNEL, alert
from tests.support.house import House


async def test_one_of_two_replicas_closes_a_storm_that_is_over(house: House) -> None:
    await house.route()
    (record,) = await house.take_in(alert())
    now = house.clock.now()
    rollup = RollUp("rollup", CHANNEL, EVERYTHING, now, now, now)
    async with house.store.write() as tx:
        await tx.rollups.open(rollup)
        await tx.rollups.join(rollup, record.number, 4, now, hot=True)
    keepers = [
        asyncio.create_task(StormKeeper(house.env, house.calming, owner=owner).run()) for owner in ("one", "two")
    ]

    async def state() -> str:
        async with house.store.read() as tx:
            found = await tx.rollups.get("rollup")
        assert found is not None
        return found.state

    try:
        async with asyncio.timeout(30):
            while await state() != RollUpState.CLOSED:  # noqa: ASYNC110 until the workers have come so far
                await asyncio.sleep(0)
    finally:
        for keeper in keepers:
            keeper.cancel()
        await asyncio.gather(*keepers, return_exceptions=True)
    await house.deliver()
    assert len(house.channel.cards()) == 1  # the alert's own
