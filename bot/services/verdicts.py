"""A person's decision on an alert, from the click to what Partner Center then says.

Write down, then do, then look: the intent row is committed before anything is sent; after each change the alert is
read again; after doubt it is read before it is sent again, and then the same body. At most one intent per alert is
open, so two clicks, a redelivered activity or two replicas make one change.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from bot.domain.alerts import Alert, AlertRecord, Decision, Status
from bot.domain.audit import AuditEntry
from bot.domain.changes import decision_seen, last_change
from bot.domain.decisions import Intent, IntentState
from bot.domain.people import Partner, Person
from bot.errors import AlertDeskError, Permanent, Refused, SignInNeeded, Transient
from bot.ports import AlertSource, Environment, Transaction
from bot.services.access import actor
from bot.services.cards import CardWork
from bot.texts import en as texts

LEASE_SECONDS = 45.0
_TRIES = 3
"""Within one claim. What is undecided after that is taken up again later."""
_LATER_SECONDS = (2.0, 5.0, 15.0, 30.0, 60.0)
_CLOCKS_APART = timedelta(minutes=2)
"""How far Microsoft's clock and ours may differ when the activity log is asked whether a change was ours."""


class End(StrEnum):
    DONE = "done"
    ALREADY = "already"  # it stood like that, or someone else had decided
    BUSY = "busy"  # someone else's decision is being written right now
    LATE = "late"  # written down; the result will show on the shared card
    FAILED = "failed"
    SIGN_IN = "sign_in"  # nothing was changed: Partner Center wants the person to sign in (again)


@dataclass(frozen=True, slots=True)
class Outcome:
    """`record` is the newest we have; `by_name` who decided or is deciding; `problem` why it failed."""

    end: End
    record: AlertRecord
    by_name: str = ""
    problem: str = ""
    sign_in: SignInNeeded | None = None
    intent: Intent | None = None


