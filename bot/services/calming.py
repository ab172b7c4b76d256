"""After a storm: its roll-up closes, and its alerts get their own cards again, the worst first and a few at a time."""

from __future__ import annotations

from datetime import datetime

from bot.domain.alerts import AlertKey
from bot.domain.people import ConversationState
from bot.domain.storms import (
    CALM,
    POSTS_MOST,
    REDRAW_AT_LEAST,
    REDRAW_EVERY,
    WINDOW,
    YOUNG,
    RollUp,
    RollUpState,
    may_release,
)
from bot.ports import Environment, Transaction
from bot.services.cards import CardWork
from bot.telemetry.log import get_logger

log = get_logger("storms")


class Calming:
    def __init__(self, env: Environment, cards: CardWork) -> None:
        self._env, self._cards = env, cards

    async def step(self) -> None:
        """Close what is calm, give cards back, keep the others' cards true. Each in a transaction of its own."""
        now = self._env.clock.now()
        async with self._env.store.write() as tx:
            await tx.rollups.prune(now - WINDOW)
            live = await tx.rollups.live()
        for rollup in live:
            if rollup.state == RollUpState.OPEN:
                await self._look_at(rollup, now)
        calming = sorted({rollup.conversation_id for rollup in live if rollup.state == RollUpState.CALMING})
        for conversation_id in calming:
            await self._release(conversation_id, now)

    async def _look_at(self, rollup: RollUp, now: datetime) -> None:
        async with self._env.store.write() as tx:
            if await tx.rollups.close(rollup.id, now - CALM, now):
                log.info("storm_over", rollup=rollup.id, conversation=rollup.conversation_id, scope=rollup.scope.key)
                await self._cards.rollups.redraw(tx, rollup)
            elif now - rollup.redraw_at >= REDRAW_AT_LEAST - REDRAW_EVERY:
                await self._cards.rollups.redraw(tx, rollup)

    async def _release(self, conversation_id: str, now: datetime) -> None:
        async with self._env.store.write() as tx:
            conversation = await tx.conversations.get(conversation_id)
            if conversation is None or conversation.state != ConversationState.ACTIVE:
                return
            since = now - WINDOW
            may = may_release(
                await tx.rollups.left_since(conversation_id, since),
                await tx.rollups.posts_since(conversation_id, since, POSTS_MOST),
                storm=bool(await tx.rollups.open_in(conversation_id)),
            )
            if not may:
                return
            for key in await tx.rollups.to_release(conversation_id, now - YOUNG, may):
                await self._release_one(tx, conversation_id, key, now)
            for rollup in await tx.rollups.live():
                if rollup.conversation_id == conversation_id and rollup.state == RollUpState.CALMING:
                    await self._finish(tx, rollup, now)

    async def _release_one(self, tx: Transaction, conversation_id: str, key: AlertKey, now: datetime) -> None:
        record = await tx.alerts.get(key)
        if record is None:
            return
        await tx.rollups.left(conversation_id, record.number, now)
        routes = await tx.conversations.routes(conversation_id, key.partner)
        await self._cards.post(tx, record, [route for route in routes if self._cards.wants(route, record)])

    async def _finish(self, tx: Transaction, rollup: RollUp, now: datetime) -> None:
        """Close it for good when no alert of it is left that may get its card back; say how many did."""
        await self._cards.rollups.redraw(tx, rollup)
        if not await tx.rollups.has_more(rollup.id, now - YOUNG):
            await tx.rollups.finish(rollup.id)
