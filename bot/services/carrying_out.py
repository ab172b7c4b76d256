"""What becomes of a request without anybody pressing: the approvers are called and reminded, it expires, and what was
approved is sent and watched. Each step is taken under a lease, so that any replica may die and another goes on."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

from bot.domain.cancellations import TAKEN, WATCHED, Cancellation, Event, State
from bot.domain.people import Partner
from bot.errors import AlertDeskError, Permanent
from bot.ports import Environment
from bot.services.approvers import Approvers, Spot
from bot.services.plan_progress import PlanProgress, entry
from bot.services.sending import AGAIN, LEASE_SECONDS, Sending
from bot.services.telling import Telling
from bot.services.watching import Watching
from bot.telemetry.log import get_logger
from bot.texts import cancelling as texts

_STEP_SECONDS = 45.0
"""Shorter than the lease, so that nobody else takes up what we are still at."""
_CALL_SECONDS = 30.0
"""For finding the approvers; shorter than the step, in which is then written down that they were not found."""
_AT_ONCE = 8
_CALL_TRIES = 4
_WITHOUT_PARTNER = timedelta(minutes=5)

log = get_logger("carrying_out")


class CarryingOut:
    """`owner` names this replica in leases."""

    def __init__(
        self,
        env: Environment,
        progress: PlanProgress,
        approvers: Approvers,
        sending: Sending,
        watching: Watching,
        telling: Telling,
        *,
        owner: str,
    ) -> None:
        self._env, self._progress, self._approvers = env, progress, approvers
        self._sending, self._watching, self._telling, self._owner = sending, watching, telling, owner
        self._awaited: set[int] = set()

    @contextmanager
    def awaited(self, number: int) -> Iterator[None]:
        """Inside, who asked waits for the approvers to be called, and their answer says whom that reached. Whoever
        reads the request for that answer holds it, so that a call just being written down is in it."""
        self._awaited.add(number)
        try:
            yield
        finally:
            self._awaited.discard(number)

    async def step_due(self) -> int:
        """Go on with whatever is due. Returns how many there were."""
        async with self._env.store.read() as tx:
            due = await tx.cancellations.due(self._env.clock.now(), _AT_ONCE)
        await asyncio.gather(*(self.step(number) for number in due))
        return len(due)

    async def step(self, number: int) -> None:
        """One step of one request, if nobody else is at it."""
        try:
            async with self._env.store.write() as tx:
                c = await tx.cancellations.claim(number, self._owner, self._env.clock.now(), LEASE_SECONDS)
        except Permanent as problem:  # what never changes was changed: it goes no further, and holds up no other
            log.error("request_changed", number=number, code=problem.code, problem=problem.message)
            await self._telling.changed(number)
            return
        if c is None:
            return
        try:
            async with asyncio.timeout(_STEP_SECONDS):
                await self._step(c)
        except (AlertDeskError, TimeoutError) as problem:
            log.warning("request_step_failed", request=c.label, state=c.state, problem=str(problem))
            await self._later(c)

    async def _step(self, c: Cancellation) -> None:
        partner = self._env.partners.get(c.plan.partner)
        if partner is None:
            await self._without_partner(c)
        elif c.state == State.ASKED:
            await self._tend(c, partner)
        elif c.state == State.APPROVED:
            await self._sending.send(c, verified=False)
        elif c.state in WATCHED or c.state in TAKEN:
            await self._watching.watch(c, partner)
        else:
            await self._progress.keep(c, replace(c, due_at=None), redraw=False)

    async def _without_partner(self, c: Cancellation) -> None:
        """For a partner that is not set up at present nothing can be read or sent. What time alone decides goes on, so
        that nothing waits for ever."""
        now, asked = self._env.clock.now(), c.state == State.ASKED
        if asked and now >= c.plan.expires_at:
            await self.expire(c)
        elif c.state == State.APPROVED:
            await self._sending.send(c, verified=False)
        elif asked or await self._watching.unread(c) == c:
            log.warning("request_step_failed", request=c.label, state=c.state, problem="the partner is not set up")
            due = now + _WITHOUT_PARTNER
            await self._progress.keep(c, replace(c, due_at=min(due, c.plan.expires_at) if asked else due), redraw=False)

    async def _later(self, c: Cancellation) -> None:
        async with self._env.store.write() as tx:
            stands = await tx.cancellations.get(c.number)
            if stands is not None and stands.version == c.version:
                pause = AGAIN * min(c.attempts + 1, 6)
                await tx.cancellations.change(
                    c, replace(c, attempts=c.attempts + 1, due_at=self._env.clock.now() + pause)
                )

    async def _tend(self, c: Cancellation, partner: Partner) -> None:
        now = self._env.clock.now()
        if now >= c.plan.expires_at:
            await self.expire(c)
        elif not c.notified:
            await self._call(c, partner)
        elif not c.reminded and now >= c.plan.half_time:
            await self._remind(c)
        else:
            due = c.plan.expires_at if c.reminded else c.plan.half_time
            await self._progress.keep(c, replace(c, due_at=min(due, c.plan.expires_at)), redraw=False)

    async def expire(self, c: Cancellation) -> Cancellation | None:
        now = self._env.clock.now()
        expired = replace(c.after(Event.EXPIRE), ended_at=now, due_at=None, outcome="")
        return await self._progress.move(c, expired, f"{c.plan.kind} request", "expired")

    async def _call(self, c: Cancellation, partner: Partner) -> None:
        """Ask the approvers. Where they cannot be found for too long, the thread's card has to do meanwhile, and they
        are called as soon as they can be."""
        spots = await self._approvers.spots(c)
        try:
            async with asyncio.timeout(_CALL_SECONDS):
                reaches = await self._approvers.reach(c, partner, spots)
        except (AlertDeskError, TimeoutError) as problem:
            put_off = c.attempts > _CALL_TRIES and all(spot.taken for spot in spots)
            if c.attempts < _CALL_TRIES or put_off:
                raise
            log.warning("approvers_not_found", request=c.label, problem=str(problem))
            await self._put_off(c, spots)
            return
        now = self._env.clock.now()
        called = replace(
            c,
            notified=True,
            attempts=0,
            asked_names=tuple(reach.person.name for reach in reaches if reach.reached),
            unreached=tuple(reach.person.name for reach in reaches if not reach.reached),
            reminded=now >= c.plan.half_time,
            due_at=c.plan.expires_at if now >= c.plan.half_time else c.plan.half_time,
        )
        async with self._env.store.write() as tx:
            stands = await tx.cancellations.change(c, called)
            if stands is None:
                return
            detail = {"asked": list(stands.asked_names), "unreached": list(stands.unreached)}
            await tx.audit.append(entry(stands.plan, "call approvers", "done", detail=detail), now)
            await self._progress.shown(tx, stands, "" if stands.asked_names else texts.nobody_reachable(stands))
            if stands.number not in self._awaited:
                await self._progress.tell_asker(tx, stands, texts.called(stands))
            await self._approvers.call(tx, stands, spots, reaches)  # last: cards that are new need not be redrawn

    async def _put_off(self, c: Cancellation, spots: tuple[Spot, ...]) -> None:
        async with self._env.store.write() as tx:
            tried = replace(c, attempts=c.attempts + 1, due_at=self._env.clock.now() + AGAIN * _CALL_TRIES)
            stands = await tx.cancellations.change(c, tried)
            if stands is None:
                return
            await tx.audit.append(entry(stands.plan, "call approvers", "put off"), self._env.clock.now())
            await self._progress.told(tx, stands, texts.not_called_yet(stands))
            await self._approvers.call(tx, stands, spots, ())

    async def _remind(self, c: Cancellation) -> None:
        """Once more to those who were asked, in person and in the threads: a redrawn card rings nobody."""
        await self._progress.move(
            c,
            replace(c, reminded=True, due_at=c.plan.expires_at),
            f"{c.plan.kind} request",
            "reminded",
            line=texts.reminder(c),
            rings=True,
            also=self._telling.reminder,
        )
