"""An uncertain card that is pressed has arrived: its delivery id and the message that holds it prove it."""

from __future__ import annotations

from bot.ports import Environment
from bot.services.memory import Memory


class Adoption:
    def __init__(self, env: Environment) -> None:
        self._env = env
        self._settled: Memory[str, bool] = Memory(3600.0)

    async def seen(self, card_id: str, conversation_id: str, activity_id: str) -> None:
        """Somebody acted on this card in this message. Cheap where its message is known, as it nearly always is."""
        at = self._env.clock.monotonic()
        if self._settled.get(card_id, at):
            return
        async with self._env.store.read() as tx:
            card = await tx.cards.get(card_id)
        if card is None or card.activity_id:
            self._settled.put(card_id, True, at)
        elif card.conversation_id == conversation_id:
            now = self._env.clock.now()
            async with self._env.store.write() as tx:
                if await tx.outbox.adopt(card_id, activity_id, now):
                    await tx.cards.posted(card_id, activity_id)
