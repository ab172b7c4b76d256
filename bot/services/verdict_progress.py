"""Writes a verdict's progress down: the intent, the audit row, the record and the cards, all in one transaction each.
Used for one alert (verdicts.py) and for many at once (bulk.py). Asks nobody outside."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from bot.domain.alerts import Alert, AlertRecord, Decision, Status
from bot.domain.audit import AuditEntry
from bot.domain.changes import decision_seen, last_change
from bot.domain.decisions import Intent, IntentState, gives_way
from bot.domain.people import Person
from bot.errors import AlertDeskError, Permanent, SignInNeeded
from bot.ports import Environment, Transaction
from bot.services import waking
from bot.services.cards import CardWork
from bot.texts import en as texts

_LATER_SECONDS = (2.0, 5.0, 15.0, 30.0, 60.0)
_LONGEST_WAIT = 3600.0
_REST = timedelta(minutes=10)


class End(StrEnum):
    DONE = "done"
    ALREADY = "already"  # it stood like that, or someone else had decided
    BUSY = "busy"  # someone else's decision is being written right now
    LATE = "late"  # written down; the result will show on the shared card
    FAILED = "failed"
    SIGN_IN = "sign_in"  # nothing was changed: Partner Center wants the person to sign in (again)


@dataclass(frozen=True, slots=True)
class Outcome:
    """`record` is the newest we have; `by_name` who decided or is deciding; `problem` why it failed; `intent` what is
    under way in place of a BUSY one, or what ended with SIGN_IN."""

    end: End
    record: AlertRecord
    by_name: str = ""
    problem: str = ""
    sign_in: SignInNeeded | None = None
    intent: Intent | None = None


@dataclass(frozen=True, slots=True)
class Wish:
    """What the person wants of the alert. `reason` is the verdict for `resolved`, else empty. Of a run that marks many:
    `bulk` and `only_from` as of Intent."""

    status: str
    reason: str = ""
    note: str = ""
    may_replace: bool = False
    bulk: str = ""
    only_from: str = ""

    @property
    def name(self) -> str:
        return self.reason or self.status


class VerdictProgress:
    """What happens to an alert of a bulk run is told by the run's own card, and no line is said in its thread."""

    def __init__(self, env: Environment, cards: CardWork) -> None:
        self._env, self._cards = env, cards

    async def open(
        self, tx: Transaction, record: AlertRecord, wish: Wish, person: Person, conversation_id: str
    ) -> Intent | Outcome:
        """The intent, written down; or why there is nothing to send. `record` is as the transaction knows it."""
        if (already := _stands(record, wish)) is not None:
            return already
        now = self._env.clock.now()
        intent = Intent(
            id=self._env.ids.guid(),
            alert=record.alert.key,
            status=wish.status,
            reason=wish.reason,
            note=wish.note,
            by_id=person.aad_id,
            by_name=person.name,
            at=now,
            conversation_id=conversation_id,
            may_replace=wish.may_replace,
            bulk=wish.bulk,
            only_from=wish.only_from,
        )
        open_one = await tx.intents.open(intent)
        if open_one is not None and gives_way(open_one, wish.status) and await self._set_aside(tx, open_one, record):
            open_one = await tx.intents.open(intent)
        if open_one is not None:
            end = End.LATE if _same(open_one, intent) else End.BUSY
            return Outcome(end, record, by_name=open_one.by_name, intent=open_one)
        await tx.audit.append(_entry(intent, record, "asked"), now)
        return intent

    async def _set_aside(self, tx: Transaction, waiting: Intent, record: AlertRecord) -> bool:
        """Partner Center may have put it off for an hour: a verdict does not wait for that."""
        if not await tx.intents.set_aside(waiting.id, self._env.clock.now(), texts.VERDICT_CAME):
            return False
        await tx.audit.append(_entry(waiting, record, "overtaken"), self._env.clock.now())
        return True

    async def show_pending(self, record: AlertRecord) -> None:
        async with self._env.store.write() as tx:
            await tx.alerts.touch([record.alert.key], self._env.clock.now())
            await self._cards.changed(tx, record.alert.key)

    async def tell_to_sign_in(self, outcome: Outcome | None) -> None:
        """The person is not in front of the card any more: say in its thread that they must sign in."""
        if outcome is None or outcome.sign_in is None or outcome.intent is None or outcome.intent.bulk:
            return
        async with self._env.store.write() as tx:
            line = texts.sign_in_line(outcome.record, outcome.intent)
            await self._cards.changed(tx, outcome.record.alert.key, line)

    async def settled(self, intent: Intent, alert: Alert, ours: bool) -> Outcome | None:
        """Partner Center reports the alert as it then stands, by this intent or (not `ours`) by somebody else."""
        now = self._env.clock.now()
        async with self._env.store.write() as tx:
            before = await tx.alerts.get(intent.alert)
            if not await tx.intents.close(intent.id, IntentState.DONE if ours else IntentState.OVERTAKEN):
                return await _told_already(tx, intent)
            decision = (
                _decision(intent, alert, now)
                if ours
                else decision_seen(alert, before.decision if before else None, now)
            )
            record = await tx.alerts.change(intent.alert, alert, now, decision)
            if not alert.is_open:
                record = await waking.decided(tx, record, now)
            elif ours and intent.status == Status.INVESTIGATING:
                record = await waking.taken(tx, record, intent.by_name, now)
            await tx.audit.append(_entry(intent, record, "done" if ours else "overtaken", alert), now)
            line = texts.decided_line(record, intent) if ours else texts.overtaken_line(record, intent)
            await self._changed(tx, intent, line)
        if ours:
            return Outcome(End.DONE, record, by_name=intent.by_name)
        return Outcome(End.ALREADY, record, by_name=record.decision.by_name if record.decision else "")

    async def later(
        self, intent: Intent, record: AlertRecord, problem: str, retry_after: float | None = None
    ) -> Outcome:
        """It is taken up again after a while, and not before the other side said (an hour is believed)."""
        wait = _LATER_SECONDS[min(max(intent.attempts, 1), len(_LATER_SECONDS)) - 1]
        wait = max(wait, min(retry_after or 0.0, _LONGEST_WAIT))
        at = self._env.clock.now() + timedelta(seconds=wait * (1 + 0.3 * self._env.ids.jitter()))
        async with self._env.store.write() as tx:
            await tx.intents.later(intent.id, at, problem)
            await tx.alerts.touch([intent.alert], self._env.clock.now())
            await self._changed(tx, intent)
        return Outcome(End.LATE, record, by_name=intent.by_name, problem=problem)

    async def rest(self, intent: Intent, record: AlertRecord) -> Outcome:
        """Its partner was taken out of the settings: it waits for its return, and nothing changes on the card."""
        at = self._env.clock.now() + _REST
        async with self._env.store.write() as tx:
            await tx.intents.later(intent.id, at, "the partner is not set up at present")
        return Outcome(End.LATE, record, by_name=intent.by_name)

    async def not_signed_in(self, intent: Intent, record: AlertRecord, need: SignInNeeded) -> Outcome:
        """Nothing was changed. The intent ends here: signed in, the person presses again, or the act goes on by itself
        under an intent of its own."""
        now = self._env.clock.now()
        async with self._env.store.write() as tx:
            await tx.intents.close(intent.id, IntentState.FAILED, need.message)
            await tx.audit.append(_entry(intent, record, "failed", problem=need), now)
            await tx.alerts.touch([intent.alert], now)
        return Outcome(End.SIGN_IN, record, by_name=intent.by_name, sign_in=need, intent=intent)

    async def failed(self, intent: Intent, record: AlertRecord, problem: Permanent) -> Outcome | None:
        now = self._env.clock.now()
        async with self._env.store.write() as tx:
            if not await tx.intents.close(intent.id, IntentState.FAILED, problem.message):
                return await _told_already(tx, intent)
            await tx.audit.append(_entry(intent, record, "failed", problem=problem), now)
            await tx.alerts.touch([intent.alert], now)
            await self._changed(tx, intent, texts.failed_line(record, intent, problem.message))
        return Outcome(End.FAILED, record, by_name=intent.by_name, problem=problem.message)

    async def _changed(self, tx: Transaction, intent: Intent, line: str = "") -> None:
        await self._cards.changed(tx, intent.alert, "" if intent.bulk else line)
        if intent.bulk:
            await self._cards.bulk_changed(tx, intent.bulk, intent.conversation_id)


