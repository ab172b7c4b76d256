"""Goes on with requests to cancel: calls, reminders, expiry, sending what was approved, watching what was sent."""

from __future__ import annotations

from bot.ports import Environment
from bot.services.carrying_out import CarryingOut

_SECONDS = 1.0


class Tender:
    def __init__(self, env: Environment, carrying_out: CarryingOut) -> None:
        self._env, self._carrying_out = env, carrying_out

    async def run(self) -> None:
        await self._carrying_out.step_due()
        await self._env.clock.sleep(_SECONDS)
