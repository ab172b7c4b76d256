"""Messages of their own about a request, for those who must look: a card that is redrawn rings nobody."""

from __future__ import annotations

from collections.abc import Iterable

from bot.domain.cancellations import Cancellation
from bot.domain.delivery import ItemKind, NewItem
from bot.ports import Environment, Transaction
from bot.services.cards import LINE_PRIORITY
from bot.services.operators import Operators
from bot.texts import cancelling as texts


class Telling:
    def __init__(self, env: Environment, operators: Operators) -> None:
        self._env, self._operators = env, operators

    async def trouble(self, c: Cancellation) -> None:
        """How it stands, to the approver in person and to the operators."""
        text = texts.line(c)
        async with self._env.store.write() as tx:
            chat = await tx.conversations.personal_of(c.approver_id)
            await self._say(tx, [chat.id] if chat is not None else [], text)
        await self._operators.tell(f"request {c.label} {c.state}", text)

    async def reminder(self, c: Cancellation) -> None:
        """Once more to those who were asked in person."""
        async with self._env.store.write() as tx:
            cards = await tx.request_cards.of_request(c.number)
            await self._say(tx, (card.conversation_id for card in cards if card.person_id), texts.reminder(c))

    async def _say(self, tx: Transaction, conversations: Iterable[str], text: str) -> None:
        items = [NewItem(to, ItemKind.NOTICE, payload={"text": text}, priority=LINE_PRIORITY) for to in conversations]
        await tx.outbox.add(items, self._env.clock.now())
        self._env.outbox_work.set()
