"""Which open alerts have no confirmed card in a conversation that gets them. One statement a page, for the auditor."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import and_, exists, or_, select, text, true

from bot.domain.alerts import AlertKey
from bot.domain.delivery import ItemKind, Uncovered
from bot.domain.people import ConversationState
from bot.store.rollup_tables import rollup_members, rollups
from bot.store.session import Session
from bot.store.tables import IS_OPEN, alerts, cards, conversations, outbox, routes

# Written as the partial index is, or SQLite would not use it.
_UNSENT = text("outbox.state <> 'sent'")


class SqlCoverage:
    def __init__(self, session: Session) -> None:
        self._session = session

    async def uncovered(self, after: tuple[int, str], changed_since: datetime, limit: int) -> tuple[Uncovered, ...]:
        number, conversation_id = after
        statement = (
            select(
                *(alerts.c.number, alerts.c.partner, alerts.c.id, alerts.c.changed_at, routes.c.conversation_id),
                *(
                    cards.c.id.label("card_id"),
                    cards.c.created_at,
                    outbox.c.state,
                    outbox.c.available_at,
                    outbox.c.error,
                ),
                _in_rollup(confirmed=False).label("in_rollup"),
            )
            .select_from(alerts)
            .join(
                routes,
                and_(routes.c.partner == alerts.c.partner, routes.c.is_on == true(), routes.c.summarised == true()),
            )
            .join(conversations, conversations.c.id == routes.c.conversation_id)
            .outerjoin(
                cards,
                and_(
                    cards.c.partner == alerts.c.partner,
                    cards.c.alert_id == alerts.c.id,
                    cards.c.conversation_id == routes.c.conversation_id,
                    cards.c.replaced_by == "",
                ),
            )
            .outerjoin(
                outbox,
                and_(outbox.c.card_id == cards.c.id, _UNSENT, outbox.c.kind == ItemKind.ALERT_CARD.value),
            )
            .where(
                IS_OPEN,
                conversations.c.state == ConversationState.ACTIVE.value,
                or_(cards.c.id.is_(None), cards.c.activity_id == ""),
                or_(cards.c.id.is_not(None), *_expected(changed_since)),
                *(~reason for reason in _REASONS),
                or_(
                    alerts.c.number > number,
                    and_(alerts.c.number == number, routes.c.conversation_id > conversation_id),
                ),
            )
            .order_by(alerts.c.number, routes.c.conversation_id)
            .limit(limit)
        )
        return tuple(_uncovered(row) for row in await self._session.rows(statement))


def _expected(changed_since: datetime) -> tuple[Any, ...]:
    """What must have a card though none is written down: what came, or changed, after its route began. The quiet first
    sync, and what was there when the route began, are the business of the route's summary."""
    return (
        and_(
            routes.c.begun_at.is_not(None),
            alerts.c.first_seen_at >= routes.c.begun_at,
            alerts.c.changed_at >= changed_since,
        ),
    )


def _in_rollup(*, confirmed: bool) -> Any:
    """Stands in a roll-up of that conversation; with `confirmed`, in one that is known to stand there."""
    return exists().where(
        rollup_members.c.number == alerts.c.number,
        rollup_members.c.left_at.is_(None),
        rollups.c.id == rollup_members.c.rollup_id,
        rollups.c.conversation_id == routes.c.conversation_id,
        *((rollups.c.activity_id != "",) if confirmed else ()),
    )


_REASONS = (_in_rollup(confirmed=True),)
"""Why an alert needs no card of its own in a conversation."""


def _uncovered(row: Any) -> Uncovered:
    return Uncovered(
        number=row.number,
        alert=AlertKey(row.partner, row.id),
        conversation_id=row.conversation_id,
        since=row.created_at or row.changed_at,
        card_id=row.card_id or "",
        state=row.state or "",
        next_try=row.available_at,
        problem=row.error or "",
        in_rollup=bool(row.in_rollup),
    )
