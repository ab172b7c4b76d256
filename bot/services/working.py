"""Whose an alert is, and until when it may wait. Both stay in Alert Desk: Partner Center has no field for them."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from bot.domain.alerts import AlertRecord, Work
from bot.domain.audit import AuditEntry
from bot.domain.delivery import Mention
from bot.domain.people import Conversation, ConversationKind, Person
from bot.domain.policy import Act
from bot.domain.snoozes import woken
from bot.errors import UserError
from bot.ports import Environment, Transaction
from bot.services.cards import CardWork
from bot.services.waking import reminder_in, reminders
from bot.texts import working as texts


class Working:
    """The caller has checked, live, that `by` may do it. The alert as it then is; UserError where nothing changed."""

    def __init__(self, env: Environment, cards: CardWork) -> None:
        self._env, self._cards = env, cards

    async def assign(self, record: AlertRecord, to: Person | None, by: Person, where: Conversation) -> AlertRecord:
        """`to` stands on the roster of the conversation and is mentioned there; None makes it nobody's."""
        to_id, to_name = (to.aad_id or to.mri, to.name) if to is not None else ("", "")
        async with self._env.store.write() as tx:
            record = await self._open(tx, record)
            if record.work.assigned_id == to_id:
                raise UserError(texts.assigned_already(record.label, to_name), code="same_assignee")
            work = replace(record.work, assigned_id=to_id, assigned_name=to_name)
            changed = await self._put(tx, record, work, Act.ASSIGN, by, {"to": to_id, "name": to_name})
            line = texts.assigned_line(record.label, by.name, to_name, to_self=to is not None and _same(to, by))
            rung = to is not None and not _same(to, by) and where.kind != ConversationKind.PERSONAL
            mentions = (Mention(to.mri or to.aad_id, to.name),) if to is not None and rung else ()
            await self._cards.changed(tx, record.alert.key, line, {where.id: mentions} if mentions else {})
        return changed

    async def snooze(self, record: AlertRecord, until: datetime | None, by: Person) -> AlertRecord:
        """`until` is a day away at most; None ends it now."""
        now = self._env.clock.now()
        async with self._env.store.write() as tx:
            record = await self._open(tx, record)
            if until is None and not record.work.sleeps(now):
                raise UserError(texts.not_snoozed(record.label), code="not_snoozed")
            work = woken(record.work) if until is None else _asleep(record.work, until, by)
            detail = {"until": until.isoformat() if until is not None else ""}
            changed = await self._put(tx, record, work, Act.SNOOZE, by, detail)
            await self._cards.changed(tx, record.alert.key, texts.snoozed_line(record, by.name, until, now))
            for card in await tx.cards.of_alert(record.alert.key):
                if not card.replaced_by:
                    await tx.outbox.add(reminders(card, changed, now), now)
            for membership in await tx.rollups.of_alert(record.alert.key):
                if not membership.left:
                    await tx.outbox.add(reminder_in(membership.rollup, changed, now), now)
        return changed

    async def _open(self, tx: Transaction, record: AlertRecord) -> AlertRecord:
        """As the transaction knows it."""
        record = await tx.alerts.get(record.alert.key) or record
        if not record.alert.is_open:
            raise UserError(texts.decided_already(record.label), code="decided")
        return record

    async def _put(
        self, tx: Transaction, record: AlertRecord, work: Work, act: Act, by: Person, detail: dict[str, Any]
    ) -> AlertRecord:
        now = self._env.clock.now()
        await tx.audit.append(
            AuditEntry(record.alert.partner, act, "done", by.aad_id, by.name, record.label, detail), now
        )
        return await tx.alerts.set_work(record.alert.key, work, now)


def _asleep(work: Work, until: datetime, by: Person) -> Work:
    return replace(work, snoozed_until=until, snoozed_by=by.name)


def _same(one: Person, other: Person) -> bool:
    return bool(one.aad_id) and one.aad_id.lower() == other.aad_id.lower()
