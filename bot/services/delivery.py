"""One step of the outbox: claim what is due, render it from the newest state, send it, and record how that ended."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from bot.domain.bulk import BulkRun
from bot.domain.cancellations import RequestCard
from bot.domain.delivery import CardPost, ItemKind, OutboxItem
from bot.domain.people import ConversationState
from bot.domain.storms import RollUp
from bot.errors import AlertDeskError, Missing, Permanent, TooLarge, Transient, Unreachable
from bot.ports import Channel, Environment, Full, Message, Pace, Renderer, Transaction
from bot.services.cards import CardWork
from bot.services.escalations import refused
from bot.services.plan_progress import PlanProgress
from bot.services.reach import Reach
from bot.telemetry.log import get_logger

LEASE_SECONDS = 60.0
SEND_SECONDS = 30.0
"""Shorter than the lease, so that nobody else sends what we are still sending."""
AT_ONCE = 16
RECHECK = timedelta(minutes=3)
"""How long an uncertain card may prove that it arrived before it is sent again."""
_FIRST_WAIT, _LONGEST_WAIT = 1.0, 120.0
_WAIT_FOR_CARD = 5.0
_WAIT_FOR_NEWER = 30.0
_RECORD_TRIES = 6
_TRIES_FOR_ROOT = 6
"""So often a request waits for the alert's card in whose thread it belongs; then it is posted on its own."""
MOST_SHORTER = 8
"""More steps than any card has: a message that is too large even then cannot be helped."""
_UPDATES = (
    *(ItemKind.ALERT_UPDATE, ItemKind.REQUEST_UPDATE, ItemKind.ROLLUP_UPDATE, ItemKind.BULK_UPDATE),
    ItemKind.CARD_POINTER,
)
_KEPT_UP = (ItemKind.ALERT_CARD, ItemKind.REQUEST_CARD, ItemKind.ROLLUP_CARD, ItemKind.BULK_CARD)
"""Root cards that are changed later: to do that, one must know which message they are."""
_LINES = (
    *(ItemKind.THREAD_LINE, ItemKind.SNOOZE_LINE, ItemKind.REQUEST_LINE, ItemKind.ROLLUP_LINE),
    ItemKind.BULK_LINE,
)
_OF_RUNS = (ItemKind.BULK_CARD, ItemKind.BULK_UPDATE, ItemKind.BULK_LINE)
_KNOWN = frozenset(map(str, ItemKind))

AnyCard = CardPost | RequestCard | RollUp | BulkRun
log = get_logger("delivery")


class How(StrEnum):
    SENT = "sent"
    RETRY = "retry"
    UNCERTAIN = "uncertain"
    SHORTEN = "shorten"
    PARK = "park"
    REST = "rest"  # parked with the card that it belongs to
    GONE = "gone"  # the message that was to be changed is not there any more
    UNREACHABLE = "unreachable"  # the conversation takes nothing any more


@dataclass(frozen=True, slots=True)
class End:
    """How a try ended. `wait` in seconds before the next try; None lets it grow with the tries. `why` is `problem` in
    words for people."""

    how: How
    activity_id: str = ""
    problem: str = ""
    wait: float | None = None
    why: str = ""


