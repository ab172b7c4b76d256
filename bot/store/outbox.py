"""The outbox: the state machine of bot/domain/delivery.py, in SQL. Two unique indexes hold its rules.

One pending item per dedup key, one item being sent per conversation.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, Update, delete, exists, func, or_, select, text, update
from sqlalchemy.exc import IntegrityError

from bot.domain.delivery import Doubt, ItemKind, ItemState, NewItem, OutboxItem, PastCall
from bot.domain.people import ConversationState
from bot.ports import Ids
from bot.store.outbox_claims import claimable, in_turn, unlocked
from bot.store.session import Session
from bot.store.tables import conversations, outbox

ERROR_LENGTH = 500
RECOVERY_RECHECK = timedelta(seconds=60)
"""How long a post whose sender died may still prove that it arrived, before it is sent again."""
REVIVED_PER_CLAIM = 100
CALLS_MOST = 200_000
"""Of the last hour: more than any tenant's limit lets through in it."""
_POSTED_CARDS = (
    *(ItemKind.ALERT_CARD.value, ItemKind.REQUEST_CARD.value),
    *(ItemKind.ROLLUP_CARD.value, ItemKind.BULK_CARD.value, ItemKind.SUMMARY_CARD.value),
    ItemKind.DIGEST_CARD.value,
)
_REDRAWN = (
    *(ItemKind.ALERT_UPDATE.value, ItemKind.REQUEST_UPDATE.value),
    *(ItemKind.ROLLUP_UPDATE.value, ItemKind.BULK_UPDATE.value, ItemKind.CARD_POINTER.value),
)
"""Safe to send again: the second puts the same in the same place."""
_WAITING = (ItemState.PENDING.value, ItemState.SENDING.value, ItemState.UNCERTAIN.value)
# Written as the partial indexes are, or the databases would not use those.
_PENDING = text("outbox.state = 'pending'")
_UNSENT = text("outbox.state <> 'sent'")
_DEDUP_INDEX = text("state = 'pending' AND dedup_key <> ''")


