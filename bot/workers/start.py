"""Brings the bot from listening to working. A database that is away does not end it: it waits for it, and says so."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from bot.errors import AlertDeskError, Transient
from bot.ports import Clock, Ids
from bot.telemetry.log import get_logger

_LONGEST_WAIT = 15.0
log = get_logger("start")


class Start:
    """`begin` opens the database and sets the workers going; it may be tried again. `problem` is what it waits for;
    empty when all has begun."""

    def __init__(self, clock: Clock, ids: Ids, begin: Callable[[], Awaitable[None]]) -> None:
        self._clock, self._ids, self._begin = clock, ids, begin
        self.problem = "The bot is starting."

    async def first(self) -> None:
        """The try before we listen. Raises what only the operator can mend; whatever may pass is left to `rest`."""
        try:
            await self._begin()
        except Transient as problem:
            self._failed(problem)
        else:
            self.problem = ""

    async def rest(self) -> None:
        """Go on trying until it has begun."""
        tries = 0
        while self.problem:
            await self._clock.sleep(min(_LONGEST_WAIT, 0.5 * 2.0 ** min(tries, 6)) * (0.5 + self._ids.jitter() / 2))
            tries += 1
            try:
                await self._begin()
            except AlertDeskError as problem:
                self._failed(problem)
            else:
                self.problem = ""
                log.info("started_late", tries=tries)
        await asyncio.Event().wait()  # there is nothing more to do

    def _failed(self, problem: AlertDeskError) -> None:
        self.problem = problem.message
        log.error("not_started", code=problem.code, problem=problem.message)
