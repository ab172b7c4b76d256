"""Draws alert cards, and remembers the drawings: most turns are clients asking for a card that has not changed."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from bot.chat.presenter import Place, alert_view, customer, details_view
from bot.domain import deadline
from bot.domain.alerts import AlertKey, AlertRecord
from bot.ports import Environment
from bot.services.lookup import Lookup
from bot.texts import en as texts
from cards.alert import alert_card
from cards.details import details_card
from cards.text import label

_DRAWINGS_MOST = 2048
_SUMMARY_LONGEST = 200


@dataclass(frozen=True, slots=True)
class _Drawing:
    """A card as JSON, and what it was drawn from: it serves as long as version and phase are the same."""

    key: AlertKey
    record: AlertRecord
    version: int
    phase: str
    raw: bytes


class Board:
    def __init__(self, env: Environment, lookup: Lookup, place: Place) -> None:
        self._env, self._lookup, self.place = env, lookup, place
        self._drawings: OrderedDict[tuple[int, str], _Drawing] = OrderedDict()

    async def raw(self, number: int, card_id: str, readable: frozenset[str]) -> bytes:
        """The shared card of an alert as JSON, as it must look now. Raises Unknown where it is not for this reader."""
        known = self._drawings.get((number, card_id))
        if known is not None and known.key.partner in readable:
            phase = deadline.phase(known.record.alert, self._env.clock.now())
            if known.phase == phase and await self._env.store.alert_version(known.key) == known.version:
                return known.raw
        record = await self._lookup.number(number, readable)
        return self._remember(record, card_id, await self.card(record, card_id))

    async def card(self, record: AlertRecord, card_id: str) -> Mapping[str, Any]:
        """The shared card of a record."""
        async with self._env.store.read() as tx:
            pending = await tx.intents.open_on(record.alert.key)
            post = await tx.cards.get(card_id) if card_id else None
        if post is not None and post.alert != record.alert.key:
            post = None  # somebody made that id up
        now = self._env.clock.now()
        return alert_card(alert_view(record, self.place, now, card_id=card_id, post=post, pending=pending))

    async def details(self, record: AlertRecord, card_id: str) -> Mapping[str, Any]:
        async with self._env.store.read() as tx:
            notes = (await tx.alerts.notes([record.alert.key])).get(record.alert.key, ())
            pending = await tx.intents.open_on(record.alert.key)
        now = self._env.clock.now()
        return details_card(details_view(record, notes, self.place, now, card_id=card_id, pending=pending))

    def summary(self, record: AlertRecord) -> str:
        """What a notification shows of the card."""
        return label(texts.alert_summary(record, customer(record)), _SUMMARY_LONGEST)

    def _remember(self, record: AlertRecord, card_id: str, card: Mapping[str, Any]) -> bytes:
        raw = orjson.dumps(card)
        phase = deadline.phase(record.alert, self._env.clock.now())
        place = (record.number, card_id)
        self._drawings[place] = _Drawing(record.alert.key, record, record.version, phase, raw)
        self._drawings.move_to_end(place)
        while len(self._drawings) > _DRAWINGS_MOST:
            self._drawings.popitem(last=False)
        return raw
