"""Messages of their own about a request, for those who must look: a card that is redrawn rings nobody. They are written
down with the step that they tell of, so that a death in between loses none."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from bot.domain.cancellations import Cancellation
from bot.domain.delivery import ItemKind, NewItem
from bot.ports import Environment, Transaction
from bot.services.cards import LINE_PRIORITY
from bot.services.operators import Operators
from bot.texts import cancelling as texts

_AGAIN = timedelta(hours=24)


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
        """To the operators: somebody has been at the database."""
        await self._operators.once(f"request {number} changed", texts.changed_by_hand(number), again=_AGAIN)

    async def person(self, tx: Transaction, person_id: str, text: str) -> None:
        chat = await tx.conversations.personal_of(person_id)
        await self._say(tx, [chat.id] if chat is not None else [], text)

    async def reminder(self, tx: Transaction, c: Cancellation) -> None:
        """Once more to those who were asked in person."""
        cards = await tx.request_cards.of_request(c.number)
        await self._say(tx, (card.conversation_id for card in cards if card.person_id), texts.reminder(c))

    async def _say(self, tx: Transaction, conversations: Iterable[str], text: str) -> None:
        items = [NewItem(to, ItemKind.NOTICE, payload={"text": text}, priority=LINE_PRIORITY) for to in conversations]
        await tx.outbox.add(items, self._env.clock.now())
        self._env.outbox_work.set()
