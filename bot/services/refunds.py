"""Credit requests: whose sixty days run, and what people say about the ticket. Nothing is sent to Microsoft."""

from __future__ import annotations

from dataclasses import dataclass

from bot.domain.audit import AuditEntry
from bot.domain.filters import AlertQuery
from bot.domain.people import Person
from bot.domain.policy import Act
from bot.domain.refund import Filing, RefundClock, counts, earliest_open
from bot.errors import Unknown
from bot.ports import Environment, Transaction
from bot.services import evidence_pack
from bot.services.cards import CardWork
from bot.texts import refund as texts

LIST_MOST = 10
_REDRAWN = 50
"""Cards of so many alerts of a subscription show that the ticket is filed; the others tell when they are asked for."""


@dataclass(frozen=True, slots=True)
class OpenClocks:
    """Those whose sixty days run, the first to run out first, and how many there are."""

    clocks: tuple[RefundClock, ...]
    total: int


class Refunds:
    def __init__(self, env: Environment, cards: CardWork) -> None:
        self._env, self._cards = env, cards

    async def open(self, partners: frozenset[str]) -> OpenClocks:
        async with self._env.store.read() as tx:
            since, wanted = earliest_open(self._env.clock.now()), AlertQuery(partners)
            clocks = await tx.refunds.since(wanted, since, LIST_MOST)
            total = await tx.refunds.count_since(wanted, since)
        return OpenClocks(clocks, total)

    async def meant(self, reference: str, readable: frozenset[str]) -> RefundClock:
        """The clock of a subscription, or of the subscription of an alert. Raises Unknown where there is none."""
        subject = await evidence_pack.find(self._env, reference, readable)
        async with self._env.store.read() as tx:
            clock = await tx.refunds.clock(subject.partner, subject.name)
        if clock is None:
            raise Unknown(texts.no_clock(reference), code="no_clock")
        return clock

    async def file(self, clock: RefundClock, ticket: str, person: Person) -> None:
        """Write down that the ticket is filed. Whether the person may is the caller's to check."""
        now = self._env.clock.now()
        filing = Filing(ticket, person.aad_id, person.name, now)
        before = clock.filed.ticket if clock.filed is not None else ""
        async with self._env.store.write() as tx:
            await tx.refunds.file(clock.partner, clock.subscription_id, clock.customer_tenant_id, filing)
            await self._changed(tx, clock, person, "done", {"ticket": ticket} | ({"before": before} if before else {}))

    async def reopen(self, clock: RefundClock, person: Person) -> bool:
        """Take it back: the ticket was not filed after all. False: nothing was on record."""
        async with self._env.store.write() as tx:
            if not await tx.refunds.unfile(clock.partner, clock.subscription_id):
                return False
            before = clock.filed.ticket if clock.filed is not None else ""
            await self._changed(tx, clock, person, "undone", {"before": before})
        return True

    async def _changed(
        self, tx: Transaction, clock: RefundClock, person: Person, outcome: str, detail: dict[str, str]
    ) -> None:
        now = self._env.clock.now()
        entry = AuditEntry(
            clock.partner, Act.REFUND, outcome, person.aad_id, person.name, clock.subscription_id, detail
        )
        await tx.audit.append(entry, now)
        records = await tx.alerts.of_subscription(clock.partner, clock.subscription_id, _REDRAWN)
        keys = [record.alert.key for record in records if counts(record.alert)]
        await tx.alerts.touch(keys, now)
        for key in keys:
            await self._cards.changed(tx, key)
