"""Has the promise of delivery looked at once a minute, by one replica."""

from __future__ import annotations

from bot.ports import Environment
from bot.services.auditor import Auditor
from bot.telemetry import metrics
from bot.workers.lease import Leased

EVERY_SECONDS = 60.0


class AuditorLoop:
    def __init__(self, env: Environment, auditor: Auditor, *, owner: str) -> None:
        self._env, self._auditor = env, auditor
        self._lease = Leased(env, "audit", owner)

    async def run(self) -> None:
        try:
            await self._lease.run(self._cycles)
        finally:
            metrics.UNCONFIRMED.set(0)  # another replica tells it from here

    async def _cycles(self) -> None:
        while True:
            await self._auditor.cycle()
            await self._env.clock.sleep(EVERY_SECONDS)