@dataclass(frozen=True, slots=True)
class Wish:
    """What the person wants of the alert. `reason` is the verdict for `resolved`, else empty."""

    status: str
    reason: str = ""
    note: str = ""
    may_replace: bool = False

    @property
    def name(self) -> str:
        return self.reason or self.status


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
        self._env, self._source, self._cards = env, source, cards
        self._owner, self._spawn = owner, spawn

    async def decide(
        self, record: AlertRecord, wish: Wish, person: Person, conversation_id: str, patience: float
    ) -> Outcome:
        """Write the wish down and carry it out. The person's roles were checked by the caller, live.

        Waits at most `patience` seconds for the result; after that the work goes on and the outcome is LATE. Raises
        SignInNeeded where Partner Center wants more of the person's token than it carries: nothing was changed.
        """
        opened = await self._write_down(record, wish, person, conversation_id)
        if isinstance(opened, Outcome):
            return opened
        task = self._spawn(self.carry_out(opened))
        done, _ = await asyncio.wait({task}, timeout=max(patience, 0.05))
        if not done:
            await self._show_pending(record)
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
            self._spawn(self._tell_to_sign_in(task.result()))

    async def _tell_to_sign_in(self, outcome: Outcome | None) -> None:
        """The person is not in front of the card any more: say in its thread that they must sign in."""
        if outcome is not None and outcome.sign_in is not None and outcome.intent is not None:
            async with self._env.store.write() as tx:
                line = texts.sign_in_line(outcome.record, outcome.intent)
                await self._cards.changed(tx, outcome.record.alert.key, line)

    async def _write_down(
        self, seen: AlertRecord, wish: Wish, person: Person, conversation_id: str
    ) -> Intent | Outcome:
        now = self._env.clock.now()
        key = seen.alert.key
        async with self._env.store.write() as tx:
            record = await tx.alerts.get(key) or seen
            if (already := _stands(record, wish)) is not None:
                return already
            intent = Intent(
                id=self._env.ids.guid(),
                alert=key,
                status=wish.status,
                reason=wish.reason,
                note=wish.note,
                by_id=person.aad_id,
                by_name=person.name,
                at=now,
                conversation_id=conversation_id,
                may_replace=wish.may_replace,
            )
            if (open_one := await tx.intents.open(intent)) is not None:
                end = End.LATE if _same(open_one, intent) else End.BUSY
                return Outcome(end, record, by_name=open_one.by_name)
            await tx.audit.append(_entry(intent, record, "asked"), now)
        return intent

    async def _show_pending(self, record: AlertRecord) -> None:
        async with self._env.store.write() as tx:
            await tx.alerts.touch([record.alert.key], self._env.clock.now())
            await self._cards.changed(tx, record.alert.key)

    async def resume(self, limit: int = 20) -> int:
        """Take up intents that were left open: a replica died, or Partner Center was away. Returns how many."""
        async with self._env.store.read() as tx:
            due = await tx.intents.due(self._env.clock.now(), limit)
        for outcome in await asyncio.gather(*(self.carry_out(intent) for intent in due)):
            await self._tell_to_sign_in(outcome)
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
        try:
            async with asyncio.timeout(LEASE_SECONDS - 5):
                alert, ours = await self._bring_about(claimed, in_doubt=claimed.attempts > 1)
        except (Transient, TimeoutError) as problem:
            return await self._later(claimed, record, str(problem) or texts.TIMED_OUT)
        except Permanent as problem:
            return await self._failed(claimed, record, problem)
        except SignInNeeded as need:
            return await self._not_signed_in(claimed, record, need)
        return await self._settled(claimed, alert, ours)

    async def _bring_about(self, intent: Intent, in_doubt: bool) -> tuple[Alert, bool]:
        """The alert as Partner Center reports it when all is done, and whether it came about through this intent."""
        partner = self._env.partners.get(intent.alert.partner)
        if partner is None:
            raise Transient("the partner is not set up at present")
        as_whom = actor(Person(intent.by_id, "", intent.by_name, partner.roles_in), partner)
        sent = in_doubt
        problem: Transient | None = None
        for attempt in range(_TRIES):
            alert = await self._read(partner, intent.alert.id, as_whom)
            if _reached(alert, intent):
                return alert, sent and _may_be_ours(alert, intent)
            if not alert.is_open and not intent.may_replace:
                return alert, False
            try:
                await self._source.set_status(partner, intent.alert.id, intent.status, intent.reason, as_whom)
                sent, problem = True, None
            except Transient as trouble:
                sent, problem = sent or trouble.in_doubt, trouble
                await self._env.clock.sleep(min(trouble.retry_after or 0.5 * 2**attempt, 5.0))
                continue
            except (Permanent, SignInNeeded):
                if sent and _reached(alert := await self._read(partner, intent.alert.id, as_whom), intent):
                    return alert, True  # what was sent before, in doubt, had arrived
                raise
            alert = await self._read(partner, intent.alert.id, as_whom)
            if _reached(alert, intent):
                return alert, True
            await self._env.clock.sleep(0.2 * 2**attempt)  # the change takes a moment to show
        raise problem or Transient(texts.NOT_SHOWN_YET, in_doubt=True)

    async def _read(self, partner: Partner, alert_id: str, as_whom: Person | None) -> Alert:
        """With the reader's token; where the reader is refused, with that of the person who decides."""
        try:
            return await self._source.get(partner, alert_id)
        except Refused:
            if as_whom is None:
                raise
        try:
            return await self._source.get(partner, alert_id, as_whom)
        except SignInNeeded as need:
            raise Transient(need.message, code=need.code, in_doubt=True) from need

    async def _settled(self, intent: Intent, alert: Alert, ours: bool) -> Outcome | None:
        now = self._env.clock.now()
        async with self._env.store.write() as tx:
            before = await tx.alerts.get(intent.alert)
            if not await tx.intents.close(intent.id, IntentState.DONE if ours else IntentState.OVERTAKEN):
                return await self._told_already(tx, intent)
            decision = (
                _decision(intent, alert, now)
                if ours
                else decision_seen(alert, before.decision if before else None, now)
            )
            record = await tx.alerts.change(intent.alert, alert, now, decision)
            await tx.audit.append(_entry(intent, record, "done" if ours else "overtaken", alert), now)
            line = texts.decided_line(record, intent) if ours else texts.overtaken_line(record, intent)
            await self._cards.changed(tx, intent.alert, line)
        if ours:
            return Outcome(End.DONE, record, by_name=intent.by_name)
        return Outcome(End.ALREADY, record, by_name=record.decision.by_name if record.decision else "")

    async def _told_already(self, tx: Transaction, intent: Intent) -> Outcome | None:
        """Our lease ran out meanwhile, and another replica brought it to its end: nothing is written twice."""
        closed, record = await tx.intents.get(intent.id), await tx.alerts.get(intent.alert)
        if closed is None or record is None:
            return None
        end = {IntentState.DONE: End.DONE, IntentState.FAILED: End.FAILED}.get(IntentState(closed.state), End.ALREADY)
        decided_by = record.decision.by_name if record.decision else ""
        return Outcome(end, record, by_name=decided_by or intent.by_name, problem=closed.error)

    async def _later(self, intent: Intent, record: AlertRecord, problem: str) -> Outcome:
        wait = _LATER_SECONDS[min(max(intent.attempts, 1), len(_LATER_SECONDS)) - 1]
        at = self._env.clock.now() + timedelta(seconds=wait * (1 + 0.3 * self._env.ids.jitter()))
        async with self._env.store.write() as tx:
            await tx.intents.later(intent.id, at, problem)
            await tx.alerts.touch([intent.alert], self._env.clock.now())
            await self._cards.changed(tx, intent.alert)
        return Outcome(End.LATE, record, by_name=intent.by_name, problem=problem)

    async def _not_signed_in(self, intent: Intent, record: AlertRecord, need: SignInNeeded) -> Outcome:
        """Nothing was changed. The intent ends here: signed in, the person presses again, or the act goes on by itself
        under an intent of its own."""
        now = self._env.clock.now()
        async with self._env.store.write() as tx:
            await tx.intents.close(intent.id, IntentState.FAILED, need.message)
            await tx.audit.append(_entry(intent, record, "failed", problem=need), now)
            await tx.alerts.touch([intent.alert], now)
        return Outcome(End.SIGN_IN, record, by_name=intent.by_name, sign_in=need, intent=intent)

    async def _failed(self, intent: Intent, record: AlertRecord, problem: Permanent) -> Outcome | None:
        now = self._env.clock.now()
        async with self._env.store.write() as tx:
            if not await tx.intents.close(intent.id, IntentState.FAILED, problem.message):
                return await self._told_already(tx, intent)
            await tx.audit.append(_entry(intent, record, "failed", problem=problem), now)
            await tx.alerts.touch([intent.alert], now)
            await self._cards.changed(tx, intent.alert, texts.failed_line(record, intent, problem.message))
        return Outcome(End.FAILED, record, by_name=intent.by_name, problem=problem.message)


