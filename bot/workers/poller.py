"""Reads each partner's alerts at its pace, and sooner when a hint says that there is something to read. One partner's
failure delays no other: each has a loop of its own."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

from bot.domain.people import Partner
from bot.errors import AlertDeskError, Transient
from bot.ports import Environment
from bot.services.hints import Hints
from bot.services.intake import Intake
from bot.services.names import KEEP, Names
from bot.telemetry import metrics
from bot.telemetry.log import get_logger
from bot.workers.lease import Leased

HINT_SECONDS = 5.0
"""Hints bring no two readings of a partner closer together than this, however many there are."""

log = get_logger("poller")


class Poller:
    def __init__(
        self, env: Environment, intake: Intake, hints: Hints, partner: Partner, *, owner: str, seconds: float
    ) -> None:
        self._env, self._intake, self._hints = env, intake, hints
        self._partner, self._seconds = partner, seconds
        self._lease = Leased(env, f"poll:{partner.tenant_id}", owner)

    async def run(self) -> None:
        await self._lease.run(self._rounds)

    async def _rounds(self) -> None:
        while True:
            began = self._env.clock.monotonic()
            hint = await self._hint()
            pause = await self._round()
            took = self._env.clock.monotonic() - began
            await self._wait(hint, max(pause, HINT_SECONDS - took), max(pause, self._seconds - took))

    async def _hint(self) -> datetime | None:
        try:
            return await self._hints.last(self._partner.tenant_id)
        except AlertDeskError:  # the round itself tells about the database; at worst there is one round too many
            return None

    async def _wait(self, hint: datetime | None, least: float, most: float) -> None:
        """`most` seconds, or less where there is another hint than that, but then at least `least`."""
        regular = asyncio.create_task(self._env.clock.sleep(most))
        floor = asyncio.create_task(self._env.clock.sleep(least))
        hinted = asyncio.create_task(self._hints.another(self._partner.tenant_id, hint))
        try:
            await asyncio.wait({regular, hinted}, return_when=asyncio.FIRST_COMPLETED)
            await asyncio.wait({regular, floor}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in (regular, floor, hinted):
                each.cancel()
            await asyncio.gather(regular, floor, hinted, return_exceptions=True)

    async def _round(self) -> float:
        """Returns the least pause before the next: a 429 is obeyed."""
        tenant = self._partner.tenant_id
        try:
            found = await self._intake.poll(self._partner)
        except AlertDeskError as problem:
            metrics.POLLS.labels(partner=tenant, end=type(problem).__name__).inc()
            log.warning("poll_failed", partner=tenant, code=problem.code, problem=problem.message)
            return (problem.retry_after or 1.0) if isinstance(problem, Transient) else 1.0
        metrics.POLLS.labels(partner=tenant, end="ok").inc()
        for news, count in (("new", found.new), ("changed", found.changed), ("unreadable", len(found.unreadable))):
            if count:
                metrics.ALERTS.labels(partner=tenant, news=news).inc(count)
        if found.new or found.changed:
            log.info("polled", partner=tenant, new=found.new, changed=found.changed)
        return 0.1


class NameReader:
    """Reads the names of a partner's customers once a day."""

    def __init__(self, env: Environment, names: Names, partner: Partner, *, owner: str) -> None:
        self._env, self._names, self._partner = env, names, partner
        self._lease = Leased(env, f"names:{partner.tenant_id}", owner)

    async def run(self) -> None:
        await self._lease.run(self._daily)

    async def _daily(self) -> None:
        while True:
            try:
                await self._names.refresh(self._partner)
                pause = KEEP - timedelta(hours=1)
            except AlertDeskError as problem:
                log.warning(
                    "names_not_read", partner=self._partner.tenant_id, code=problem.code, problem=problem.message
                )
                pause = timedelta(minutes=10)
            await self._env.clock.sleep(pause.total_seconds())
