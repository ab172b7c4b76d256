"""Follows drills and reports them. One replica at a time does."""

from __future__ import annotations

from bot.ports import Environment
from bot.services.drills import Drills
from bot.workers.lease import Leased

LOOK_SECONDS = 5.0


class DrillKeeper:
    def __init__(self, env: Environment, drills: Drills, *, owner: str) -> None:
        self._env, self._drills = env, drills
        self._lease = Leased(env, "drills", owner)

    async def run(self) -> None:
        await self._lease.run(self._rounds)

    async def _rounds(self) -> None:
        while True:
            await self._drills.step()
            await self._env.clock.sleep(LOOK_SECONDS)
