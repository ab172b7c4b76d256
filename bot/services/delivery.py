"""One step of the outbox: claim what is due, render it from the newest state, send it, and record how that ended."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from bot.domain.delivery import ItemKind, OutboxItem
from bot.domain.people import Conversation, ConversationState
from bot.errors import AlertDeskError, Missing, Permanent, Transient, Unreachable
from bot.ports import Channel, Environment, Message, Renderer
from bot.services.cards import CardWork
from bot.telemetry.log import get_logger

LEASE_SECONDS = 60.0
SEND_SECONDS = 30.0
"""Shorter than the lease, so that nobody else sends what we are still sending."""
AT_ONCE = 16
RECHECK = timedelta(minutes=3)
"""How long an uncertain card may prove that it arrived before it is sent again."""
_FIRST_WAIT, _LONGEST_WAIT = 1.0, 120.0
_WAIT_FOR_CARD = 5.0

log = get_logger("delivery")


class Delivery:
    def __init__(self, env: Environment, channel: Channel, renderer: Renderer, cards: CardWork, *, owner: str) -> None:
        self._env, self._channel, self._renderer, self._cards = env, channel, renderer, cards
        self._owner = owner

    async def step(self) -> int:
        """Send what is due now, each conversation's items in order. Returns how many items were taken up."""
        now = self._env.clock.now()
        async with self._env.store.write() as tx:
            items = await tx.outbox.claim(self._owner, now, LEASE_SECONDS, AT_ONCE)
        await asyncio.gather(*(self._deliver(item) for item in items))
        return len(items)

    async def _deliver(self, item: OutboxItem) -> None:
        async with self._env.store.read() as tx:
            conversation = await tx.conversations.get(item.conversation_id)
            card = await tx.cards.get(item.card_id) if item.card_id else None
        if conversation is None:
            await self._retry(item, "the conversation is not known yet", 30.0)
            return
        try:
            async with asyncio.timeout(SEND_SECONDS):
                if item.kind == ItemKind.ALERT_UPDATE:
                    await self._update(item, conversation, card.activity_id if card else "")
                elif item.kind == ItemKind.THREAD_LINE and not (card and card.activity_id):
                    await self._retry(item, "its card is not confirmed yet", _WAIT_FOR_CARD)
                else:
                    await self._post(
                        item, conversation, card.activity_id if card and item.kind == ItemKind.THREAD_LINE else ""
                    )
        except TimeoutError:
            await self._doubt(item, "no answer in time")
        except Missing as problem:
            await self._gone(item, problem)
        except Unreachable as problem:
            await self._unreachable(item, conversation, problem)
        except Permanent as problem:
            await self._park(item, problem)
        except Transient as problem:
            if problem.in_doubt:
                await self._doubt(item, problem.message)
            else:
                await self._retry(item, problem.message, problem.retry_after)

    async def _post(self, item: OutboxItem, conversation: Conversation, thread: str) -> None:
        message = await self._render(item)
        activity_id = await self._channel.send(conversation, message, thread) if message else ""
        await self._confirm(item, activity_id)

    async def _update(self, item: OutboxItem, conversation: Conversation, activity_id: str) -> None:
        if not activity_id:
            await self._retry(item, "its card is not confirmed yet", _WAIT_FOR_CARD)
            return
        message = await self._render(item)
        if message is not None:
            await self._channel.update(conversation, activity_id, message)
        await self._confirm(item, activity_id)

    async def _render(self, item: OutboxItem) -> Message | None:
        try:
            return await self._renderer.render(item)
        except AlertDeskError:
            raise
        except Exception as bug:  # a card that cannot be drawn must not hold up the others of its conversation
            log.exception("card_not_drawn", item=item.id, kind=item.kind)
            raise Permanent(f"the card could not be drawn: {type(bug).__name__}", code="render") from bug

    async def _confirm(self, item: OutboxItem, activity_id: str) -> None:
        """Written even when we are being stopped: an answer that is lost here is a card sent twice."""

        async def write() -> None:
            async with self._env.store.write() as tx:
                if await tx.outbox.sent(item, activity_id, self._env.clock.now()) and item.kind == ItemKind.ALERT_CARD:
                    await tx.cards.posted(item.card_id, activity_id)

        await asyncio.shield(write())

    async def _doubt(self, item: OutboxItem, problem: str) -> None:
        if item.kind == ItemKind.ALERT_UPDATE:
            await self._retry(item, problem, None)  # a PUT may be repeated freely
            return
        at = self._env.clock.now() + RECHECK
        async with self._env.store.write() as tx:
            await tx.outbox.uncertain(item, at, problem)
        log.warning("delivery_uncertain", item=item.id, kind=item.kind, problem=problem)

    async def _retry(self, item: OutboxItem, problem: str, wait: float | None) -> None:
        if wait is None:
            wait = min(_LONGEST_WAIT, _FIRST_WAIT * 2 ** min(item.attempts, 10)) * (0.5 + self._env.ids.jitter() / 2)
        async with self._env.store.write() as tx:
            await tx.outbox.retry(item, self._env.clock.now() + timedelta(seconds=wait), problem)

    async def _park(self, item: OutboxItem, problem: Permanent) -> None:
        async with self._env.store.write() as tx:
            await tx.outbox.park(item, f"{problem.code}: {problem.message}")
        log.error("delivery_parked", item=item.id, kind=item.kind, code=problem.code, problem=problem.message)

    async def _gone(self, item: OutboxItem, problem: Missing) -> None:
        """An update found no message: the card was deleted in Teams. Another takes its place and names it."""
        async with self._env.store.write() as tx:
            await tx.outbox.park(item, problem.message)
            card = await tx.cards.get(item.card_id) if item.card_id else None
            record = await tx.alerts.get(card.alert) if card else None
            if card is not None and record is not None and not card.replaced_by and item.kind == ItemKind.ALERT_UPDATE:
                await self._cards.replace(tx, card, record)

    async def _unreachable(self, item: OutboxItem, conversation: Conversation, problem: Unreachable) -> None:
        """The conversation takes nothing any more: its work stays and goes on after the next install or message."""
        async with self._env.store.write() as tx:
            await tx.conversations.set_state(conversation.id, ConversationState.BLOCKED)
            await tx.outbox.retry(item, self._env.clock.now(), problem.message)
        log.error("conversation_unreachable", conversation=conversation.id, code=problem.code, problem=problem.message)
