"""Messages of their own about a request, for those who must look: a card that is redrawn rings nobody. They are written
down with the step that they tell of, so that a death in between loses none."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from bot.domain.cancellations import Cancellation
from bot.domain.delivery import ItemKind, NewItem
from bot.ports import Environment, Transaction
from bot.services.cards import LINE_PRIORITY
from bot.services.operators import Operators
from bot.texts import cancelling as texts

_ANSWERED_WITHIN = timedelta(seconds=10)
"""Whoever pressed has their answer by then, or waits for it no more."""


class Telling:
    def __init__(self, env: Environment, operators: Operators) -> None:
        self._env, self._operators = env, operators

    async def trouble(self, tx: Transaction, c: Cancellation) -> None:
        """How it stands, to the approver in person and to the operators."""
        await self.person(tx, c.approver_id, texts.line(c))
        await self._operators.told(tx, texts.line(c))

    async def operators(self, tx: Transaction, c: Cancellation) -> None:
        """How it stands, to the operators: it ended by something that only they can mend."""
        await self._operators.told(tx, texts.line(c))

    async def changed(self, number: int) -> None:
        """Somebody has been at its plan in the database: it ends, and the operators hear of it."""
        async with self._env.store.write() as tx:
            if await tx.cancellations.discard(number, self._env.clock.now(), texts.PLAN_CHANGED):
                await self._operators.told(tx, texts.changed_by_hand(number))

    async def person(self, tx: Transaction, person_id: str, text: str) -> None:
        chat = await tx.conversations.personal_of(person_id)
        await self._say(tx, [chat.id] if chat is not None else [], text)

    async def approver(self, tx: Transaction, person_id: str, c: Cancellation, *, waits: bool) -> None:
        """How it stands, to who approved it, once. While they wait for the answer this stays behind for a few seconds,
        and is `answered` if that reaches them."""
        chat, now = await tx.conversations.personal_of(person_id), self._env.clock.now()
        at = now + _ANSWERED_WITHIN if waits else now
        await self._say(tx, [chat.id] if chat is not None else [], texts.line(c), key=_approval(c), at=at)

    async def answered(self, tx: Transaction, c: Cancellation) -> None:
        """Who approved it has heard how it stands."""
        chat = await tx.conversations.personal_of(c.approver_id)
        if chat is not None:
            await tx.outbox.drop(chat.id, _approval(c))

    async def reminder(self, tx: Transaction, c: Cancellation) -> None:
        """Once more to those who were asked in person."""
        cards = await tx.request_cards.of_request(c.number)
        await self._say(tx, (card.conversation_id for card in cards if card.person_id), texts.reminder(c))

    async def _say(
        self, tx: Transaction, conversations: Iterable[str], text: str, *, key: str = "", at: datetime | None = None
    ) -> None:
        items = [
            NewItem(to, ItemKind.NOTICE, "", {"text": text}, LINE_PRIORITY, dedup_key=key, available_at=at)
            for to in conversations
        ]
        await tx.outbox.add(items, self._env.clock.now())
        self._env.outbox_work.set()


def _approval(c: Cancellation) -> str:
    """Names the message about what became of an approval, in the chat of who gave it."""
    return f"approval:{c.number}"
