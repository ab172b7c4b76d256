"""Words to the people who run the bot, in the conversation that OPERATORS_CHANNEL names."""

from __future__ import annotations

from bot.domain.delivery import ItemKind, NewItem
from bot.ports import Environment

_PRIORITY = 8


class Operators:
    """`conversation_id` is empty where no such conversation is set: then the log and /readyz have to do."""

    def __init__(self, env: Environment, conversation_id: str) -> None:
        self._env, self._conversation_id = env, conversation_id
        self._last: dict[str, str] = {}

    async def tell(self, about: str, text: str) -> None:
        """Say it once: the same text about the same thing is not repeated, an empty text only ends the matter."""
        if self._last.get(about, "") == text:
            return
        self._last[about] = text
        if text and self._conversation_id:
            notice = NewItem(self._conversation_id, ItemKind.NOTICE, payload={"text": text}, priority=_PRIORITY)
            async with self._env.store.write() as tx:
                await tx.outbox.add([notice], self._env.clock.now())
            self._env.outbox_work.set()
