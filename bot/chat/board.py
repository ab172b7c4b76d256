"""Draws alert cards, and remembers the drawings: most turns are clients asking for a card that has not changed."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from math import inf
from typing import Any

import orjson

from bot.chat import refund_views, work_views
from bot.chat.details import details_view
from bot.chat.presenter import Place, alert_view, customer
from bot.chat.work_views import RELATED_MOST
from bot.domain import deadline, recurrence
from bot.domain.alerts import AlertKey, AlertRecord
from bot.domain.cancellations import Cancellation
from bot.domain.filters import AlertQuery
from bot.domain.people import Person
from bot.domain.policy import Act, lacking
from bot.domain.refund import RefundClock, counts
from bot.ports import Environment, Transaction
from bot.services.access import Access
from bot.services.lookup import Lookup
from bot.services.memory import Memory
from bot.texts import en as texts
from cards.alert import alert_card
from cards.details import details_card
from cards.text import label
from cards.views import Line

_DRAWINGS_MOST = 2048
RESPONDERS_MOST = 60
"""Teams redraws a card by itself for at most so many people.
https://learn.microsoft.com/microsoftteams/platform/task-modules-and-cards/cards/universal-actions-for-adaptive-cards/user-specific-views"""
_SUMMARY_LONGEST = 200


@dataclass(frozen=True, slots=True)
class _Drawing:
    """A card as JSON, and what it was drawn from: it serves as long as version and phase are the same."""

    record: AlertRecord
    version: int
    phase: str
    raw: bytes


