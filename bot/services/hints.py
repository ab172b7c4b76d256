"""Hints that a partner's alerts are worth reading now: given by whichever replica hears of it, seen by the one that
reads. Polling stays the truth; a lost hint costs no more than the wait for the next round."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from datetime import datetime

from bot.domain.webhooks import Event
from bot.errors import AlertDeskError
from bot.ports import Environment, SyncState

LOOK_SECONDS = 2.0
"""How often the database is looked at for what another replica heard."""


class Hints:
    def __init__(self, env: Environment) -> None:
        self._env = env
        self._heard: defaultdict[str, asyncio.Event] = defaultdict(asyncio.Event)

    async def take(self, partner: str, event: Event) -> bool:
        """Remember the event and give the hint, in one transaction. False: this very event was taken before."""
        now = self._env.clock.now()
        key = f"webhook:{partner}:{event.digest}"
        async with self._env.store.write() as tx:
            first, _ = await tx.inbox.begin(key, now)
            if not first:
                return False
            await tx.inbox.finish(key, {"event": event.kind})
            await tx.syncs.put(SyncState(_row(partner), last_open_at=now))
        self._heard[partner].set()
        return True

    async def wake(self, partner: str) -> None:
        """A hint of our own."""
        async with self._env.store.write() as tx:
            await tx.syncs.put(SyncState(_row(partner), last_open_at=self._env.clock.now()))
        self._heard[partner].set()

    async def last(self, partner: str) -> datetime | None:
        """When the last hint was given. Compare it for being another one: replicas' clocks differ."""
        async with self._env.store.read() as tx:
            return (await tx.syncs.get(_row(partner))).last_open_at

    async def another(self, partner: str, last: datetime | None) -> None:
        """Returns as soon as there is another hint than `last`. While the database is away there is none."""
        heard = self._heard[partner]
        while True:
            heard.clear()
            try:
                if await self.last(partner) != last:
                    return
            except AlertDeskError:
                pass  # the poller tells about it
            await self._pause(heard)

    async def _pause(self, heard: asyncio.Event) -> None:
        woken = asyncio.create_task(heard.wait())
        tired = asyncio.create_task(self._env.clock.sleep(LOOK_SECONDS))
        try:
            await asyncio.wait({woken, tired}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            woken.cancel()
            tired.cancel()


def _row(partner: str) -> str:
    """A row of its own beside the partner's: what the poller writes there must not wipe out a hint that comes in
    meanwhile."""
    return f"hint:{partner}"
