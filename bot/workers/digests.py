"""Sends the digests whose time has come. One replica at a time looks; the database sees to it that each goes once."""

from __future__ import annotations

from bot.ports import Environment
from bot.services.digests import Digests
from bot.workers.lease import Leased

LOOK_SECONDS = 20.0


class DigestSender:
    def __init__(self, env: Environment, digests: Digests, *, owner: str) -> None:
        self._env, self._digests = env, digests
        self._lease = Leased(env, "digests", owner)

    async def run(self) -> None:
        await self._lease.run(self._rounds)

    async def _rounds(self) -> None:
        while True:
            await self._digests.step()
            await self._env.clock.sleep(LOOK_SECONDS)