def act_name(status: str, reason: str) -> str:
    """What a decision is called in the audit trail."""
    return "investigate" if status == Status.INVESTIGATING else f"mark {reason or status}"


async def _told_already(tx: Transaction, intent: Intent) -> Outcome | None:
    """Our lease ran out meanwhile, and another replica brought it to its end: nothing is written twice."""
    closed, record = await tx.intents.get(intent.id), await tx.alerts.get(intent.alert)
    if closed is None or record is None:
        return None
    end = {IntentState.DONE: End.DONE, IntentState.FAILED: End.FAILED}.get(IntentState(closed.state), End.ALREADY)
    decided_by = record.decision.by_name if record.decision else ""
    return Outcome(end, record, by_name=decided_by or intent.by_name, problem=closed.error)


def _stands(record: AlertRecord, wish: Wish) -> Outcome | None:
    """The outcome where nothing needs to be sent, by what we know."""
    alert = record.alert
    by = record.decision.by_name if record.decision else last_change(alert)[0]
    if alert.status.lower() == Status.INVESTIGATING:
        by = record.work.taken_by or by  # Partner Center may know them by the name of an app alone
    if not alert.is_open and not wish.may_replace:
        return Outcome(End.ALREADY, record, by_name=by)
    if wish.only_from and alert.status.lower() != wish.only_from:
        return Outcome(End.ALREADY, record, by_name=by)
    same_reason = wish.status != Status.RESOLVED or alert.resolved_reason.lower() == wish.reason
    if alert.status.lower() == wish.status and same_reason:
        return Outcome(End.ALREADY, record, by_name=by)
    return None


def _same(one: Intent, other: Intent) -> bool:
    """The same person pressed the same button twice."""
    return (one.by_id, one.status, one.reason) == (other.by_id, other.status, other.reason)


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
    if intent.bulk:
        detail["bulk"] = intent.bulk
    if alert is not None:
        detail["seen"] = {"status": alert.status, "reason": alert.resolved_reason, "by": alert.resolved_by}
    if problem is not None:
        detail["problem"] = {"code": problem.code, "message": problem.message}
    act = act_name(intent.status, intent.reason)
    return AuditEntry(intent.alert.partner, act, outcome, intent.by_id, intent.by_name, record.label, detail)
