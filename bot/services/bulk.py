"""One verdict for many alerts: the pinned set is written down whole, sent one by one, and looked at before and after
with one list read each, instead of reading each alert.

Everything durable is an intent of its own, as for a single verdict: whatever this run leaves open (it died, Partner
Center was away, an answer was lost) is taken up by Verdicts.resume, which reads each alert by itself. A run ends when
none of its intents is open any more, whoever closed the last one.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from bot.domain.alerts import Alert, AlertKey, AlertRecord, Status
from bot.domain.audit import AuditEntry
from bot.domain.bulk import LIFE, BulkRun, BulkSet, LeftOut, Tally, Why, tally
from bot.domain.decisions import Intent, may_be_ours, may_send, reached
from bot.domain.delivery import ItemKind, NewItem
from bot.domain.people import Partner, Person
from bot.errors import AlertDeskError, Permanent, SignInNeeded, Transient, Unknown
from bot.ports import AlertSource, Environment, Transaction
from bot.services.cards import PROGRESS_EVERY, PROGRESS_PRIORITY, CardWork
from bot.services.verdict_progress import End, VerdictProgress, Wish, act_name
from bot.services.verdicts import LEASE_SECONDS, decider
from bot.telemetry.log import get_logger
from bot.texts import bulk as texts

AT_ONCE = 4
"""Changes under way at a time."""
SHOWN_AFTER = PROGRESS_EVERY
"""The card of a run comes so late: what is over by then needs no redrawing, and a sign-in may come first."""
_TRIES = 3
_LONGEST_WAIT = 30.0
"""Told to stay away for longer, a run leaves what is not sent yet until that is over."""
_RENEW_SECONDS = 15.0
_TELL_SECONDS = 2.0
_DRAWN_AGAIN = timedelta(hours=1)
_ENDED_AT_ONCE = 20
_TIDY_SECONDS = 3.0

log = get_logger("bulk")


@dataclass(frozen=True, slots=True)
class Started:
    """`run` is None where nothing was left to send; `left_out` says why."""

    run: BulkRun | None
    left_out: tuple[LeftOut, ...]


@dataclass
class _Round:
    """A run while it is carried out here. Sets hold alert ids."""

    run: BulkRun
    partner: Partner
    intents: dict[str, Intent]  # those that are ours to carry out, by alert id
    since: dict[str, AlertRecord]
    renewed_at: float
    told_at: float
    sent: set[str] = field(default_factory=set)
    in_doubt: set[str] = field(default_factory=set)
    refused: dict[str, Permanent] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)  # of those to be tried again later
    need: SignInNeeded | None = None
    calm_at: float = 0.0  # until then we were told to wait
    told: str = ""  # and with these words
    tried: asyncio.Event = field(default_factory=asyncio.Event)  # it shows whether the person's sign-in suffices
    answered: bool = False  # nobody waits for `tried` any more

    @property
    def untouched(self) -> bool:
        return not self.sent and not self.in_doubt


class Bulk:
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
        self._progress = VerdictProgress(env, cards)
        self._owner, self._spawn = owner, spawn

    async def pin(self, sets: Sequence[BulkSet]) -> None:
        """Keep what buttons are drawn for. Those that were kept within the last hour are not written again."""
        now = self._env.clock.now()
        async with self._env.store.read() as tx:
            known = [await tx.bulk.pinned(each.id) for each in sets]
        fresh = [
            each
            for each, before in zip(sets, known, strict=True)
            if before is None or now - before.drawn_at >= _DRAWN_AGAIN
        ]
        if fresh:
            async with self._env.store.write() as tx:
                for each in fresh:
                    await tx.bulk.pin(each)

    async def pinned(
        self, set_id: str, conversation_id: str, readable: frozenset[str]
    ) -> tuple[BulkSet, tuple[AlertRecord, ...]]:
        """The set, and its alerts as they are now. Raises Unknown where there is no such set here."""
        async with self._env.store.read() as tx:
            found = await tx.bulk.pinned(set_id)
            if (
                found is None
                or found.conversation_id != conversation_id
                or found.partner not in readable
                or self._env.clock.now() - found.drawn_at >= LIFE
            ):
                raise Unknown(texts.no_such_set(set_id), code="unknown_set")
            records = await tx.alerts.many(found.keys)
        return found, tuple(records[key] for key in found.keys if key in records)

    async def start(
        self, pinned: BulkSet, verdict: str, note: str, person: Person, thread: str, patience: float
    ) -> Started:
        """Write it all down, and begin. The person's roles were checked by the caller, live.

        Waits at most `patience` seconds, for the first alert's change. Raises SignInNeeded where Partner Center wants
        more of the person's token than it carries: nothing was changed.
        """
        run, intents, records = await self._write_down(pinned, verdict, note, person, thread)
        if not intents:
            return Started(None, run.left_out)
        at = self._env.clock.monotonic()
        partner = self._env.partners[pinned.partner]
        around = _Round(run, partner, {each.alert.id: each for each in intents}, records, at, at)
        task = self._spawn(self._carry_out(around))
        with suppress(TimeoutError):
            async with asyncio.timeout(max(patience, 0.05)):
                await around.tried.wait()
        if around.tried.is_set() and around.need is not None and around.untouched:
            # Or the same act, signed in, would meet its own intents.
            await asyncio.wait({task}, timeout=_TIDY_SECONDS)
            raise around.need
        around.answered = True
        return Started(run, run.left_out)

    async def _write_down(
        self, pinned: BulkSet, verdict: str, note: str, person: Person, thread: str
    ) -> tuple[BulkRun, list[Intent], dict[str, AlertRecord]]:
        now = self._env.clock.now()
        run_id = self._env.ids.guid()
        wish = Wish(Status.RESOLVED, verdict, note, bulk=run_id, only_from=pinned.status)
        intents: list[Intent] = []
        left: dict[str, LeftOut] = {}
        async with self._env.store.write() as tx:
            records = {key.id: record for key, record in (await tx.alerts.many(pinned.keys)).items()}
            for alert in sorted(pinned.alerts):  # in one order, so that two who press at once never lock each other
                if (record := records.get(alert)) is None:
                    left[alert] = LeftOut(alert, Why.GONE)
                    continue
                opened = await self._progress.open(tx, record, wish, person, pinned.conversation_id)
                if isinstance(opened, Intent):
                    intents.append(opened)
                else:
                    left[alert] = _left_out(opened.record, opened.end, opened.by_name)
            run = BulkRun(
                id=run_id,
                set_id=pinned.id,
                partner=pinned.partner,
                conversation_id=pinned.conversation_id,
                thread=thread,
                verdict=verdict,
                note=note,
                by_id=person.aad_id,
                by_name=person.name,
                at=now,
                total=len(intents),
                left_out=tuple(left[alert] for alert in pinned.alerts if alert in left),
            )
            if intents:
                await tx.bulk.begin(run)
                labels = [records[each.alert.id].label for each in intents]
                await tx.audit.append(_entry(run, "asked", {"alerts": labels}), now)
                await tx.alerts.touch([each.alert for each in intents], now)
                await self._show(tx, run)
        return run, intents, records

    async def _show(self, tx: Transaction, run: BulkRun) -> None:
        now = self._env.clock.now()
        card = NewItem(
            run.conversation_id,
            ItemKind.BULK_CARD,
            run.id,
            priority=PROGRESS_PRIORITY,
            dedup_key=f"bulk card:{run.id}",
            available_at=now + SHOWN_AFTER,
        )
        await tx.outbox.add([card], now)
        self._env.outbox_work.set()

    async def _carry_out(self, around: _Round) -> None:
        try:
            await self._work(around)
        except AlertDeskError as problem:  # what is open is taken up again when its lease runs out
            log.warning("bulk_interrupted", run=around.run.id, code=problem.code, problem=problem.message)
        finally:
            around.tried.set()
        await self.end(around.run.id)

    async def _work(self, around: _Round) -> None:
        await self._hold(around)
        try:
            await self._drop_what_changed(around)
        except (Transient, Permanent) as problem:
            log.warning("bulk_list_not_read", run=around.run.id, code=problem.code, problem=problem.message)
            await self._leave(around, problem.message)
            return
        queue = deque(around.intents.values())
        if queue:
            await self._send(around, queue.popleft())  # the first alone: it shows whether this person may at all
            if around.need is not None and not around.answered:
                await self._withdraw(around)
                return
            around.tried.set()
            await asyncio.gather(*(self._sender(around, queue) for _ in range(AT_ONCE)))
            await self._tell(around, at_once=True)
            await self._look_again(around)

    async def _withdraw(self, around: _Round) -> None:
        """The one who asked is told, and asked to sign in: nobody else needs to hear of it."""
        async with self._env.store.write() as tx:
            await tx.bulk.end(around.run.id, self._env.clock.now(), silent=True)
            await tx.audit.append(_entry(around.run, "failed", {"problem": "sign in"}), self._env.clock.now())
        around.tried.set()
        for alert, intent in around.intents.items():
            if around.need is not None:
                await self._progress.not_signed_in(intent, around.since[alert], around.need)

    async def _hold(self, around: _Round) -> None:
        """Take the intents, or renew the claim; what another replica has taken meanwhile is not ours any more."""
        around.renewed_at = self._env.clock.monotonic()  # first, or four senders would renew it at once
        ids = [intent.id for intent in around.intents.values()]
        async with self._env.store.write() as tx:
            held = await tx.intents.hold(ids, self._owner, self._env.clock.now(), LEASE_SECONDS)
        around.intents = {alert: intent for alert, intent in around.intents.items() if intent.id in held}

    async def _renew(self, around: _Round) -> None:
        if self._env.clock.monotonic() - around.renewed_at >= _RENEW_SECONDS:
            await self._hold(around)

    async def _drop_what_changed(self, around: _Round) -> None:
        """Whatever Partner Center reports otherwise than it was drawn is not sent."""
        found = await self._read(around)
        for alert, intent in list(around.intents.items()):
            now = found.get(intent.alert)
            if now is None:  # that a list leaves it out says nothing: it is read by itself
                around.problems[alert] = texts.NOT_LISTED
                await self._leave(around, texts.NOT_LISTED, [alert])
            elif reached(now, intent) or not may_send(now, intent):
                del around.intents[alert]
                await self._progress.settled(intent, now, ours=False)

    async def _read(self, around: _Round) -> dict[AlertKey, Alert]:
        """The run's alerts as Partner Center has them, from one reading of its list, up to the last of them."""
        wanted = {intent.alert for intent in around.intents.values()}
        oldest = min((around.since[key.id].alert.detected_at for key in wanted), default=self._env.clock.now())
        found: dict[AlertKey, Alert] = {}
        pages = self._source.alerts_since(around.partner, oldest)
        async with aclosing(pages):
            async for page in pages:
                found |= {alert.key: alert for alert in page.alerts if alert.key in wanted}
                if len(found) == len(wanted):
                    break
                await self._renew(around)
        return found

    async def _sender(self, around: _Round, queue: deque[Intent]) -> None:
        while queue and around.need is None:
            await self._send(around, queue.popleft())

    async def _send(self, around: _Round, intent: Intent) -> None:
        """One change, waited for as long as we are told to, and never sent again after doubt: it is looked at first."""
        alert, clock = intent.alert.id, self._env.clock
        for attempt in range(_TRIES):
            if (wait := around.calm_at - clock.monotonic()) > _LONGEST_WAIT:
                around.problems[alert] = around.told
                return
            if wait > 0:
                await clock.sleep(wait)
            await self._renew(around)
            if alert not in around.intents:
                return
            whom = decider(intent, around.partner)
            try:
                await self._source.set_status(around.partner, alert, intent.status, intent.reason, whom)
            except Transient as trouble:
                around.problems[alert] = trouble.message
                if trouble.in_doubt:
                    around.in_doubt.add(alert)
                    return
                pause = trouble.retry_after or 0.5 * 2**attempt
                around.calm_at, around.told = max(around.calm_at, clock.monotonic() + pause), trouble.message
                continue
            except SignInNeeded as need:
                around.need = need
                return
            except Permanent as problem:
                around.refused[alert] = problem
                return
            around.sent.add(alert)
            await self._tell(around)
            return

    async def _tell(self, around: _Round, *, at_once: bool = False) -> None:
        """How many were taken, now and then: for the run's card."""
        at = self._env.clock.monotonic()
        if not at_once and at - around.told_at < _TELL_SECONDS:
            return
        around.told_at = at
        async with self._env.store.write() as tx:
            await tx.bulk.sent(around.run.id, len(around.sent))
            await self._cards.bulk_changed(tx, around.run.id, around.run.conversation_id)

    async def _look_again(self, around: _Round) -> None:
        found: Mapping[AlertKey, Alert] = {}
        if not around.untouched:
            try:
                await self._hold(around)
                found = await self._read(around)
            except (Transient, Permanent) as problem:
                log.warning("bulk_list_not_read", run=around.run.id, code=problem.code, problem=problem.message)
        for alert, intent in list(around.intents.items()):
            await self._renew(around)
            if alert in around.intents:
                await self._settle(around, intent, found.get(intent.alert))

    async def _settle(self, around: _Round, intent: Intent, now: Alert | None) -> None:
        """What became of one alert, by what was answered and (`now`) what Partner Center reports afterwards."""
        alert, record = intent.alert.id, around.since[intent.alert.id]
        touched = alert in around.sent or alert in around.in_doubt
        if now is not None and reached(now, intent):
            ours = alert in around.sent or (alert in around.in_doubt and may_be_ours(now, intent))
            await self._progress.settled(intent, now, ours)
        elif now is not None and not may_send(now, intent):
            await self._progress.settled(intent, now, ours=False)
        elif alert in around.refused:
            await self._progress.failed(intent, record, around.refused[alert])
        elif around.need is not None and not touched:
            await self._progress.not_signed_in(intent, record, around.need)
        else:
            wait = max(0.0, around.calm_at - self._env.clock.monotonic())
            await self._progress.later(intent, record, around.problems.get(alert, texts.NOT_SEEN_YET), wait)

    async def _leave(self, around: _Round, problem: str, alerts: Sequence[str] = ()) -> None:
        """Give these (all) back at once, to be carried out one by one."""
        now = self._env.clock.now()
        async with self._env.store.write() as tx:
            for alert in alerts or list(around.intents):
                await tx.intents.later(around.intents.pop(alert).id, now, problem)

    async def tend(self) -> int:
        """End the runs of which nothing is open any more. Returns how many."""
        async with self._env.store.read() as tx:
            runs = await tx.bulk.open_runs(_ENDED_AT_ONCE)
        return sum([await self.end(run.id) for run in runs])

    async def end(self, run_id: str) -> bool:
        """Write the end of a run down, and say it: once, and only if none of its intents is open."""
        now = self._env.clock.now()
        async with self._env.store.write() as tx:
            run, counted = await tx.bulk.run(run_id), tally(await tx.intents.of_bulk(run_id))
            if run is None or counted.open or not await tx.bulk.end(run_id, now):
                return False
            labels = await labels_of(tx, counted)
            ends = {
                "done": [labels[each.alert] for each in counted.done],
                "overtaken": [labels[each.alert] for each in counted.overtaken],
                "failed": [labels[each.alert] for each in counted.failed],
            }
            await tx.audit.append(_entry(run, "done", ends), now)
            line = NewItem(
                run.conversation_id,
                ItemKind.BULK_LINE,
                run.id,
                {"text": texts.line(replace(run, ended_at=now), counted, labels)},
                priority=PROGRESS_PRIORITY,
                available_at=run.at + SHOWN_AFTER,
            )
            await self._cards.bulk_changed(tx, run.id, run.conversation_id)
            await tx.outbox.add([line], now)
        self._env.outbox_work.set()
        return True


async def labels_of(tx: Transaction, counted: Tally) -> dict[AlertKey, str]:
    keys = [each.alert for each in (*counted.done, *counted.overtaken, *counted.failed, *counted.open)]
    return {key: record.label for key, record in (await tx.alerts.many(keys)).items()}


def _left_out(record: AlertRecord, end: End, by_name: str) -> LeftOut:
    if end in (End.BUSY, End.LATE):
        return LeftOut(record.label, Why.BUSY, by_name)
    if record.alert.is_open:
        return LeftOut(record.label, Why.STATUS, record.alert.status)
    return LeftOut(record.label, Why.DECIDED, by_name)


def _entry(run: BulkRun, outcome: str, detail: Mapping[str, Any]) -> AuditEntry:
    about = {
        "set": run.set_id,
        "run": run.id,
        "note": run.note,
        "conversation": run.conversation_id,
        "left out": [list(left) for left in run.left_out],
        **detail,
    }
    act = f"bulk {act_name(Status.RESOLVED, run.verdict)}"
    return AuditEntry(run.partner, act, outcome, run.by_id, run.by_name, f"set {run.set_id}", about)
