"""Sends the outbox. One replica at a time does, so that Teams' limits have one keeper.

A slow conversation holds up no other: items are sent side by side, never two of one conversation, and none that would
only wait for its send window. Who takes over counts what the one before sent, so that no window is passed between them.
"""

from __future__ import annotations

import asyncio

from bot.domain.delivery import OutboxItem
from bot.ports import Environment, Full
from bot.services.delivery import AT_ONCE, Delivery
from bot.workers.lease import Leased

IDLE_SECONDS = 1.0
"""How long it waits when nothing is due: other replicas' work, and items whose time comes."""
_LEAST_SECONDS = 0.01
RECOVER_SECONDS = 5.0
FINISH_SECONDS = 4.0
"""How long a send that is under way may take when we are told to stop."""


class Dispatcher:
    def __init__(self, env: Environment, delivery: Delivery, *, owner: str) -> None:
        self._env, self._delivery = env, delivery
        self._lease = Leased(env, "dispatch", owner)
        self._sending: set[asyncio.Task[None]] = set()
        self.keeps_limits = False
        """Whether it is this replica, at present, that counts what goes to Teams."""

    async def run(self) -> None:
        try:
            await self._lease.run(self._dispatch)
        finally:
            self.keeps_limits = False
            await self._finish()

    async def _dispatch(self) -> None:
        recovered: float | None = None
        await self._delivery.take_over()
        self.keeps_limits = True
        while True:
            self._env.outbox_work.clear()
            at = self._env.clock.monotonic()
            if recovered is None or at - recovered >= RECOVER_SECONDS:
                await self._delivery.recover()
                recovered = at
            room, full = AT_ONCE - len(self._sending), self._delivery.full()
            items = await self._delivery.claim(room, full) if room else ()
            for item in items:
                self._start(item)
            if not items:
                await self._wait(full)

    def _start(self, item: OutboxItem) -> None:
        task = asyncio.create_task(self._delivery.deliver(item))
        self._sending.add(task)
        task.add_done_callback(self._sent)

    def _sent(self, task: asyncio.Task[None]) -> None:
        self._sending.discard(task)
        self._env.outbox_work.set()  # its conversation's next item may go

    async def _wait(self, full: Full) -> None:
        """Until there is news, a window has room again, or a second went by."""
        woken = asyncio.create_task(self._env.outbox_work.wait())
        tired = asyncio.create_task(self._env.clock.sleep(max(_LEAST_SECONDS, min(IDLE_SECONDS, full.seconds))))
        try:
            await asyncio.wait({woken, tired}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            woken.cancel()
            tired.cancel()

    async def _finish(self) -> None:
        if self._sending:
            _, late = await asyncio.wait(set(self._sending), timeout=FINISH_SECONDS)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
