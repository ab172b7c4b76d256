"""Watches a subscription until it has changed, and resolves its alerts as fraud meanwhile.

An accepted cancel usually shows after about ten minutes; after an hour it is stuck, and people are told.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from bot.domain.alerts import AlertRecord, Status, Verdict
from bot.domain.cancellations import (
    STUCK_AFTER,
    TAKEN,
    WATCH_AT_MOST,
    WATCHED,
    Cancellation,
    Event,
    Kind,
    Mark,
    State,
    is_concerned,
)
from bot.domain.people import Partner, Person
from bot.errors import AlertDeskError
from bot.ports import Environment
from bot.services.access import actor
from bot.services.plan_check import PlanCheck
from bot.services.plan_progress import Also, PlanProgress
from bot.services.telling import Telling
from bot.services.verdicts import End, Verdicts, Wish
from bot.telemetry.log import get_logger
from bot.texts import cancelling as texts

_AGAIN = timedelta(seconds=5)
_SELDOM = 10
"""What is stuck is looked at so much less often."""
_MARKS_AT_ONCE = 4
_MARKS_A_STEP = 25
_MOST_ALERTS = 1000
_REDRAW_EVERY = timedelta(minutes=2)
_OLD = timedelta(minutes=15)
"""What was seen longer ago is not said of now."""

log = get_logger("watching")


class Watching:
    """`poll` is how often a cancelled subscription is looked at."""

    def __init__(
        self,
        env: Environment,
        check: PlanCheck,
        progress: PlanProgress,
        telling: Telling,
        verdicts: Verdicts,
        *,
        poll: timedelta,
    ) -> None:
        self._env, self._check, self._progress = env, check, progress
        self._telling, self._verdicts, self._poll = telling, verdicts, poll

    async def watch(self, c: Cancellation, partner: Partner) -> None:
        """One look. The caller holds the request's lease."""
        if c.state in WATCHED:
            c = await self._look(c, partner)
        c, left = await self._mark(c, partner)
        if c.state in WATCHED:
            due: datetime | None = self._env.clock.now() + self._poll * (_SELDOM if c.state == State.STUCK else 1)
        else:
            due = self._env.clock.now() + _AGAIN * min(c.attempts + 1, 12) if left else None
        await self._progress.keep(c, replace(c, due_at=due, attempts=c.attempts + 1), redraw=False)

    async def unread(self, c: Cancellation) -> Cancellation:
        """What time alone decides, where nothing can be read or marked for now."""
        now = self._env.clock.now()
        if c.state in WATCHED:
            return await self._by_the_clock(c, now)
        if c.concerns_until is not None and now >= c.concerns_until + WATCH_AT_MOST:
            return await self._progress.keep(c, replace(c, due_at=None), redraw=True) or await self._progress.now(c)
        return c

    async def _look(self, c: Cancellation, partner: Partner) -> Cancellation:
        """Read the subscription, and take whatever step follows from it or from the clock."""
        now = self._env.clock.now()
        as_whom = actor(Person(c.approver_id, "", c.approver_name, partner.roles_in), partner)
        try:
            status = await self._check.status(partner, c.plan, as_whom)
        except AlertDeskError as problem:
            log.warning("entitlement_not_read", request=c.label, code=problem.code, problem=problem.message)
            return await self._by_the_clock(c, now)
        redraw = status != c.seen_status or c.seen_at is None or now - c.seen_at >= _REDRAW_EVERY
        seen = replace(c, seen_status=status, seen_at=now if redraw else c.seen_at)
        if status == c.plan.wanted_status:  # one that is not found has perhaps moved, and runs on
            after = replace(
                seen.after(Event.SUCCEED),
                ended_at=now,
                due_at=now,
                outcome="",
                attempts=0,
            )
            return await self._step_seen(c, after, "done", {"status": status})
        c = await self._progress.keep(c, seen, redraw=redraw) or await self._progress.now(c)
        return await self._by_the_clock(c, now)

    async def _by_the_clock(self, c: Cancellation, now: datetime) -> Cancellation:
        since = c.accepted_at or c.approved_at or c.plan.asked_at
        known = replace(c, seen_status="", seen_at=None) if c.seen_at is not None and now - c.seen_at > _OLD else c
        detail = {"status": known.seen_status}
        if c.state == State.ACCEPTED and now >= since + STUCK_AFTER:
            return await self._step_seen(c, known.after(Event.TARRY), "stuck", detail, also=self._telling.trouble)
        limit = STUCK_AFTER if c.state == State.UNSURE else WATCH_AT_MOST
        if c.can(Event.GIVE_UP) and now >= since + limit:
            after = replace(known.after(Event.GIVE_UP), ended_at=now, due_at=None)
            return await self._step_seen(c, after, "failed", detail, also=self._telling.trouble)
        return c

    async def _step_seen(
        self,
        before: Cancellation,
        after: Cancellation,
        outcome: str,
        detail: Mapping[str, str],
        also: Also | None = None,
    ) -> Cancellation:
        if after.state == before.state:
            return before
        act = f"{before.plan.kind} watch"
        stands = await self._progress.move(before, after, act, outcome, detail=detail, also=also)
        return stands or await self._progress.now(before)

    async def _mark(self, c: Cancellation, partner: Partner) -> tuple[Cancellation, bool]:
        """Resolve as fraud, by PATCH and in the approver's name, every alert of the subscription that was open when
        the cancel was accepted. One that is open again after a verdict was opened on purpose, and stays open. Returns
        also whether there are any left to try."""
        if c.plan.kind != Kind.CANCEL or c.state not in TAKEN or c.concerns_until is None:
            return c, False
        records = await self._of_subscription(c)
        over = await self._over(c, records, c.concerns_until)
        marked = {**c.marks, **over}
        tries = [
            record
            for record in records
            if is_concerned(record, c.concerns_until) and not marked.get(record.alert.id, Mark()).is_left
        ]
        approver = Person(c.approver_id, "", c.approver_name, partner.roles_in)
        gate = asyncio.Semaphore(_MARKS_AT_ONCE)

        async def mark(record: AlertRecord) -> tuple[str, Mark]:
            wish = Wish(Status.RESOLVED, Verdict.FRAUD, texts.fraud_note(c))
            before = c.marks.get(record.alert.id, Mark())
            async with gate:
                outcome = await self._verdicts.follow_up(record, wish, approver, c.plan.conversation_id)
            if outcome.end in (End.DONE, End.ALREADY):
                return record.alert.id, Mark(before.tries, done=True)
            waiting = outcome.end in (End.BUSY, End.LATE)  # it is under way, and no failure yet
            return record.alert.id, Mark(before.tries + (not waiting), outcome.problem or before.problem)

        ended = await asyncio.gather(*map(mark, tries[:_MARKS_A_STEP]))
        marks = {**marked, **dict(ended)}
        left = len(tries) > len(ended) or not all(mark.is_left for _, mark in ended)
        if marks != dict(c.marks):
            c = await self._progress.keep(c, replace(c, marks=marks), redraw=True) or await self._progress.now(c)
        return c, left

    async def _over(self, c: Cancellation, records: Sequence[AlertRecord], since: datetime) -> dict[str, Mark]:
        """Those that turn out to be done: resolved by now, whoever did it and whether or not we saw the end of our own
        try; or through an intent in the meantime, and opened again before we looked."""
        resolved: frozenset[str] = frozenset()
        if any(record.alert.is_open for record in records):
            async with self._env.store.read() as tx:
                resolved = await tx.intents.resolved_since(c.plan.partner, since)
        known = ((record, c.marks.get(record.alert.id, Mark())) for record in records)
        return {
            record.alert.id: Mark(mark.tries, done=True)
            for record, mark in known
            if not mark.done and (not record.alert.is_open or record.alert.id in resolved)
        }

    async def _of_subscription(self, c: Cancellation) -> tuple[AlertRecord, ...]:
        async with self._env.store.read() as tx:
            return await tx.alerts.of_subscription(c.plan.partner, c.plan.entitlement_id, _MOST_ALERTS)