class Board:
    def __init__(self, env: Environment, access: Access, lookup: Lookup, place: Place) -> None:
        self._env, self._access, self._lookup, self.place = env, access, lookup, place
        self._drawings: OrderedDict[tuple[int, str, bool], _Drawing] = OrderedDict()
        self._keys: Memory[int, AlertKey] = Memory(inf)  # a number is one alert's for ever

    async def raw(self, number: int, card_id: str, readable: frozenset[str], viewer: Person) -> bytes:
        """The card of an alert as JSON, as it must look now to this viewer. Raises Unknown where it is not theirs."""
        at = self._env.clock.monotonic()
        key = self._keys.get(number, at)
        if key is not None and key.partner in readable:
            known = self._drawings.get((number, card_id, await self._only_reads(viewer, key.partner)))
            now = self._env.clock.now()
            if (
                known is not None
                and known.phase == _phase(known.record, now)
                and await self._env.store.alert_version(key) == known.version
            ):
                return known.raw
        record = await self._lookup.number(number, readable)
        self._keys.put(number, record.alert.key, at)
        reader = await self._only_reads(viewer, record.alert.partner)
        return self._remember(record, card_id, reader, await self.card(record, card_id, reader=reader))

    async def personal(self, record: AlertRecord, card_id: str, viewer: Person) -> Mapping[str, Any]:
        """The card as this person sees it: what their remembered role allows, and why not."""
        return await self.card(record, card_id, reader=await self._only_reads(viewer, record.alert.partner))

    async def card(
        self,
        record: AlertRecord,
        card_id: str,
        *,
        reader: bool = False,
        shorter: int = 0,
        lead: Line | None = None,
    ) -> Mapping[str, Any]:
        """The card of a record: the shared one, or (`reader`) that of somebody who may not decide. `shorter`: by so
        many steps, as Teams said that it is too large. `lead` stands before its badges."""
        async with self._env.store.read() as tx:
            pending = await tx.intents.open_on(record.alert.key)
            cancellation = await _cancellation(tx, record)
            post = await tx.cards.get(card_id) if card_id else None
            if post is not None and post.alert != record.alert.key:
                post = None  # somebody made that id up
            viewers: tuple[str, ...] = ()
            if post is not None and record.alert.is_open:
                viewers = await tx.people.responders(post.conversation_id, RESPONDERS_MOST)
            background = await tx.alerts.background(record, recurrence.MOST if record.alert.is_open else 0)
            refund = await _refund(tx, record)
        view = alert_view(
            record,
            self.place,
            self._env.clock.now(),
            card_id=card_id,
            post=post,
            pending=pending,
            reader=reader,
            viewers=viewers,
            cancellation=cancellation,
            background=background,
        )
        view = replace(view, work=(*view.work, *refund_views.card_lines(refund)))
        if lead is not None:
            view = replace(view, badges=(lead, *view.badges))
        return alert_card(view, shorter)

    async def _only_reads(self, viewer: Person, partner: str) -> bool:
        """Whether we know that the viewer may not decide. Of somebody whose roles we never saw we do not know it."""
        roles = await self._access.remembered(viewer, partner)
        return roles is not None and bool(lacking(Act.MARK, roles))

    async def details(self, record: AlertRecord, card_id: str, viewer: Person | None = None) -> Mapping[str, Any]:
        """All about an alert: for everybody, or in the form of the one `viewer` who alone sees it."""
        reader = viewer is not None and await self._only_reads(viewer, record.alert.partner)
        async with self._env.store.read() as tx:
            notes = (await tx.alerts.notes([record.alert.key])).get(record.alert.key, ())
            pending = await tx.intents.open_on(record.alert.key)
            cancellation = await _cancellation(tx, record)
            history = (await tx.alerts.background(record, recurrence.MOST)).history
            related = await _related(tx, record)
            refund = await _refund(tx, record)
        now = self._env.clock.now()
        view = details_view(
            record,
            notes,
            self.place,
            now,
            card_id=card_id,
            pending=pending,
            reader=reader,
            cancellation=cancellation,
            team=(*refund_views.sections(refund, now), *work_views.sections(record, history, related, now)),
        )
        return details_card(view)

    def summary(self, record: AlertRecord) -> str:
        """What a notification shows of the card."""
        return label(texts.alert_summary(record, customer(record)), _SUMMARY_LONGEST)

    def _remember(self, record: AlertRecord, card_id: str, reader: bool, card: Mapping[str, Any]) -> bytes:
        raw = orjson.dumps(card)
        phase = _phase(record, self._env.clock.now())
        place = (record.number, card_id, reader)
        self._drawings[place] = _Drawing(record, record.version, phase, raw)
        self._drawings.move_to_end(place)
        while len(self._drawings) > _DRAWINGS_MOST:
            self._drawings.popitem(last=False)
        return raw


def _phase(record: AlertRecord, now: datetime) -> str:
    """What changes on a card with time alone."""
    return f"{deadline.phase(record.alert, now)} {record.work.sleeps(now)}"


async def _refund(tx: Transaction, record: AlertRecord) -> RefundClock | None:
    """The clock of the credit request that a verdict of fraud has started."""
    if not counts(record.alert):
        return None
    return await tx.refunds.clock(record.alert.partner, record.alert.subscription_id)


async def _related(tx: Transaction, record: AlertRecord) -> tuple[AlertRecord, ...]:
    """Others of its subscription, the open ones first, then open ones of its customer."""
    alert, most = record.alert, RELATED_MOST + 1
    found = list(await tx.alerts.of_subscription(alert.partner, alert.subscription_id, most))
    if alert.customer_tenant_id and len(found) < most:
        wanted = AlertQuery(frozenset({alert.partner}), unresolved=True, customers=(alert.customer_tenant_id,))
        found += await tx.alerts.first(wanted, most)
    others = {each.number: each for each in found if each.number != record.number}
    return tuple(others.values())[:RELATED_MOST]


async def _cancellation(tx: Transaction, record: AlertRecord) -> Cancellation | None:
    """The newest request about the alert's subscription."""
    subscription = record.alert.subscription_id.lower()
    if not subscription:
        return None
    return (await tx.cancellations.last_on(record.alert.partner, [subscription])).get(subscription)