class SqlOutbox:
    def __init__(self, session: Session, ids: Ids) -> None:
        self._session = session
        self._ids = ids

    async def add(self, items: Iterable[NewItem], now: datetime) -> int:
        statement = self._session.insert(outbox).on_conflict_do_nothing(
            index_elements=["conversation_id", "dedup_key"], index_where=_DEDUP_INDEX
        )
        added = 0
        for item in items:
            added += await self._session.changed(statement, _new_row(item, now))
        return added

    async def claim(
        self,
        owner: str,
        now: datetime,
        lease: float,
        limit: int,
        *,
        after: str = "",
        not_in: Collection[str] = (),
        not_of: Collection[str] = (),
    ) -> tuple[OutboxItem, ...]:
        """Also gives up hope for the uncertain items whose time has come: they become pending again, marked repeat."""
        await self._revive(now)
        heads = await self._session.rows(claimable(now, limit, not_in, not_of))
        ordered = in_turn(heads, after)
        partners: dict[int, str] = {}
        while ordered and len(partners) < limit:
            batch, ordered = ordered[: limit - len(partners)], ordered[limit - len(partners) :]
            ours = await self._unlocked({row.conversation_id for row in batch})
            partners |= {row.id: row.partner for row in batch if row.conversation_id in ours}
        if not (chosen := list(partners)):
            return ()
        fence = self._ids.guid()
        # The conversations are locked by now. Another claim that held one of them just before shows only here.
        other = outbox.alias("other")
        busy = exists().where(other.c.conversation_id == outbox.c.conversation_id, other.c.state == "sending")
        await self._session.execute(
            update(outbox)
            .where(outbox.c.id.in_(chosen), _PENDING, ~busy)
            .values(
                state=ItemState.SENDING.value,
                owner=owner,
                fence=fence,
                lease_until=now + timedelta(seconds=lease),
                attempts=outbox.c.attempts + 1,
            )
        )
        claimed = select(outbox).where(outbox.c.id.in_(chosen), outbox.c.fence == fence)
        items = [_item(row, partners[row.id]) for row in await self._session.rows(claimed)]
        return tuple(sorted(items, key=lambda item: chosen.index(item.id)))

    async def sent(self, item: OutboxItem, activity_id: str, now: datetime) -> bool:
        return await self._end(item, ItemState.SENT, activity_id=activity_id, sent_at=now, error="")

    async def retry(self, item: OutboxItem, at: datetime, error: str) -> bool:
        return await self._to_pending(_held(item), available_at=at, error=error[:ERROR_LENGTH])

    async def shorten(self, item: OutboxItem, now: datetime, error: str) -> bool:
        payload = {**item.payload, "shorter": item.shorter + 1}
        return await self._to_pending(_held(item), available_at=now, payload=payload, error=error[:ERROR_LENGTH])

    async def uncertain(self, item: OutboxItem, recheck_at: datetime, error: str) -> bool:
        return await self._end(item, ItemState.UNCERTAIN, available_at=recheck_at, error=error[:ERROR_LENGTH])

    async def park(self, item: OutboxItem, error: str) -> bool:
        return await self._end(item, ItemState.PARKED, error=error[:ERROR_LENGTH])

    async def drop(self, conversation_id: str, dedup_key: str) -> bool:
        which = (outbox.c.conversation_id == conversation_id, outbox.c.dedup_key == dedup_key)
        return await self._session.changed(delete(outbox).where(*which, _DEDUP_INDEX)) > 0

    async def unpark(self, conversation_id: str, now: datetime, card_id: str = "") -> int:
        """The cause is gone: what was parked in the conversation (of that card alone, where one is named) is pending
        again. How many."""
        parked = select(outbox.c.id).where(
            outbox.c.conversation_id == conversation_id, outbox.c.state == ItemState.PARKED.value
        )
        if card_id:
            parked = parked.where(outbox.c.card_id == card_id, _UNSENT)
        revived = 0
        for row in await self._session.rows(parked.order_by(outbox.c.id)):
            which = (outbox.c.id == row.id, outbox.c.state == ItemState.PARKED.value)
            revived += await self._to_pending(which, available_at=now)
        return revived

    async def parked_of(self, card_id: str) -> frozenset[str]:
        parked = select(outbox.c.kind).where(
            outbox.c.card_id == card_id, outbox.c.state == ItemState.PARKED.value, _UNSENT
        )
        return frozenset(row.kind for row in await self._session.rows(parked)) if card_id else frozenset()

    async def refused_in(self, conversation_id: str) -> str:
        here = (outbox.c.conversation_id == conversation_id, outbox.c.kind.in_(_POSTED_CARDS))
        parked = select(outbox.c.id, outbox.c.error).where(*here, outbox.c.state == ItemState.PARKED.value)
        last = await self._session.first(parked.order_by(outbox.c.id.desc()).limit(1))
        if last is None:
            return ""
        later = select(outbox.c.id).where(*here, outbox.c.id > last.id, text("outbox.state = 'sent'"))
        return "" if await self._session.first(later.limit(1)) is not None else str(last.error)

    async def adopt(self, card_id: str, activity_id: str, now: datetime) -> bool:
        """Concerns the item that posts the card alone, not the lines under it."""
        if not card_id:
            return False
        statement = (
            update(outbox)
            .where(
                outbox.c.card_id == card_id,
                outbox.c.kind.in_(_POSTED_CARDS),
                # Pending again as a repeat, and not under way yet: the proof came just in time.
                or_(text("outbox.state = 'uncertain'"), (outbox.c.state == ItemState.PENDING.value) & outbox.c.repeat),
            )
            .values(state=ItemState.SENT.value, activity_id=activity_id, sent_at=now, error="")
        )
        return await self._session.changed(statement) > 0

    async def recover(self, now: datetime) -> int:
        lost = (
            select(outbox.c.id, outbox.c.kind, outbox.c.fence)
            .where(outbox.c.state == ItemState.SENDING.value, outbox.c.lease_until <= now)
            .order_by(outbox.c.id)
            .with_for_update(skip_locked=True)
        )
        recovered = 0
        for row in await self._session.rows(lost):
            held = _sending(row.id, row.fence)
            if row.kind in _REDRAWN:
                recovered += await self._to_pending(held, error="The sender died.")
                continue
            values = {"available_at": now + RECOVERY_RECHECK, "error": "The sender died while it was sending."}
            recovered += await self._session.changed(_ended(held, ItemState.UNCERTAIN, values))
        return recovered

    async def oldest_waiting(self) -> datetime | None:
        """When the oldest unsent item was first due; items of conversations that take nothing do not count."""
        statement = (
            select(func.min(outbox.c.due_at))
            .join(conversations, conversations.c.id == outbox.c.conversation_id)
            .where(outbox.c.state.in_(_WAITING), conversations.c.state == ConversationState.ACTIVE.value)
        )
        oldest: datetime | None = (await self._session.execute(statement)).scalar_one()
        return oldest

    async def waiting_in(self, conversation_id: str) -> int:
        statement = select(func.count()).where(outbox.c.conversation_id == conversation_id, _PENDING)
        return int((await self._session.execute(statement)).scalar_one())

    async def doubts(self, conversation_id: str) -> tuple[Doubt, ...]:
        """The root cards that may stand in the conversation, unknown to us."""
        statement = select(outbox.c.card_id, outbox.c.kind, outbox.c.available_at).where(
            outbox.c.conversation_id == conversation_id,
            outbox.c.state == ItemState.UNCERTAIN.value,
            outbox.c.kind.in_(_POSTED_CARDS),
        )
        return tuple(
            Doubt(row.card_id, row.kind, row.available_at)
            for row in await self._session.rows(statement.order_by(outbox.c.id))
        )

    async def sent_since(self, since: datetime) -> Mapping[str, int]:
        statement = (
            select(outbox.c.conversation_id, func.count().label("messages"))
            .where(text("outbox.state = 'sent'"), outbox.c.sent_at > since)
            .group_by(outbox.c.conversation_id)
        )
        return {row.conversation_id: row.messages for row in await self._session.rows(statement)}

    async def knows(self, conversation_id: str, activity_id: str) -> bool:
        """Whether that message is one that an item became; of those that are not pruned yet."""
        statement = select(outbox.c.id).where(
            text("outbox.state = 'sent'"),
            outbox.c.conversation_id == conversation_id,
            outbox.c.activity_id == activity_id,
        )
        return await self._session.first(statement.limit(1)) is not None

    async def calls(self, since: datetime, now: datetime, not_by: str) -> tuple[PastCall, ...]:
        """Uncertain posts count as late as they can have been made."""
        sent = select(outbox.c.conversation_id, conversations.c.tenant_id, outbox.c.sent_at).join(
            conversations, conversations.c.id == outbox.c.conversation_id
        )
        found = [
            PastCall(row.conversation_id, row.tenant_id, max(0.0, (now - row.sent_at).total_seconds()))
            for row in await self._session.rows(
                sent.where(text("outbox.state = 'sent'"), outbox.c.sent_at > since)
                .order_by(outbox.c.sent_at.desc())
                .limit(CALLS_MOST)
            )
        ]
        other = select(outbox, conversations.c.tenant_id).join(
            conversations, conversations.c.id == outbox.c.conversation_id
        )
        for row in await self._session.rows(other.where(outbox.c.state == ItemState.UNCERTAIN.value)):
            ago = (now - min(now, row.available_at - RECOVERY_RECHECK)).total_seconds()
            found.append(PastCall(row.conversation_id, row.tenant_id, ago))
        held = other.where(outbox.c.state == ItemState.SENDING.value, outbox.c.owner != not_by)
        found += [
            PastCall(row.conversation_id, row.tenant_id, 0.0, ended=False) for row in await self._session.rows(held)
        ]
        return tuple(found)

    async def counts(self) -> Mapping[str, int]:
        """By state, each state named."""
        statement = select(outbox.c.state, func.count().label("items")).group_by(outbox.c.state)
        return {str(state): 0 for state in ItemState} | {
            row.state: row.items for row in await self._session.rows(statement)
        }

    async def prune(self, before: datetime) -> int:
        return await self._session.changed(
            delete(outbox).where(text("outbox.state = 'sent'"), outbox.c.sent_at < before)
        )

    async def _unlocked(self, conversation_ids: set[str]) -> set[str]:
        if not self._session.is_postgres:
            return conversation_ids  # nobody else writes
        return {row.id for row in await self._session.rows(unlocked(conversation_ids))}

    async def _revive(self, now: datetime) -> None:
        due = (
            select(outbox.c.id)
            .where(outbox.c.state == ItemState.UNCERTAIN.value, outbox.c.available_at <= now)
            .order_by(outbox.c.id)
            .limit(REVIVED_PER_CLAIM)
            .with_for_update(skip_locked=True)
        )
        for row in await self._session.rows(due):
            which = (outbox.c.id == row.id, outbox.c.state == ItemState.UNCERTAIN.value)
            await self._to_pending(which, repeat=True)

    async def _end(self, item: OutboxItem, state: ItemState, **values: Any) -> bool:
        return await self._session.changed(_ended(_held(item), state, values)) == 1

    async def _to_pending(self, which: tuple[ColumnElement[bool], ...], **values: Any) -> bool:
        """Where a newer item with its dedup key is pending meanwhile, both stay, and the newer one keeps the key."""
        statement = _ended(which, ItemState.PENDING, values)
        try:
            async with self._session.savepoint():
                changed = await self._session.changed(statement)
        except IntegrityError:
            changed = await self._session.changed(statement.values(dedup_key=""))
        return changed == 1


