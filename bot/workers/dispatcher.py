"""Sends the outbox. One replica at a time does, so that Teams' limits have one keeper."""

from __future__ import annotations

import asyncio

from bot.ports import Environment
from bot.services.delivery import Delivery
from bot.workers.lease import Leased

IDLE_SECONDS = 1.0
"""How long it waits when nothing is due: other replicas' work, and items whose time comes."""


class Dispatcher:
    def __init__(self, env: Environment, delivery: Delivery, *, owner: str) -> None:
        self._env, self._delivery = env, delivery
        self._lease = Leased(env, "dispatch", owner)

    async def run(self) -> None:
        await self._lease.run(self._send)

    async def _send(self) -> None:
        async with self._env.store.write() as tx:
            await tx.outbox.recover(self._env.clock.now())
        while True:
            self._env.outbox_work.clear()
            if not await self._delivery.step():
                await self._wait()

    async def _wait(self) -> None:
        woken = asyncio.create_task(self._env.outbox_work.wait())
        tired = asyncio.create_task(self._env.clock.sleep(IDLE_SECONDS))
        try:
            await asyncio.wait({woken, tired}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            woken.cancel()
            tired.cancel()
