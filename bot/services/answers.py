"""Answers that are messages. Where one cannot be given at once (the conversation's send windows are full, or Teams is
away), it waits in the outbox, in which nothing is lost."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from bot.domain.delivery import ItemKind, NewItem
from bot.domain.people import Conversation
from bot.errors import Transient
from bot.ports import Channel, Environment, Message
from bot.services.cards import LINE_PRIORITY

Later = Callable[[Conversation, Message, str], Awaitable[None]]

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


class Answers:
    """`later` takes an answer that Teams, or our own counting of its limits, does not let out now; and all of them
    while it is not this replica that is `counting`, for the limits have one keeper."""

    def __init__(self, channel: Channel, later: Later, counting: Callable[[], bool] = lambda: True) -> None:
        self._channel, self._later, self._counting = channel, later, counting

    async def say(self, to: Conversation, message: Message, thread: str) -> str:
        """Say it now or later. Returns the message's id, empty where it waits. Raises Transient where it may have
        arrived, Permanent where it never will."""
        if self._counting():
            try:
                return await self._channel.send(to, message, thread)
            except Transient as trouble:
                if trouble.in_doubt:
                    raise
        await self._later(to, message, thread)
        return ""
