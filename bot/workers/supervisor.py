"""Keeps the background work running: named loops that are started again after a failure, and one-off tasks that are
waited for when the program stops."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

from bot.ports import Clock, Ids
from bot.telemetry.log import get_logger

T = TypeVar("T")
_LONGEST_WAIT = 30.0
log = get_logger("supervisor")


class Supervisor:
    def __init__(self, clock: Clock, ids: Ids) -> None:
        self._clock, self._ids = clock, ids
        self._loops: set[asyncio.Task[None]] = set()
        self._tasks: set[asyncio.Task[Any]] = set()

    def run(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        """Run `work` again and again; after a failure with a growing pause."""
        task = asyncio.create_task(self._forever(name, work), name=name)
        self._loops.add(task)

    def spawn(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Start something that outlives the turn that asked for it."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._over)
        return task

    async def stop(self, seconds: float) -> None:
        """End the loops, then give one-off tasks up to `seconds`. What is left is durable, and goes on later."""
        for task in self._loops:
            task.cancel()
        await asyncio.gather(*self._loops, return_exceptions=True)
        if self._tasks:
            _, late = await asyncio.wait(set(self._tasks), timeout=seconds)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def _forever(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        failures = 0
        while True:
            try:
                await work()
                failures = 0
            except Exception:  # whatever it was, the work must go on
                failures += 1
                log.exception("worker_failed", worker=name, failures=failures)
                await self._clock.sleep(
                    min(_LONGEST_WAIT, 0.5 * 2 ** min(failures, 8)) * (0.5 + self._ids.jitter() / 2)
                )

    def _over(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (problem := task.exception()) is not None:
            log.error("task_failed", task=task.get_name(), problem=repr(problem))
