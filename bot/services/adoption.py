"""Cards of which nobody knew whether they arrived: what proves that they did, and what becomes of a second copy.

Proof is an act on the card (its delivery id, and the message that holds it), or a reply in its thread: see `replied`.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from bot.domain.delivery import CardPost, Doubt, ItemKind, NewItem, OutboxItem
from bot.domain.people import Conversation
from bot.domain.storms import RollUp
from bot.errors import AlertDeskError
from bot.ports import Channel, Environment, Renderer, Transaction
from bot.services.memory import Memory
from bot.telemetry.log import get_logger

_LATEST_BEFORE = timedelta(seconds=60)
_EARLIEST_BEFORE = timedelta(seconds=300)
"""A post that is in doubt was made so long before its repeat is due: that comes one or three minutes after the end of
the try, or after the lease of its sender, which is a minute more."""
_ADOPTABLE = (ItemKind.ALERT_CARD,)
_PRIORITY = 1

log = get_logger("adoption")


class Adoption:
    def __init__(self, env: Environment, channel: Channel, renderer: Renderer) -> None:
        self._env, self._channel, self._renderer = env, channel, renderer
        self._settled: Memory[tuple[str, str], bool] = Memory(3600.0)

    async def seen(self, card_id: str, conversation_id: str, activity_id: str) -> None:
        """Somebody acted on this card in this message. Cheap where its message is known, as it nearly always is."""
        at = self._env.clock.monotonic()
        if self._settled.get((card_id, activity_id), at):
            return
        async with self._env.store.read() as tx:
            card = await tx.cards.get(card_id)
            rollup = await tx.rollups.get(card_id) if card is None else None
        if rollup is not None and not rollup.activity_id:
            if rollup.conversation_id == conversation_id:
                await self._arrived(rollup, activity_id)
        elif card is None or card.activity_id == activity_id or (card.activity_id and not card.repeat):
            self._settled.put((card_id, activity_id), True, at)
        elif card.conversation_id == conversation_id:
            async with self._env.store.write() as tx:
                await self._proven(tx, card, activity_id)

    async def _arrived(self, rollup: RollUp, activity_id: str) -> None:
        async with self._env.store.write() as tx:
            if await tx.outbox.adopt(rollup.id, activity_id, self._env.clock.now()):
                await tx.rollups.posted(rollup.id, activity_id)

    async def replied(self, conversation: Conversation, root_id: str) -> None:
        """Somebody replied in a thread. Where its root is a message that we do not know, it may be a card in doubt.

        It is taken for that card only if all of this holds: exactly one card is in doubt in the conversation; by the
        root's id, which in Teams is its time in milliseconds, it was posted while that card may have been; and Teams
        lets us write the card into that message, which it does for our own messages alone. So another's post is never
        taken for a card, and whatever message of ours it was, it shows the alert from then on.
        """
        async with self._env.store.read() as tx:
            doubts = await tx.outbox.doubts(conversation.id)
            if len(doubts) != 1 or doubts[0].kind not in _ADOPTABLE or not _may_be(doubts[0], root_id):
                return
            card = await tx.cards.get(doubts[0].card_id)
            known = await tx.outbox.knows(conversation.id, root_id) or await tx.cards.by_activity(
                conversation.id, root_id
            )
        if card is None or card.activity_id or known:
            return
        try:
            drawn = await self._renderer.render(_update(card, self._env.clock.now()))
            if drawn is None:
                return
            await self._channel.update(conversation, root_id, drawn)
        except AlertDeskError as problem:
            log.info("reply_proves_nothing", card=card.id, code=problem.code)
            return
        async with self._env.store.write() as tx:
            await self._proven(tx, card, root_id)

    async def _proven(self, tx: Transaction, card: CardPost, activity_id: str) -> None:
        now = self._env.clock.now()
        if await tx.outbox.adopt(card.id, activity_id, now):
            await tx.cards.posted(card.id, activity_id)
            return
        stands = await tx.cards.get(card.id)
        if stands is None or not stands.repeat or stands.activity_id in ("", activity_id):
            return  # the repeat is on its way just now: whoever acts here next finds it where it then stands
        if await tx.cards.by_activity(card.conversation_id, activity_id) is not None:
            return  # it points there already
        # The earlier copy, found after the later one was sent. It is remembered as replaced, and so reduced only once.
        copy = CardPost(self._env.ids.guid(), card.alert, card.conversation_id, activity_id, now, replaced_by=card.id)
        await tx.cards.add(copy)
        pointer = NewItem(
            card.conversation_id, ItemKind.CARD_POINTER, copy.id, priority=_PRIORITY, dedup_key=f"pointer:{activity_id}"
        )
        await tx.outbox.add([pointer], now)
        self._env.outbox_work.set()
        log.info("earlier_copy_found", card=card.id, activity=activity_id)


def _may_be(doubt: Doubt, root_id: str) -> bool:
    """Whether the root was posted while the card may have been. An id that tells no time does not contradict."""
    if not (root_id.isascii() and root_id.isdigit() and len(root_id) == 13):
        return True
    posted_at = datetime.fromtimestamp(int(root_id) / 1000, UTC)
    return doubt.again_at - _EARLIEST_BEFORE <= posted_at <= doubt.again_at - _LATEST_BEFORE


def _update(card: CardPost, now: datetime) -> OutboxItem:
    return OutboxItem(0, card.conversation_id, ItemKind.ALERT_UPDATE, card.id, {}, 0, 0, now, "")
