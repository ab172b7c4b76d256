"""A person's decision on an alert, from the click to what Partner Center then says.

Write down, then do, then look: the intent row is committed before anything is sent; after each change the alert is
read again; after doubt it is read before it is sent again, and then the same body. At most one intent per alert is
open, so two clicks, a redelivered activity or two replicas make one change.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any

from bot.domain.alerts import Alert, AlertRecord
from bot.domain.decisions import Intent, IntentState, gives_way, may_be_ours, may_send, reached
from bot.domain.people import Partner, Person
from bot.errors import Permanent, Refused, SignInNeeded, Transient
from bot.ports import AlertSource, Environment
from bot.services.access import actor
from bot.services.cards import CardWork
from bot.services.verdict_progress import End, Outcome, VerdictProgress, Wish
from bot.texts import en as texts

__all__ = ["LEASE_SECONDS", "End", "Outcome", "Verdicts", "Wish", "decider"]

LEASE_SECONDS = 45.0
_TRIES = 3
"""Within one claim. What is undecided after that is taken up again later."""
_LOOK_SECONDS = 0.2
_LONGEST_PAUSE = 5.0
"""Between two of them. Whoever is told to stay away for longer takes it up again when that is over."""


class Verdicts:
    """`spawn` starts a task that the program waits for when it stops; `owner` names this replica in leases."""

    def __init__(
        self,
        env: Environment,
        source: AlertSource,
        cards: CardWork,
        *,
        owner: str,
        spawn: Callable[[Coroutine[Any, Any, Any]], asyncio.Task[Any]],
    ) -> None:
        self._env, self._source, self._progress = env, source, VerdictProgress(env, cards)
        self._owner, self._spawn = owner, spawn

    async def decide(
        self, record: AlertRecord, wish: Wish, person: Person, conversation_id: str, patience: float
    ) -> Outcome:
        """Write the wish down and carry it out. The person's roles were checked by the caller, live.

        Waits at most `patience` seconds for the result; after that the work goes on and the outcome is LATE. Raises
        SignInNeeded where Partner Center wants more of the person's token than it carries: nothing was changed.
        """
        until = self._env.clock.monotonic() + patience
        opened = await self._write_down(record, wish, person, conversation_id)
        while _in_passing(opened, wish) and self._env.clock.monotonic() < until:
            await self._env.clock.sleep(_LOOK_SECONDS)
            opened = await self._write_down(record, wish, person, conversation_id)
        if isinstance(opened, Outcome):
            return opened
        task = self._spawn(self.carry_out(opened))
        done, _ = await asyncio.wait({task}, timeout=max(until - self._env.clock.monotonic(), 0.05))
        if not done:
            await self._progress.show_pending(record)
            task.add_done_callback(self._finished_late)
            return Outcome(End.LATE, record, by_name=person.name)
        outcome = task.result() or Outcome(End.LATE, record, by_name=person.name)
        if outcome.sign_in is not None:
            raise outcome.sign_in
        return outcome

    async def follow_up(self, record: AlertRecord, wish: Wish, person: Person, conversation_id: str) -> Outcome:
        """As `decide`, for a verdict that follows from another act of this person: nobody is waiting for the answer,
        and what is wanted of their sign-in is part of the outcome."""
        opened = await self._write_down(record, wish, person, conversation_id)
        if isinstance(opened, Outcome):
            return opened
        outcome = await self.carry_out(opened) or Outcome(End.LATE, record, by_name=person.name)
        return outcome if outcome.sign_in is None else replace(outcome, problem=outcome.sign_in.message)

    def _finished_late(self, task: asyncio.Task[Outcome | None]) -> None:
        if not task.cancelled() and task.exception() is None:
            self._spawn(self._progress.tell_to_sign_in(task.result()))

    async def _write_down(
        self, seen: AlertRecord, wish: Wish, person: Person, conversation_id: str
    ) -> Intent | Outcome:
        async with self._env.store.write() as tx:
            record = await tx.alerts.get(seen.alert.key) or seen
            return await self._progress.open(tx, record, wish, person, conversation_id)

    async def resume(self, limit: int = 20) -> int:
        """Take up intents that were left open: a replica died, or Partner Center was away. Returns how many."""
        async with self._env.store.read() as tx:
            due = await tx.intents.due(self._env.clock.now(), limit)
        for outcome in await asyncio.gather(*(self.carry_out(intent) for intent in due)):
            await self._progress.tell_to_sign_in(outcome)
        return len(due)

    async def carry_out(self, intent: Intent) -> Outcome | None:
        """Bring Partner Center to what the intent says, or find out why not. None where another replica is at it."""
        now = self._env.clock.now()
        async with self._env.store.write() as tx:
            if not await tx.intents.claim(intent.id, self._owner, now, LEASE_SECONDS):
                return None
            claimed = await tx.intents.get(intent.id)
            record = await tx.alerts.get(intent.alert)
        if claimed is None or record is None or claimed.state != IntentState.OPEN:
            return None
        if claimed.alert.partner not in self._env.partners:
            return await self._progress.rest(claimed, record)
        try:
            async with asyncio.timeout(LEASE_SECONDS - 5):
                alert, ours = await self._bring_about(claimed, in_doubt=claimed.attempts > 1)
        except TimeoutError:
            return await self._progress.later(claimed, record, texts.TIMED_OUT)
        except Transient as problem:
            return await self._progress.later(claimed, record, str(problem) or texts.TIMED_OUT, problem.retry_after)
        except Permanent as problem:
            return await self._progress.failed(claimed, record, problem)
        except SignInNeeded as need:
            return await self._progress.not_signed_in(claimed, record, need)
        return await self._progress.settled(claimed, alert, ours)

    async def _bring_about(self, intent: Intent, in_doubt: bool) -> tuple[Alert, bool]:
        """The alert as Partner Center reports it when all is done, and whether it came about through this intent."""
        partner = self._env.partners[intent.alert.partner]
        as_whom = decider(intent, partner)
        sent = in_doubt
        problem: Transient | None = None
        for attempt in range(_TRIES):
            alert = await self._read(partner, intent.alert.id, as_whom, sent=sent)
            if reached(alert, intent):
                return alert, sent and may_be_ours(alert, intent)
            if not may_send(alert, intent):
                return alert, False
            try:
                await self._source.set_status(partner, intent.alert.id, intent.status, intent.reason, as_whom)
                sent, problem = True, None
            except Transient as trouble:
                sent, problem = sent or trouble.in_doubt, trouble
                pause = trouble.retry_after or 0.5 * 2**attempt
                if pause > _LONGEST_PAUSE:
                    raise
                await self._env.clock.sleep(pause)
                continue
            except (Permanent, SignInNeeded):
                if sent and reached(alert := await self._read(partner, intent.alert.id, as_whom, sent=True), intent):
                    return alert, True  # what was sent before, in doubt, had arrived
                raise
            alert = await self._read(partner, intent.alert.id, as_whom, sent=True)
            if reached(alert, intent):
                return alert, True
            await self._env.clock.sleep(0.2 * 2**attempt)  # the change takes a moment to show
        raise problem or Transient(texts.NOT_SHOWN_YET, in_doubt=True)

    async def _read(self, partner: Partner, alert_id: str, as_whom: Person | None, *, sent: bool) -> Alert:
        """With the reader's token; where the reader is refused, with that of the person who decides. Raises
        SignInNeeded only where nothing was `sent`: what was, is not over with that."""
        try:
            return await self._source.get(partner, alert_id)
        except Refused:
            if as_whom is None:
                raise
        try:
            return await self._source.get(partner, alert_id, as_whom)
        except SignInNeeded as need:
            if not sent:
                raise
            raise Transient(need.message, code=need.code, in_doubt=True) from need


def _in_passing(opened: Intent | Outcome, wish: Wish) -> bool:
    """Whether a verdict finds "being investigated" under way: that is over in a moment, and nobody's verdict."""
    under_way = opened.intent if isinstance(opened, Outcome) and opened.end is End.BUSY else None
    return under_way is not None and gives_way(under_way, wish.status)


def decider(intent: Intent, partner: Partner) -> Person | None:
    """As whom the change is sent: the person who decided, or (None) the bot."""
    return actor(Person(intent.by_id, "", intent.by_name, partner.roles_in), partner)
