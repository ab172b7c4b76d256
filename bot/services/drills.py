"""Begins drills, follows how the team does with them, and reports it: under the card, and in the audit trail."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta

from bot.domain.alerts import DRILL, AlertRecord, Decision, Status, Verdict
from bot.domain.audit import AuditEntry
from bot.domain.delivery import ItemKind, NewItem, spoken
from bot.domain.drills import A_DAY, Drill, alert_of, followed, is_over
from bot.domain.filters import matches
from bot.domain.people import Conversation, Partner, Person
from bot.domain.policy import Act
from bot.errors import UserError
from bot.ports import Environment, Transaction
from bot.services.cards import CardWork
from bot.services.drill_source import OURSELVES, changed_to
from bot.services.filtering import route_query
from bot.texts import drills as texts

DAY = timedelta(hours=24)
LATEST = 10
_AT_ONCE = 100


class Drills:
    """`wake` has the partner's alerts read soon."""

    def __init__(self, env: Environment, cards: CardWork, wake: Callable[[str], Awaitable[None]]) -> None:
        self._env, self._cards, self._wake = env, cards, wake

    async def begin(self, partner: Partner, severity: str, person: Person, conversation: Conversation) -> Drill:
        """Write it down; its alert comes with the next reading of the partner's alerts. The person's roles were checked
        by the caller, live. Raises UserError where there can be none now, or not here."""
        now, tenant = self._env.clock.now(), partner.tenant_id
        drill = Drill(
            f"{DRILL}{self._env.ids.guid()}", tenant, conversation.id, severity, person.aad_id, person.name, now
        )
        async with self._env.store.write() as tx:
            if (standing := await tx.drills.begin(drill)) is not None:
                raise UserError(texts.under_way(standing.by_name), code="drill_under_way")
            await self._check(tx, drill, partner)
            await tx.audit.append(_entry(drill, "asked", drill.id), now)
        await self._wake(tenant)
        return drill

    async def _check(self, tx: Transaction, drill: Drill, partner: Partner) -> None:
        """Raises where it may not have been begun, so that it is not written after all."""
        routes = await tx.conversations.routes(drill.conversation_id, drill.partner)
        if not any(route.on for route in routes):
            raise UserError(texts.not_routed(partner.name), code="not_routed")
        if not (await tx.syncs.get(drill.partner)).baseline:
            raise UserError(texts.NOT_READ_YET, code="not_read_yet")
        alert = alert_of(drill, texts.NAME, texts.description(drill))
        wanted = [route_query(route, self._env.partners, drill.begun_at) for route in routes if route.on]
        if not any(matches(query, alert, "") for query in wanted):
            raise UserError(texts.not_wanted(partner.name, drill.severity), code="not_wanted")
        if await tx.drills.begun_since(drill.partner, drill.begun_at - DAY) > A_DAY:
            raise UserError(texts.too_many(partner.name), code="too_many_drills")

    async def latest(self, partners: frozenset[str]) -> tuple[tuple[Drill, str], ...]:
        """The last ten, newest first, each with its alert's label (empty: not recorded yet, or never)."""
        async with self._env.store.read() as tx:
            drills = await tx.drills.latest(partners, LATEST)
            records = await tx.alerts.many(drill.key for drill in drills)
        return tuple((drill, records[drill.key].label if drill.key in records else "") for drill in drills)

    async def step(self) -> int:
        """Look at each drill under way: write down how far it came, report what is over. Returns how many changed."""
        async with self._env.store.read() as tx:
            drills = await tx.drills.open(_AT_ONCE)
            news = [drill for drill in drills if await self._has_news(tx, drill)]
        return sum([await self._follow(drill) for drill in news])

    async def _has_news(self, tx: Transaction, drill: Drill) -> bool:
        now, record = self._env.clock.now(), await tx.alerts.get(drill.key)
        if record is None:
            return drill.is_given_up(now)
        found = followed(drill, record, await tx.drills.carded_at(drill))
        return found != drill or drill.is_given_up(now) or is_over(found, now)

    async def _follow(self, seen: Drill) -> bool:
        now = self._env.clock.now()
        async with self._env.store.write() as tx:
            drill = await tx.drills.get(seen.id)
            if drill is None or drill.reported_at is not None:
                return False  # another replica was faster
            record = await tx.alerts.get(drill.key)
            found = drill if record is None else followed(drill, record, await tx.drills.carded_at(drill))
            if found.decided_at is None and found.is_given_up(now):
                if record is not None and await tx.intents.open_on(drill.key) is not None:
                    return False  # somebody decides this very moment
                if record is not None:
                    record = await self._give_up(tx, record, now)
                await self._report(tx, replace(found, reported_at=now), record)
            elif is_over(found, now):
                await self._report(tx, replace(found, reported_at=now), record)
            elif found == drill:
                return False
            else:
                await tx.drills.put(found)
        return True

    async def _give_up(self, tx: Transaction, record: AlertRecord, now: datetime) -> AlertRecord:
        """The alert is closed, by nobody."""
        if not record.alert.is_open:
            return record
        alert = changed_to(record.alert, Status.RESOLVED, Verdict.IGNORE, OURSELVES, now)
        decision = Decision(Verdict.IGNORE, texts.NOBODY, "", now, texts.not_answered_note(), "")
        return await tx.alerts.change(record.alert.key, alert, now, decision)

    async def _report(self, tx: Transaction, drill: Drill, record: AlertRecord | None) -> None:
        now = self._env.clock.now()
        await tx.drills.put(drill)
        line = texts.report(drill, record.label if record is not None else "")
        outcome = "done" if drill.decided_at is not None else "failed"
        await tx.audit.append(_entry(drill, outcome, record.label if record is not None else drill.id, line), now)
        if record is not None and (await tx.cards.of_alert(drill.key) or await tx.rollups.of_alert(drill.key)):
            await self._cards.changed(tx, drill.key, line)
        else:
            await tx.outbox.add([NewItem(drill.conversation_id, ItemKind.NOTICE, payload=spoken(line))], now)
            self._env.outbox_work.set()


def _entry(drill: Drill, outcome: str, subject: str, report: str = "") -> AuditEntry:
    moments = {
        "begun": drill.begun_at,
        "recorded": drill.detected_at,
        "card": drill.carded_at,
        "taken up": drill.acknowledged_at,
        "decided": drill.decided_at,
    }
    detail = {name: at.isoformat() for name, at in moments.items() if at is not None}
    if report:
        detail["report"] = report
    about = {"alert": drill.id, "severity": drill.severity, "conversation": drill.conversation_id, **detail}
    return AuditEntry(drill.partner, Act.DRILL, outcome, drill.by_id, drill.by_name, subject, about)
