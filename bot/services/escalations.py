"""Nobody sleeps through an alert: what nobody answers is told to those on duty, then in person, then to the managers.

It looks at what stands in the database and needs no word from anybody: whatever was missed while nothing ran is taken
up by the next look. A step and the messages that it causes are written down in one transaction, once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.domain.alerts import AlertRecord, severity_rank
from bot.domain.audit import AuditEntry
from bot.domain.delivery import ItemKind, NewItem, OutboxItem, spoken
from bot.domain.duty import Duty
from bot.domain.escalation import FEW, NAMED_MOST, PAUSE, YOUNG, Call, Plan, Waiting, is_storm
from bot.domain.people import Conversation, ConversationState, Route
from bot.ports import Environment, Transaction
from bot.services.calling import Called, Calling
from bot.services.cards import CardWork
from bot.services.personal import try_again
from bot.telemetry.log import get_logger
from bot.telemetry.metrics import ESCALATIONS

PRIORITY = 7
"""Before all cards: who is called must look at those that are there."""
ACT = "escalate"
_BY = "Alert Desk"
_PAGE = 200
_KEPT = timedelta(days=30)

log = get_logger("escalations")


@dataclass(frozen=True, slots=True)
class Due:
    """An alert whose next step is due in a conversation, and what stands for it there."""

    record: AlertRecord
    waiting: Waiting


class Escalations:
    def __init__(self, env: Environment, cards: CardWork, plan: Plan, calling: Calling) -> None:
        self._env, self._cards, self._plan, self._calling = env, cards, plan, calling

    async def step(self) -> int:
        """Take what is due now, one conversation after the other. How many steps were taken."""
        now = self._env.clock.now()
        async with self._env.store.write() as tx:
            await tx.escalations.prune(now - _KEPT)
        taken = 0
        for conversation_id, routes in (await self._routed()).items():
            taken += await self._look_at(conversation_id, routes)
        return taken

    async def _routed(self) -> Mapping[str, Sequence[Route]]:
        async with self._env.store.read() as tx:
            routes = await tx.conversations.routes()
        found: dict[str, list[Route]] = {}
        for route in routes:
            if route.on and route.summarised and route.partner in self._env.partners:
                found.setdefault(route.conversation_id, []).append(route)
        return found

    async def _look_at(self, conversation_id: str, routes: Sequence[Route]) -> int:
        async with self._env.store.read() as tx:
            conversation = await tx.conversations.get(conversation_id)
            roster, _ = await tx.duties.get(conversation_id)
        if conversation is None or conversation.state != ConversationState.ACTIVE or not roster.escalates:
            return 0
        due = await self._due(conversation_id, routes)
        taken = 0
        for step in sorted(due):
            if not await self._too_soon(conversation_id, step, len(due[step])):
                taken += await self._take(conversation, roster, step, due[step])
        return taken

    async def _due(self, conversation_id: str, routes: Sequence[Route]) -> dict[int, list[Due]]:
        """By step, the worst and then the oldest first."""
        now = self._env.clock.now()
        by_partner = {route.partner: route for route in routes}
        windows, after = self._plan.windows(now), 0
        due: dict[int, dict[int, Due]] = {}
        while True:
            async with self._env.store.read() as tx:
                page = await tx.escalations.waiting(
                    conversation_id, by_partner.keys(), windows, now - YOUNG, now, after, _PAGE
                )
                records = await tx.alerts.many(waiting.alert for waiting in page)
            for waiting in page:
                record, route = records[waiting.alert], by_partner[waiting.alert.partner]
                came_at = waiting.came_at or max(record.first_seen_at, route.begun_at or record.first_seen_at)
                step = self._plan.due(record, came_at, waiting.taken, now)
                if step and self._cards.wants(route, record):
                    due.setdefault(step, {})[record.number] = Due(record, waiting)
            if len(page) < _PAGE:
                break
            after = page[-1].number
        return {step: sorted(of.values(), key=_worst_first) for step, of in due.items()}

    async def _too_soon(self, conversation_id: str, step: int, count: int) -> bool:
        """Where much was told a moment ago, the next waits a little, so that many come in one message."""
        async with self._env.store.read() as tx:
            lately = await tx.escalations.taken_since(conversation_id, step, self._env.clock.now() - PAUSE)
        return lately > 0 and lately + count > FEW

    async def _take(self, conversation: Conversation, roster: Duty, step: int, due: Sequence[Due]) -> int:
        partners = {each.record.alert.partner for each in due}
        called = await self._calling.whom(step, conversation, roster, partners)
        now = self._env.clock.now()
        async with self._env.store.write() as tx:
            mine = [each for each in due if await tx.escalations.take(conversation.id, each.record.number, step, now)]
            if not mine:
                return 0  # another replica was faster
            for chat in called.chats:
                await try_again(tx, chat.conversation)
            groups = [mine] if is_storm(len(mine)) else [[each] for each in mine]
            items = [item for group in groups for item in _items(conversation, step, called, group)]
            await tx.outbox.add(items, now)
            await self._audit(tx, conversation, step, called, mine, now)
        self._env.outbox_work.set()
        ESCALATIONS.labels(str(step)).inc(len(mine))
        log.warning("escalated", step=step, conversation=conversation.id, alerts=len(mine), chats=len(called.chats))
        return len(mine)

    async def _audit(
        self, tx: Transaction, conversation: Conversation, step: int, called: Called, due: Sequence[Due], now: datetime
    ) -> None:
        """One row a partner: who was called, for which alerts."""
        for partner in sorted({each.record.alert.partner for each in due}):
            labels = [each.record.label for each in due if each.record.alert.partner == partner]
            subject = labels[0] if len(labels) == 1 else f"{len(labels):,} alerts"
            detail = {
                "step": step,
                "conversation": conversation.id,
                "alerts": labels[:NAMED_MOST],
                "mentioned": [each.name for each in called.mentions],
                "written": [chat.name for chat in called.chats],
                "unreached": list(called.unreached),
            }
            await tx.audit.append(AuditEntry(partner, ACT, "done", "", _BY, subject, detail), now)


def refused(item: OutboxItem) -> NewItem | None:
    """Teams did not take a personal message, so the conversation is told; None for any other item."""
    if item.kind != ItemKind.ESCALATION_MESSAGE:
        return None
    call = Call.of(item.payload)
    told = replace(call, failed=True, unreached=(call.to,), written=(), to="")
    key = f"unreached:{item.conversation_id}:{call.step}"
    return NewItem(call.conversation_id, ItemKind.ESCALATION_LINE, call.root, told.payload(), PRIORITY, key)


def _items(conversation: Conversation, step: int, called: Called, due: Sequence[Due]) -> list[NewItem]:
    """A line where the alerts stand, and a message for each chat."""
    root, in_rollup = _root(due)
    call = Call(
        step=step,
        alerts=tuple(each.record.alert.key for each in due[:NAMED_MOST]),
        count=len(due),
        written=tuple(chat.name for chat in called.chats),
        unreached=called.unreached,
        absent=called.absent,
        nobody=called.nobody,
        instead=called.instead,
        alone=called.alone,
        conversation_id=conversation.id,
        root=root,
        in_rollup=in_rollup,
    )
    key = f"escalation:{step}:{due[0].record.number}"
    said = call.payload() | {"mentions": spoken("", called.mentions).get("mentions", [])}
    items = [NewItem(conversation.id, ItemKind.ESCALATION_LINE, root, said, PRIORITY, key)]
    for chat in called.chats:
        told = replace(call, to=chat.name, why=chat.why)
        items.append(NewItem(chat.conversation.id, ItemKind.ESCALATION_MESSAGE, "", told.payload(), PRIORITY, key))
    return items


def _root(due: Sequence[Due]) -> tuple[str, bool]:
    """The card or (True) the roll-up under which a line about these belongs; empty: it stands by itself."""
    roots = {(each.waiting.card_id or each.waiting.rollup_id, not each.waiting.card_id) for each in due}
    if len(roots) != 1:
        return "", False
    ((root, in_rollup),) = roots
    return root, bool(root) and in_rollup


def _worst_first(due: Due) -> tuple[int, datetime, int]:
    record = due.record
    return -severity_rank(record.alert.severity), record.alert.detected_at, record.number