def _sending(item_id: int, fence: str) -> tuple[ColumnElement[bool], ...]:
    return (outbox.c.id == item_id, outbox.c.fence == fence, outbox.c.state == ItemState.SENDING.value)


def _held(item: OutboxItem) -> tuple[ColumnElement[bool], ...]:
    return _sending(item.id, item.fence)


def _ended(which: tuple[ColumnElement[bool], ...], state: ItemState, values: dict[str, Any]) -> Update:
    """Out of the sender's hands, into `state`; whatever fence was given out is worth nothing from here."""
    return update(outbox).where(*which).values(state=state.value, owner="", fence="", lease_until=None, **values)


def _new_row(item: NewItem, now: datetime) -> dict[str, Any]:
    due = item.available_at or now
    return {
        "conversation_id": item.conversation_id,
        "kind": str(item.kind),
        "card_id": item.card_id,
        "payload": dict(item.payload),
        "priority": item.priority,
        "dedup_key": item.dedup_key,
        "state": ItemState.PENDING.value,
        "attempts": 0,
        "repeat": False,
        "created_at": now,
        "due_at": due,
        "available_at": due,
        "owner": "",
        "fence": "",
        "activity_id": "",
        "error": "",
    }


def _item(row: Row[Any], partner: str) -> OutboxItem:
    return OutboxItem(
        id=row.id,
        conversation_id=row.conversation_id,
        kind=row.kind,
        card_id=row.card_id,
        payload=row.payload,
        priority=row.priority,
        attempts=row.attempts,
        created_at=row.created_at,
        fence=row.fence,
        repeat=row.repeat,
        partner=partner,
    )
