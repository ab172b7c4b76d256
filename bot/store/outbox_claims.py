"""What may be sent next: the head of each conversation's queue, and whose turn it is among those."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, exists, func, select, text

from bot.domain.delivery import ItemKind
from bot.domain.people import SENT_TO
from bot.store.tables import cards, conversations, outbox

HEADS = 64
"""So many are looked at however few are wanted, so that partners can take turns."""
_LINES = (ItemKind.THREAD_LINE.value, ItemKind.REQUEST_LINE.value, ItemKind.ROLLUP_LINE.value)


def claimable(now: datetime, limit: int, not_in: Collection[str], not_of: Collection[str]) -> Any:
    """The first due item of each active conversation where nothing is being sent.

    Left out are the conversations `not_in` and those of the tenants `not_of`: their send windows are full.
    """
    sending, waiting, first = outbox.alias("sending"), outbox.alias("waiting"), outbox.alias("first")
    line_before = outbox.alias("line_before")  # what is said in a thread is said in its order, a retry included
    overtakes = exists().where(
        first.c.kind.in_(_LINES),
        line_before.c.conversation_id == first.c.conversation_id,
        line_before.c.card_id == first.c.card_id,
        line_before.c.kind == first.c.kind,
        line_before.c.id < first.c.id,
        text("line_before.state = 'pending'"),
    )
    first_of_conversation = (
        select(first.c.id)
        .where(
            first.c.conversation_id == conversations.c.id,
            text("first.state = 'pending'"),
            first.c.available_at <= now,
            ~overtakes,
        )
        .order_by(first.c.priority.desc(), first.c.id)
        .limit(1)
        .scalar_subquery()
    )
    statement = (
        select(
            outbox.c.id,
            outbox.c.conversation_id,
            outbox.c.priority,
            func.coalesce(cards.c.partner, "").label("partner"),
        )
        .select_from(conversations)
        .join(outbox, outbox.c.id == first_of_conversation)
        .outerjoin(cards, cards.c.id == outbox.c.card_id)
        .where(
            conversations.c.id.in_(select(waiting.c.conversation_id).where(text("waiting.state = 'pending'"))),
            conversations.c.state.in_(sorted(state.value for state in SENT_TO)),
            ~exists().where(sending.c.conversation_id == conversations.c.id, text("sending.state = 'sending'")),
        )
        .order_by(outbox.c.priority.desc(), outbox.c.id)
        .limit(max(limit, HEADS))
    )
    if not_in:
        statement = statement.where(conversations.c.id.not_in(list(not_in)))
    if not_of:
        statement = statement.where(conversations.c.tenant_id.not_in(list(not_of)))
    return statement


def unlocked(conversation_ids: Collection[str]) -> Any:
    """Those of these conversations that no other claim holds, locked."""
    wanted = select(conversations.c.id).where(conversations.c.id.in_(list(conversation_ids)))
    return wanted.with_for_update(skip_locked=True)


def in_turn(heads: Sequence[Row[Any]], after: str) -> list[Row[Any]]:
    """These by priority; at equal priority one of each partner in turn, beginning with the one that comes `after` that
    partner in the alphabet. `heads` come by priority, the oldest first."""
    chosen: list[Row[Any]] = []
    for priority in sorted({row.priority for row in heads}, reverse=True):
        queues: dict[str, list[Row[Any]]] = defaultdict(list)
        for row in heads:
            if row.priority == priority:
                queues[row.partner].append(row)
        turns = sorted(queues, key=lambda partner: (partner <= after, partner))
        for place in range(max(map(len, queues.values()))):
            chosen += [queues[partner][place] for partner in turns if place < len(queues[partner])]
    return chosen
