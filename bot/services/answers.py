"""Answers to what people typed, where they could not be given at once: the conversation's send windows were full, or
Teams was away. They wait in the outbox, in which nothing is lost."""

from __future__ import annotations

from bot.domain.delivery import ItemKind, NewItem
from bot.domain.people import Conversation
from bot.ports import Environment, Message
from bot.services.cards import LINE_PRIORITY

ANSWER_PRIORITY = LINE_PRIORITY + 2
"""Somebody is waiting for it."""


class LateAnswers:
    def __init__(self, env: Environment) -> None:
        self._env = env

    async def later(self, to: Conversation, message: Message, thread: str) -> None:
        """Say it as soon as that conversation takes it."""
        payload = {
            "text": message.text,
            "card": dict(message.card) if message.card is not None else None,
            "summary": message.summary,
            "attachments": [dict(attachment) for attachment in message.attachments],
            "thread": thread,
        }
        item = NewItem(to.id, ItemKind.ANSWER, payload=payload, priority=ANSWER_PRIORITY)
        async with self._env.store.write() as tx:
            await tx.outbox.add([item], self._env.clock.now())
        self._env.outbox_work.set()