class Delivery:
    """Without a `pace` nothing is known of send windows beforehand, and the channel alone sees to them. `progress` is
    told of calls to approvers that did not arrive."""

    def __init__(
        self,
        env: Environment,
        channel: Channel,
        renderer: Renderer,
        cards: CardWork,
        reach: Reach,
        *,
        owner: str,
        pace: Pace | None = None,
        progress: PlanProgress | None = None,
    ) -> None:
        self._env, self._channel, self._renderer, self._cards = env, channel, renderer, cards
        self._reach, self._owner, self._pace, self._progress = reach, owner, pace, progress
        self._served = ""  # the partner whose turn was last

    async def step(self) -> int:
        """Send what is due now, one item of each conversation, and wait for its window where that is full. Returns how
        many items were taken up."""
        items = await self.claim(AT_ONCE, Full())
        await asyncio.gather(*(self.deliver(item) for item in items))
        return len(items)

    def full(self) -> Full:
        """Where the send windows let nothing out now."""
        return self._pace.full() if self._pace is not None else Full()

    async def claim(self, limit: int, full: Full | None = None) -> tuple[OutboxItem, ...]:
        """What is to be sent next. Left out is whose windows are `full` (None: as they are now): it would only hold a
        place."""
        full = full if full is not None else self.full()
        async with self._env.store.write() as tx:
            items = await tx.outbox.claim(
                self._owner,
                self._env.clock.now(),
                LEASE_SECONDS,
                limit,
                after=self._served,
                not_in=full.conversations,
                not_of=full.tenants,
            )
        self._served = next((item.partner for item in reversed(items) if item.partner), self._served)
        return items

    async def take_over(self) -> None:
        """We send from now on, in whosever place: what they sent counts in the windows as if we had."""
        if self._pace is None:
            return
        now = self._env.clock.now()
        async with self._env.store.read() as tx:
            calls = await tx.outbox.calls(now - timedelta(seconds=self._pace.memory), now, self._owner)
        self._pace.carry(calls)

    async def recover(self) -> int:
        """Take up what a dead sender held; see Outbox.recover."""
        async with self._env.store.write() as tx:
            return await tx.outbox.recover(self._env.clock.now())

    async def deliver(self, item: OutboxItem) -> None:
        """Send one claimed item and write down how that ended, even where we are being stopped meanwhile."""
        try:
            async with asyncio.timeout(SEND_SECONDS):
                end = await self._send(item)
        except (AlertDeskError, TimeoutError) as problem:
            end = ended(item, problem)
        await asyncio.shield(self._record(item, end))

    async def _send(self, item: OutboxItem) -> End:
        if item.kind not in _KNOWN:  # in a rolling upgrade; that version sends it as soon as it is its turn
            return End(How.RETRY, problem="a newer version wrote it", wait=_WAIT_FOR_NEWER)
        async with self._env.store.read() as tx:
            conversation = await tx.conversations.get(item.conversation_id)
            card = await self._card(tx, item)
            thread = await self._thread(tx, item, card)
            parked = await self._parked(tx, item, card)
        if conversation is None:
            return End(How.RETRY, problem="the conversation is not known yet", wait=30.0)
        if item.kind in (*_UPDATES, *_LINES) and item.card_id and card is None:
            return End(How.SENT)  # a roll-up took the card in while this was claimed, and tells of its alert instead
        if item.kind == ItemKind.ALERT_UPDATE and isinstance(card, CardPost) and card.replaced_by:
            return End(How.SENT)  # its message is gone, and another card is kept up in its place
        if parked & frozenset(_KEPT_UP):  # whoever posts the card draws it as it then is, and one line tells all
            if item.kind in _UPDATES or (item.kind == ItemKind.ROLLUP_LINE and item.kind in parked):
                return End(How.SENT)
            return End(How.REST, problem="its card is parked")
        if (item.kind in (*_UPDATES, *_LINES) and not (card and card.activity_id)) or thread is None:
            return End(How.RETRY, problem="its card is not confirmed yet", wait=_WAIT_FOR_CARD)
        if item.repeat and card is not None and item.kind in (ItemKind.ALERT_CARD, ItemKind.ROLLUP_CARD):
            async with self._env.store.write() as tx:  # it says so, now and whenever it is drawn again
                await (tx.cards if item.kind == ItemKind.ALERT_CARD else tx.rollups).repeated(card.id)
        message = await self._render(item)
        if message is None:
            return End(How.SENT)
        if item.kind in _UPDATES and card is not None:
            await self._channel.update(conversation, card.activity_id, message)
            return End(How.SENT, card.activity_id)
        try:
            activity_id = await self._channel.send(conversation, message, thread)
        except Missing:
            if item.kind != ItemKind.ESCALATION_LINE or not thread:
                raise
            activity_id = await self._channel.send(conversation, message)  # its card was deleted: it stands by itself
        if not activity_id and item.kind in _KEPT_UP:
            return End(How.UNCERTAIN, problem="Teams did not say which message it is")
        return End(How.SENT, activity_id)

    async def _card(self, tx: Transaction, item: OutboxItem) -> AnyCard | None:
        if item.kind in (ItemKind.REQUEST_CARD, ItemKind.REQUEST_UPDATE, ItemKind.REQUEST_LINE):
            return await tx.request_cards.get(item.card_id)
        if item.kind in (ItemKind.ROLLUP_CARD, ItemKind.ROLLUP_UPDATE, ItemKind.ROLLUP_LINE):
            return await tx.rollups.get(item.card_id)
        if item.kind in _OF_RUNS:
            return await tx.bulk.run(item.card_id)
        if item.kind in (ItemKind.ESCALATION_LINE, ItemKind.SNOOZE_LINE) and item.payload.get("in_rollup"):
            return await tx.rollups.get(item.card_id)
        return await tx.cards.get(item.card_id) if item.card_id else None

    @staticmethod
    async def _parked(tx: Transaction, item: OutboxItem, card: AnyCard | None) -> frozenset[str]:
        """What is parked of the card that the item waits for; nothing where it stands."""
        if item.kind not in (*_UPDATES, *_LINES) or card is None or card.activity_id:
            return frozenset()
        return await tx.outbox.parked_of(card.id)

    async def _thread(self, tx: Transaction, item: OutboxItem, card: AnyCard | None) -> str | None:
        """The root post's id where the message belongs into a thread, else empty; None: that post is not there yet."""
        if item.kind == ItemKind.ANSWER:
            return str(item.payload.get("thread", ""))
        if isinstance(card, BulkRun):  # in the thread where it was asked for
            return card.thread or (card.activity_id if item.kind == ItemKind.BULK_LINE else "")
        if item.kind in (*_LINES, ItemKind.ESCALATION_LINE):  # a call waits for no card: it can stand by itself
            return card.activity_id if card is not None else ""
        if item.kind != ItemKind.REQUEST_CARD or not isinstance(card, RequestCard) or not card.root_card_id:
            return ""
        root = await tx.cards.get(card.root_card_id)
        if root is None or root.activity_id or item.attempts > _TRIES_FOR_ROOT:
            return root.activity_id if root is not None else ""
        return None

    async def _render(self, item: OutboxItem) -> Message | None:
        try:
            return await self._renderer.render(item)
        except AlertDeskError:
            raise
        except Exception as bug:  # a card that cannot be drawn must not hold up the others of its conversation
            log.exception("card_not_drawn", item=item.id, kind=item.kind)
            raise Permanent(f"the card could not be drawn: {type(bug).__name__}", code="render") from bug

    async def _record(self, item: OutboxItem, end: End) -> None:
        """Write the end down. Where the database is away for longer than its tries, the claim runs out, and the item
        is then treated as what it is: one whose end is unknown."""
        if end.how is not How.SENT:
            log.warning("delivery_not_sent", item=item.id, kind=item.kind, how=end.how, problem=end.problem)
        for attempt in range(_RECORD_TRIES):
            try:
                async with self._env.store.write() as tx:
                    await self._write(tx, item, end)
                return
            except Transient as problem:
                log.warning("delivery_not_recorded", item=item.id, how=end.how, problem=problem.message)
                await self._env.clock.sleep(0.2 * 2**attempt)

    async def _write(self, tx: Transaction, item: OutboxItem, end: End) -> None:
        now = self._env.clock.now()
        if end.how is How.SENT:
            if not await tx.outbox.sent(item, end.activity_id, now):
                return
            if item.kind == ItemKind.ALERT_CARD:
                await tx.cards.posted(item.card_id, end.activity_id)
            elif item.kind == ItemKind.REQUEST_CARD:
                await tx.request_cards.posted(item.card_id, end.activity_id)
            elif item.kind == ItemKind.ROLLUP_CARD:
                await tx.rollups.posted(item.card_id, end.activity_id)
            elif item.kind == ItemKind.BULK_CARD:
                await tx.bulk.posted(item.card_id, end.activity_id)
            if end.activity_id:
                await self._reach.arrived(tx, item.conversation_id)
            if item.kind in _KEPT_UP:  # what was parked while it could not be sent
                await tx.outbox.unpark(item.conversation_id, now, item.card_id)
        elif end.how is How.RETRY:
            await tx.outbox.retry(item, now + timedelta(seconds=self._wait(item, end.wait)), end.problem)
        elif end.how is How.UNCERTAIN:
            await tx.outbox.uncertain(item, now + RECHECK, end.problem)
        elif end.how is How.SHORTEN:
            await tx.outbox.shorten(item, now, end.problem)
        elif end.how is How.UNREACHABLE:  # the work stays, and goes on after the next install or message there
            if await tx.outbox.retry(item, now, end.problem):
                await self._reach.lost(tx, [item.conversation_id], ConversationState.BLOCKED, end.why)
                if (told := refused(item)) is not None:
                    await tx.outbox.add([told], now)
                await self._not_called(tx, item)
        elif end.how is How.GONE:
            if await tx.outbox.sent(item, "", now):
                await self._replace(tx, item)
        else:
            await tx.outbox.park(item, end.problem)
            if item.kind == ItemKind.REQUEST_CARD:
                await self._not_called(tx, item)

    async def _not_called(self, tx: Transaction, item: OutboxItem) -> None:
        if self._progress is not None:
            await self._progress.not_called(tx, item.conversation_id)

    async def _replace(self, tx: Transaction, item: OutboxItem) -> None:
        """The card was deleted in Teams: another takes its place and names it."""
        if item.kind == ItemKind.ROLLUP_UPDATE and (rollup := await tx.rollups.get(item.card_id)) is not None:
            await self._cards.rollups.replace(tx, rollup)
        if item.kind != ItemKind.ALERT_UPDATE:
            return  # a request's card that somebody deleted is not needed: the thread tells how it stands
        card = await tx.cards.get(item.card_id) if item.card_id else None
        record = await tx.alerts.get(card.alert) if card is not None else None
        if card is not None and record is not None and not card.replaced_by:
            await self._cards.replace(tx, card, record)

    def _wait(self, item: OutboxItem, asked: float | None) -> float:
        if asked is not None:
            return asked
        longest = min(_LONGEST_WAIT, _FIRST_WAIT * 2.0 ** min(item.attempts, 10))
        return longest * (0.5 + self._env.ids.jitter() / 2)


def ended(item: OutboxItem, problem: AlertDeskError | TimeoutError) -> End:
    """What an error means for the item: which may be sent again, and which may stand there already."""
    is_update = item.kind in _UPDATES
    if isinstance(problem, TimeoutError):
        return End(How.RETRY if is_update else How.UNCERTAIN, problem="no answer in time")
    if isinstance(problem, Missing) and item.kind == ItemKind.CARD_POINTER:
        return End(How.SENT)  # the earlier copy is gone: what could be better
    if isinstance(problem, Missing) and is_update:
        return End(How.GONE, problem=problem.message)
    if isinstance(problem, Unreachable):
        return End(How.UNREACHABLE, problem=f"{problem.code}: {problem.message}", why=problem.message)
    if isinstance(problem, TooLarge) and item.shorter < MOST_SHORTER:
        return End(How.SHORTEN, problem=problem.message)
    if isinstance(problem, Transient):
        in_doubt = problem.in_doubt and not is_update  # a PUT may be repeated freely
        return End(How.UNCERTAIN if in_doubt else How.RETRY, problem=problem.message, wait=problem.retry_after)
    return End(How.PARK, problem=f"{problem.code}: {problem.message}")
