"""From Partner Center into the store: new and changed alerts are recorded together with the card work they cause.

The first sync of a partner is quiet: it records everything and announces nothing; a route's own summary does that.
Absence from a list never resolves an alert; it is read by id.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from bot.domain.alerts import Alert, AlertKey, AlertRecord
from bot.domain.audit import AuditEntry
from bot.domain.changes import Change, ChangeKind, compare, decision_seen
from bot.domain.decisions import may_send, reached
from bot.domain.people import Partner
from bot.domain.snoozes import rises
from bot.errors import AlertDeskError, Missing, Transient
from bot.ports import AlertPage, AlertSource, Environment, SyncState, Transaction, UnreadableAlert
from bot.services import waking
from bot.services.cards import CardWork
from bot.services.names import Names
from bot.services.operators import Operators
from bot.services.routes import Routes
from bot.telemetry.log import get_logger
from bot.texts import en as texts
from bot.texts import working

_BATCH = 100
"""Alerts recorded per transaction, so that a long first sync never holds the writer for long."""
_ABSENT_MOST = 30
"""Alerts read by id per round because a list left them out; the rest waits for the next round."""

_READER = "reader of "

log = get_logger("intake")


@dataclass
class Round:
    """What one reading of a partner found."""

    new: int = 0
    changed: int = 0
    unreadable: list[UnreadableAlert] = field(default_factory=list)
    seen: set[AlertKey] = field(default_factory=set)


class Intake:
    def __init__(
        self,
        env: Environment,
        source: AlertSource,
        cards: CardWork,
        names: Names,
        routes: Routes,
        operators: Operators,
        *,
        full_sync: timedelta,
    ) -> None:
        self._env, self._source, self._cards = env, source, cards
        self._names, self._routes, self._operators, self._full_sync = names, routes, operators, full_sync
        self._looked_for: dict[str, str] = {}  # by partner: the last absent alert that was read

    async def poll(self, partner: Partner) -> Round:
        """One round for one partner: the open alerts, or all of them when that is due. Errors are kept in its state."""
        async with self._env.store.read() as tx:
            state = await tx.syncs.get(partner.tenant_id)
        started = self._env.clock.now()
        full = not state.baseline or state.last_full_at is None or started - state.last_full_at >= self._full_sync
        try:
            result = await self._read(partner, quiet=not state.baseline, full=full)
        except AlertDeskError as problem:
            await self._save(replace(state, error=problem.message[:500]))
            if not isinstance(problem, Transient):  # waiting will not mend it
                said = texts.reader_fails(partner.name, problem.message)
                matter = f"{type(problem).__name__} {problem.code}"
                await self._operators.tell(_READER + partner.tenant_id, said, code=matter)
            raise
        remark = self._source.remark(partner)
        full_at = started if full else state.last_full_at
        said = " ".join(filter(None, (_told(result.unreadable), remark)))
        await self._save(SyncState(partner.tenant_id, True, started, full_at, said))
        await self._operators.tell(_READER + partner.tenant_id, remark)
        await self._routes.open_new(partner.tenant_id)
        return result

    async def apply(self, partner: Partner, alert_id: str, result: Round | None = None) -> None:
        """Read one alert and record what it says now; counted in `result`."""
        asked_at = self._env.clock.now()
        alert = await self._source.get(partner, alert_id)
        await self._record(partner, AlertPage((alert,)), asked_at, quiet=False, result=result or Round())

    async def _read(self, partner: Partner, *, quiet: bool, full: bool) -> Round:
        result = Round()
        asked_at = self._env.clock.now()
        pages = self._source.all_alerts(partner) if full else self._source.open_alerts(partner)
        async for page in pages:
            await self._record(partner, page, asked_at, quiet=quiet, result=result)
            asked_at = self._env.clock.now()
        await self._absent(partner, result)
        return result

    async def _record(
        self, partner: Partner, page: AlertPage, asked_at: datetime, *, quiet: bool, result: Round
    ) -> None:
        for problem in page.unreadable:
            log.warning("alert_unreadable", partner=partner.tenant_id, alert=problem.id, problem=problem.problem)
        result.unreadable.extend(page.unreadable[: 100 - len(result.unreadable)])
        result.seen.update(alert.key for alert in page.alerts)
        for start in range(0, len(page.alerts), _BATCH):
            batch = page.alerts[start : start + _BATCH]
            async with self._env.store.read() as tx:
                known = await tx.alerts.many(alert.key for alert in batch)
            # By key: a list that grows while it is read may show an alert twice.
            news = list(
                {
                    alert.key: alert for alert in batch if alert.key not in known or known[alert.key].alert != alert
                }.values()
            )
            if not news:
                continue
            if not quiet:
                fresh = [alert for alert in news if alert.key not in known]
                await self._names.fill(
                    partner, {t for alert in fresh for t in (alert.customer_tenant_id, alert.reseller_tenant_id)}
                )
            async with self._env.store.write() as tx:
                known = await tx.alerts.many(alert.key for alert in news)
                for alert in news:
                    await self._take_in(tx, alert, known.get(alert.key), asked_at, quiet=quiet, result=result)

    async def _take_in(
        self,
        tx: Transaction,
        alert: Alert,
        record: AlertRecord | None,
        asked_at: datetime,
        *,
        quiet: bool,
        result: Round,
    ) -> None:
        """`record` is what the transaction knows of the alert."""
        now = self._env.clock.now()
        if record is None:
            result.new += 1
            record = await tx.alerts.add(alert, now, decision_seen(alert, None, now))
            if not quiet and alert.is_open:
                await self._cards.announce(tx, record)
            return
        if record.changed_at >= asked_at:
            return  # what we read is older than what we know
        if (on_its_way := await tx.intents.open_on(alert.key)) is not None:
            if reached(alert, on_its_way) or not may_send(alert, on_its_way):
                await tx.intents.wake(on_its_way.id, now)  # there is nothing to wait for: it was decided there
            return
        change = compare(record, alert)
        if change.kind is ChangeKind.NONE:
            return
        result.changed += 1
        changed = await tx.alerts.change(alert.key, alert, now, decision_seen(alert, record.decision, now))
        changed, worse = await self._wake(tx, record, changed, change, now)
        if change.kind is not ChangeKind.FACTS:
            entry = AuditEntry(
                alert.partner,
                f"portal: {change.kind}",
                "seen",
                "",
                change.by,
                changed.label,
                {"status": alert.status, "reason": alert.resolved_reason},
            )
            await tx.audit.append(entry, now)
        if quiet:
            return
        if change.kind is ChangeKind.REOPENED:
            await self._cards.announce(tx, changed)  # where it was resolved before a route was new, it has no card yet
        await self._cards.changed(tx, alert.key, " ".join(filter(None, (texts.portal_line(changed, change), worse))))

    async def _wake(
        self, tx: Transaction, before: AlertRecord, after: AlertRecord, change: Change, now: datetime
    ) -> tuple[AlertRecord, str]:
        """News end a snooze: a verdict, its end, a higher severity (which is worth a line)."""
        if change.kind not in (ChangeKind.FACTS, ChangeKind.OTHER_VERDICT):
            after = await waking.taken(tx, after, "", now)
        if change.kind in (ChangeKind.RESOLVED, ChangeKind.REOPENED):
            return await waking.decided(tx, after, now), ""
        if after.work.sleeps(now) and rises(before.alert, after.alert):
            return await waking.decided(tx, after, now), working.worse_line(after)
        return after, ""

    async def _absent(self, partner: Partner, result: Round) -> None:
        async with self._env.store.read() as tx:
            absent = sorted(await tx.alerts.open_keys(partner.tenant_id) - result.seen)
        before = self._looked_for.get(partner.tenant_id, "")
        absent = [key for key in absent if key.id > before] or absent  # where there are many, they take turns
        for key in absent[:_ABSENT_MOST]:
            self._looked_for[partner.tenant_id] = key.id
            try:
                await self.apply(partner, key.id, result)
            except Missing:
                log.warning("alert_gone", partner=key.partner, alert=key.id)
            except AlertDeskError as problem:
                log.warning("alert_not_read", partner=key.partner, alert=key.id, code=problem.code)

    async def _save(self, state: SyncState) -> None:
        async with self._env.store.write() as tx:
            await tx.syncs.put(state)


def _told(unreadable: list[UnreadableAlert]) -> str:
    return texts.unreadable(len(unreadable), unreadable[0].problem) if unreadable else ""
