"""Microsoft's security score of each partner, read when somebody asks for it and remembered for an hour.

Nobody waits for it longer than they said: what is slower goes on being read by itself, and is there the next time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar

from bot.domain.people import Partner
from bot.domain.scores import Census, ScorePoint, SecurityScore, trend
from bot.errors import AlertDeskError
from bot.ports import Clock, Environment, SecurityScores
from bot.services.names import Names
from bot.telemetry.log import get_logger

KEEP = timedelta(hours=1)
"""Microsoft reckons it once a day."""
AGAIN = timedelta(minutes=1)
"""How soon after a failure, or when somebody presses Refresh, it is read again."""
CUSTOMERS_MOST = 50_000
"""Customers that are read, at most; beyond that the census is not complete."""
NAMED = 50

log = get_logger("scores")

T = TypeVar("T")
Spawn = Callable[[Coroutine[Any, Any, Any]], asyncio.Task[Any]]


@dataclass(frozen=True, slots=True)
class Sheet:
    """The score and how it came to be; `history` holds a point a day, oldest first."""

    score: SecurityScore
    history: tuple[ScorePoint, ...] = ()


@dataclass(frozen=True, slots=True)
class Known(Generic[T]):
    """`value` as of `at`; None where there is none yet, with the `problem` that prevented it, or (`reading`) because
    it is still being read."""

    value: T | None = None
    at: datetime | None = None
    problem: str = ""
    reading: bool = False


class Scores:
    """`offered` is False in a cloud that has no such score; `spawn` starts a task that the program waits for."""

    def __init__(
        self, env: Environment, source: SecurityScores, names: Names, *, spawn: Spawn, offered: bool = True
    ) -> None:
        self._env, self._source, self._names = env, source, names
        self.offered = offered
        self._sheets: _Memory[Sheet] = _Memory(env.clock, spawn, self._read_sheet)
        self._censuses: _Memory[Census] = _Memory(env.clock, spawn, self._read_census)

    async def latest(self, partner: Partner, patience: float = 1.0) -> SecurityScore | None:
        """The score, if it is known or can be read within `patience` seconds. Never raises."""
        found = await self.sheet(partner, patience)
        return found.value.score if found.value is not None else None

    async def sheet(self, partner: Partner, patience: float, *, fresh: bool = False) -> Known[Sheet]:
        """`fresh`: what is older than a minute is read again. Never raises."""
        return await self._sheets.get(partner, patience, fresh) if self.offered else Known()

    async def census(self, partner: Partner, patience: float, *, fresh: bool = False) -> Known[Census]:
        """As `sheet`, of the partner's customers."""
        return await self._censuses.get(partner, patience, fresh) if self.offered else Known()

    async def called(self, partner: Partner, tenant_ids: list[str]) -> Mapping[str, str]:
        """What these customers are called, as far as it is known here."""
        async with self._env.store.read() as tx:
            known = await tx.names.known(partner.tenant_id, tenant_ids)
        return {tenant: name for tenant, (name, _) in known.items() if name}

    async def _read_sheet(self, partner: Partner) -> Sheet:
        score = await self._source.current(partner)
        try:
            history = trend(await self._source.history(partner))
        except AlertDeskError as problem:
            log.warning("score_history_not_read", partner=partner.tenant_id, code=problem.code)
            history = ()
        return Sheet(score, history)

    async def _read_census(self, partner: Partner) -> Census:
        census = Census()
        async for page in self._source.customers(partner):
            census = census.plus(page)
            if census.customers >= CUSTOMERS_MOST:
                census = replace(census, complete=False)
                break
        await self._names.fill(partner, [customer.tenant_id for customer in census.worst[:NAMED]])
        return census


class _Memory(Generic[T]):
    """The newest value of each partner. Read by one task at a time, which outlives those who wait for it."""

    def __init__(self, clock: Clock, spawn: Spawn, read: Callable[[Partner], Awaitable[T]]) -> None:
        self._clock, self._spawn, self._read = clock, spawn, read
        self._known: dict[str, Known[T]] = {}
        self._tried: dict[str, datetime] = {}
        self._tasks: dict[str, asyncio.Task[Any]] = {}

    async def get(self, partner: Partner, patience: float, fresh: bool) -> Known[T]:
        tenant = partner.tenant_id
        if self._is_due(tenant, fresh) and tenant not in self._tasks:
            self._tried[tenant] = self._clock.now()
            task = self._tasks[tenant] = self._spawn(self._learn(partner))
            task.add_done_callback(lambda _: self._tasks.pop(tenant, None))
        under_way = self._tasks.get(tenant)
        if under_way is not None and (fresh or not self._serves(tenant)):
            await asyncio.wait({under_way}, timeout=max(patience, 0.0))
        known = self._known.get(tenant) or Known()
        return replace(known, reading=under_way is not None and not under_way.done())

    def _is_due(self, tenant: str, fresh: bool) -> bool:
        tried, known = self._tried.get(tenant), self._known.get(tenant)
        if tried is None:
            return True
        good = known is not None and not known.problem
        return self._clock.now() - tried >= (KEEP if good and not fresh else AGAIN)

    def _serves(self, tenant: str) -> bool:
        """What is known is good enough while a newer one is being read."""
        known = self._known.get(tenant)
        return known is not None and known.at is not None and self._clock.now() - known.at < 2 * KEEP

    async def _learn(self, partner: Partner) -> None:
        tenant = partner.tenant_id
        try:
            value = await self._read(partner)
        except AlertDeskError as problem:
            log.warning("score_not_read", partner=tenant, code=problem.code, problem=problem.message)
            before = self._known.get(tenant) or Known()
            self._known[tenant] = replace(before, problem=problem.message)
        else:
            self._known[tenant] = Known(value, self._clock.now())
