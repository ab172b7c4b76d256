"""The worker that looks for unanswered alerts: of two replicas each step is taken once."""

from __future__ import annotations

import asyncio

from bot.domain.delivery import ItemKind
from bot.workers.escalator import Escalator
from tests.factories import CHANNEL, alert
from tests.support.house import House


async def test_of_two_replicas_each_step_is_taken_once(house: House) -> None:
    await house.route()
    (record,) = await house.take_in(alert(detected_at=house.clock.now()))
    async with house.store.write() as tx:
        await house.cards.announce(tx, record)
    await house.deliver()
    workers = [
        asyncio.create_task(Escalator(house.env, house.escalator(), owner=owner).run()) for owner in ("one", "two")
    ]

    async def steps() -> int:
        async with house.store.read() as tx:
            return (await tx.escalations.taken(CHANNEL, record.number)).step

    try:
        async with asyncio.timeout(60):
            while await steps() < 3:  # noqa: ASYNC110 until the workers, whose pauses move the clock, have come so far
                await asyncio.sleep(0)
    finally:
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)
    items = [item for item in await house.waiting() if item.kind == ItemKind.ESCALATION_LINE]
    assert [item.payload["step"] for item in items] == [1, 2, 3]
