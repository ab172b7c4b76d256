"""Work that one replica at a time may do: held by a named lease that is renewed while the work runs."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from bot.errors import AlertDeskError
from bot.ports import Environment

SECONDS = 15.0
_RENEW = 5.0


class Leased:
    """`owner` names this replica. The lease is given back on a clean stop, and runs out by itself after a crash."""

    def __init__(self, env: Environment, name: str, owner: str) -> None:
        self._env, self._name, self._owner = env, name, owner

    async def run(self, work: Callable[[], Awaitable[None]]) -> None:
        """Wait for the lease, then run `work` until it ends, fails, or the lease is lost."""
        while not await self._acquire():
            await self._env.clock.sleep(_RENEW)
        task = asyncio.ensure_future(work())
        renewal = asyncio.create_task(self._renew())
        try:
            done, _ = await asyncio.wait({task, renewal}, return_when=asyncio.FIRST_COMPLETED)
            if task in done:
                await task
        finally:
            for each in (task, renewal):
                each.cancel()
            await asyncio.gather(task, renewal, return_exceptions=True)
            await self._release()

    async def _renew(self) -> None:
        missed_since: float | None = None
        while True:
            await self._env.clock.sleep(_RENEW)
            try:
                if not await self._acquire():
                    return
                missed_since = None
            except AlertDeskError:  # the database is away; the lease still holds for a while
                at = self._env.clock.monotonic()
                missed_since = missed_since if missed_since is not None else at
                if at - missed_since >= SECONDS - 2 * _RENEW:
                    return

    async def _acquire(self) -> bool:
        async with self._env.store.write() as tx:
            return await tx.leases.acquire(self._name, self._owner, self._env.clock.now(), SECONDS)

    async def _release(self) -> None:
        try:
            async with self._env.store.write() as tx:
                await tx.leases.release(self._name, self._owner)
        except AlertDeskError:
            pass  # it runs out by itself
