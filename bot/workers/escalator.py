"""Looks for alerts that nobody answers. One replica at a time does."""

from __future__ import annotations

from bot.ports import Environment
from bot.services.escalations import Escalations
from bot.workers.lease import Leased

LOOK_SECONDS = 15.0


class Escalator:
    def __init__(self, env: Environment, escalations: Escalations, *, owner: str) -> None:
        self._env, self._escalations = env, escalations
        self._lease = Leased(env, "escalations", owner)

    async def run(self) -> None:
        await self._lease.run(self._rounds)

    async def _rounds(self) -> None:
        while True:
            await self._escalations.step()
            await self._env.clock.sleep(LOOK_SECONDS)
