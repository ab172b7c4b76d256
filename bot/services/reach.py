"""Conversations that take nothing from us any more, and those that do so again.

A conversation is switched off, not forgotten: its routes and its work stay. The partners' other conversations and the
operators are told once, for nobody misses an alert that never came.
"""

from __future__ import annotations

from collections.abc import Sequence

from bot.domain.delivery import ItemKind, NewItem
from bot.domain.people import Conversation, ConversationState
from bot.ports import Environment, Transaction
from bot.telemetry.log import get_logger
from bot.texts import delivery as texts
from bot.texts import duty as duty_texts

PRIORITY = 10
"""Above every card: one line that says why cards do not come, or that they come again."""

log = get_logger("reach")


class Reach:
    """`operators` is the operators' conversation, empty where there is none."""

    def __init__(self, env: Environment, operators: str) -> None:
        self._env, self._operators = env, operators
        self.times = 0
        """How often anything was switched off in here: what others remember of before does not count any more."""

    async def lost(self, tx: Transaction, conversation_ids: Sequence[str], state: str, why: str) -> None:
        """They take nothing any more. Tells of those that did until now and that alerts go to."""
        self.times += 1
        silent: list[Conversation] = []
        partners: set[str] = set()
        for conversation_id in conversation_ids:
            conversation = await tx.conversations.get(conversation_id)
            if conversation is None:
                continue
            await tx.conversations.set_state(conversation_id, state)
            routed = {route.partner for route in await tx.conversations.routes(conversation_id) if route.on}
            if routed and conversation.state == ConversationState.ACTIVE:
                silent.append(conversation)
                partners |= routed
        if silent:
            log.error("conversations_lost", conversations=[each.id for each in silent], state=state, why=why)
            await self._tell(
                tx, partners, texts.not_delivered([duty_texts.place(each) for each in silent], why), silent[0].id
            )

    async def arrived(self, tx: Transaction, conversation_id: str) -> None:
        """Something got through: what was only tried takes messages again."""
        conversation = await tx.conversations.get(conversation_id)
        if conversation is not None and conversation.state == ConversationState.TRIED:
            await tx.conversations.set_state(conversation_id, ConversationState.ACTIVE)

    async def back(self, tx: Transaction, conversation_id: str, *, was_off: bool) -> None:
        """It takes messages (again): what was parked goes on, and it is told how much waited."""
        now = self._env.clock.now()
        await tx.outbox.unpark(conversation_id, now)
        waiting = await tx.outbox.waiting_in(conversation_id) if was_off else 0
        if waiting:
            said = NewItem(conversation_id, ItemKind.NOTICE, payload={"text": texts.back(waiting)}, priority=PRIORITY)
            await tx.outbox.add([said], now)

    async def _tell(self, tx: Transaction, partners: set[str], text: str, about: str) -> None:
        places = {self._operators} - {""}
        for partner in partners:
            places |= {route.conversation_id for route in await tx.conversations.routes(partner=partner) if route.on}
        items = []
        for place in sorted(places):
            conversation = await tx.conversations.get(place)
            if conversation is not None and conversation.state == ConversationState.ACTIVE:
                payload = {"text": text}
                items.append(NewItem(place, ItemKind.NOTICE, "", payload, PRIORITY, dedup_key=f"lost:{about}"))
        await tx.outbox.add(items, self._env.clock.now())
        self._env.outbox_work.set()
