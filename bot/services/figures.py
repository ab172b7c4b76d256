"""The tiles and the response clock of partners, read in one go: for the dashboard and for digests."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from bot.domain.response_clock import Standing, usual
from bot.ports import Environment


class Figures:
    def __init__(self, env: Environment) -> None:
        self._env = env

    async def standing(self, partners: Iterable[str], now: datetime, until: datetime | None = None) -> Standing:
        """Of these tenants, in their order. `until`, for the forecast, is at most HORIZON later than `now`."""
        async with self._env.store.read() as tx:
            return await tx.figures.standing(tuple(partners), now, until or usual(now))
