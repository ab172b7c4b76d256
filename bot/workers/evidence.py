"""Once a day the operators get the head of each audit chain: what stands in Teams cannot be cut off in the database."""

from __future__ import annotations

from bot.ports import Environment
from bot.services import evidence
from bot.services.operators import Operators
from bot.texts import exports

_LOOK_SECONDS = 900.0


class DailyHeads:
    """Every replica runs it; the database knows whether the day's message is written."""

    def __init__(self, env: Environment, operators: Operators) -> None:
        self._env, self._operators = env, operators

    async def run(self) -> None:
        found = evidence.told(await evidence.all_heads(self._env), self._env.partners)
        await self._operators.daily("audit heads", exports.daily_heads("; ".join(found)))
        await self._env.clock.sleep(_LOOK_SECONDS)
