"""The worker that follows drills: one replica at a time."""

from __future__ import annotations

import asyncio

from bot.workers.drills import DrillKeeper
from tests.factories import ADA, NORTHWIND, conversation
from tests.support.house import House


async def test_one_of_two_replicas_reports_a_drill_once(house: House) -> None:
    await house.baseline()
    await house.route()
    await house.drills.begin(house.northwind, "high", house.as_known(ADA), conversation())
    keepers = [asyncio.create_task(DrillKeeper(house.env, house.drills, owner=owner).run()) for owner in ("one", "two")]

    async def is_reported() -> bool:
        async with house.store.read() as tx:
            return not await tx.drills.open(10)

    try:
        async with asyncio.timeout(30):
            while not await is_reported():  # noqa: ASYNC110 until the workers have come so far
                await asyncio.sleep(0)
    finally:
        for keeper in keepers:
            keeper.cancel()
        await asyncio.gather(*keepers, return_exceptions=True)
    assert [row[:2] for row in await house.audited(NORTHWIND)] == [("drill", "asked"), ("drill", "failed")]
