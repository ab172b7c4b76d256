"""Sees to storms that are over. One replica at a time does."""

from __future__ import annotations

from bot.ports import Environment
from bot.services.calming import Calming
from bot.workers.lease import Leased

LOOK_SECONDS = 15.0


class StormKeeper:
    def __init__(self, env: Environment, calming: Calming, *, owner: str) -> None:
        self._env, self._calming = env, calming
        self._lease = Leased(env, "storms", owner)

    async def run(self) -> None:
        await self._lease.run(self._rounds)

    async def _rounds(self) -> None:
        while True:
            await self._calming.step()
            await self._env.clock.sleep(LOOK_SECONDS)
