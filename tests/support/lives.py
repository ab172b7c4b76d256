"""Replicas that stop where a test wants them to, and die there or go on: for what others then make of their work.

Each call of a port is a point, and so is the moment after one that changes something. What is begun in a `Life` passes
so many points (or all up to the one that is named) and then halts, until it is resumed or its life is ended; everything
else goes on meanwhile.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from contextvars import ContextVar, copy_context
from typing import Any

from bot.errors import AlertDeskError
from bot.ports import Transaction
from tests.support.house import House

PATIENT = 3600.0
"""Seconds; nobody in these tests stops waiting for an answer."""
_QUIET_ROUNDS = 4
_current: ContextVar[Act | None] = ContextVar("act", default=None)

Passes = int | str | None
Seen = Callable[[Transaction], Awaitable[None]]


class Act:
    """Something under way in a life. It passes `passes` more points (None: all; a name: those before the next so named)
    and then halts; `points` are those that it came to."""

    def __init__(self, stage: Stage, work: Coroutine[Any, Any, Any], passes: Passes) -> None:
        self._stage, self._passes = stage, passes
        self._waiting: list[asyncio.Future[None]] = []
        self._stirred = asyncio.Event()
        self.points: list[str] = []
        context = copy_context()
        context.run(_current.set, self)
        self.task: asyncio.Task[Any] = asyncio.get_running_loop().create_task(work, context=context)
        self.task.add_done_callback(lambda _: self._stirred.set())

    @property
    def halts(self) -> bool:
        return bool(self._waiting) and not self.task.done()

    async def come_to(self, point: str) -> None:
        self.points.append(point)
        if self._passes is None or (isinstance(self._passes, str) and self._passes != point):
            return
        if isinstance(self._passes, int) and self._passes > 0:
            self._passes -= 1
            return
        going_on: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(going_on)
        self._stirred.set()
        await going_on

    async def rest(self) -> None:
        """Until it has ended or halts. Raises what went wrong in it, unless the product raises that on purpose."""
        await asyncio.wait_for(self._stirred.wait(), 30)
        await self._stage.quiet()
        if self.task.done() and not self.task.cancelled():
            problem = self.task.exception()
            if problem is not None and not isinstance(problem, AlertDeskError):
                raise problem

    async def resume(self, passes: Passes = None) -> None:
        """Go on from where it halts."""
        self._passes = passes
        self._stirred.clear()
        waiting, self._waiting = self._waiting, []
        for going_on in waiting:
            if not going_on.done():
                going_on.set_result(None)
        if self.task.done():
            self._stirred.set()
        await self.rest()


class Life:
    """One life of a replica, from its start to its end."""

    def __init__(self, stage: Stage, owner: str) -> None:
        self._stage = stage
        self._tasks: set[asyncio.Task[Any]] = set()
        self.asking, self.deciding, self.carrying_out = stage.house.canceller(owner, spawn=self._spawn)
        self.acts: list[Act] = []

    def _spawn(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        return task

    async def begin(self, work: Coroutine[Any, Any, Any], passes: Passes = None) -> Act:
        act = Act(self._stage, work, passes)
        self.acts.append(act)
        self._tasks.add(act.task)
        await act.rest()
        return act

    @property
    def halted(self) -> list[Act]:
        return [act for act in self.acts if act.halts]

    async def end(self) -> None:
        """As if the process were killed: whatever it was at ends where it is."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._stage.quiet()


class Stage:
    """Puts points into the ports of a house. `seen` is called in each writing transaction before it is committed."""

    def __init__(self, house: House, seen: Seen | None = None) -> None:
        self.house, self._seen, self._busy = house, seen, 0
        self._write, self._read = house.store.write, house.store.read
        house.store.write = self._written  # type: ignore[method-assign]
        house.store.read = self._reading  # type: ignore[method-assign]
        for port, names, changes in (
            (house.subscriptions, ("find", "get"), False),
            (house.subscriptions, ("cancel", "reactivate"), True),
            (house.source, ("get",), False),
            (house.source, ("set_status",), True),
            (house.directory, ("roles", "approvers"), False),
            (house.channel, ("member", "personal"), False),
        ):
            for name in names:
                setattr(port, name, _with_points(getattr(port, name), name, changes))

    def life(self, owner: str) -> Life:
        return Life(self, owner)

    async def quiet(self) -> None:
        """Until nothing is at the database, and all that could go on has."""
        rounds = 0
        while rounds < _QUIET_ROUNDS:
            await asyncio.sleep(0 if not self._busy else 0.0005)
            rounds = 0 if self._busy else rounds + 1

    @asynccontextmanager
    async def _written(self) -> AsyncIterator[Transaction]:
        await _come_to("before write")
        self._busy += 1
        try:
            async with self._write() as tx:
                yield tx
                if self._seen is not None:
                    await self._seen(tx)
        finally:
            self._busy -= 1
        await _come_to("after write")

    @asynccontextmanager
    async def _reading(self) -> AsyncIterator[Transaction]:
        self._busy += 1
        try:
            async with self._read() as tx:
                yield tx
        finally:
            self._busy -= 1


def _with_points(call: Callable[..., Awaitable[Any]], name: str, changes: bool) -> Callable[..., Awaitable[Any]]:
    async def pointed(*values: Any, **named: Any) -> Any:
        await _come_to(f"before {name}")
        answer = await call(*values, **named)
        if changes:
            await _come_to(f"after {name}")
        return answer

    return pointed


async def _come_to(point: str) -> None:
    if (act := _current.get()) is not None:
        await act.come_to(point)