def _stands(record: AlertRecord, wish: Wish) -> Outcome | None:
    """The outcome where nothing needs to be sent, by what we know."""
    alert = record.alert
    by = record.decision.by_name if record.decision else last_change(alert)[0]
    if not alert.is_open and not wish.may_replace:
        return Outcome(End.ALREADY, record, by_name=by)
    same_reason = wish.status != Status.RESOLVED or alert.resolved_reason.lower() == wish.reason
    if alert.status.lower() == wish.status and same_reason:
        return Outcome(End.ALREADY, record, by_name=by)
    return None


def _same(one: Intent, other: Intent) -> bool:
    """The same person pressed the same button twice."""
    return (one.by_id, one.status, one.reason) == (other.by_id, other.status, other.reason)


def _reached(alert: Alert, intent: Intent) -> bool:
    if alert.status.lower() != intent.status:
        return False
    return intent.status != Status.RESOLVED or alert.resolved_reason.lower() == intent.reason


def _may_be_ours(alert: Alert, intent: Intent) -> bool:
    """After doubt: the change that we find is ours unless it was made before we began."""
    _, at = last_change(alert)
    return at is None or at >= intent.at - _CLOCKS_APART


def _decision(intent: Intent, alert: Alert, now: datetime) -> Decision | None:
    if alert.is_open:
        return None
    return Decision(intent.reason, intent.by_name, intent.by_id, alert.resolved_at or now, intent.note, "teams")


def _entry(
    intent: Intent, record: AlertRecord, outcome: str, alert: Alert | None = None, problem: AlertDeskError | None = None
) -> AuditEntry:
    detail: dict[str, Any] = {
        "intent": intent.id,
        "alert": intent.alert.id,
        "status": intent.status,
        "reason": intent.reason,
        "note": intent.note,
        "conversation": intent.conversation_id,
    }
    if alert is not None:
        detail["seen"] = {"status": alert.status, "reason": alert.resolved_reason, "by": alert.resolved_by}
    if problem is not None:
        detail["problem"] = {"code": problem.code, "message": problem.message}
    act = "investigate" if intent.status == Status.INVESTIGATING else f"mark {intent.reason or intent.status}"
    return AuditEntry(intent.alert.partner, act, outcome, intent.by_id, intent.by_name, record.label, detail)
