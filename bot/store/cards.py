"""The root cards of alerts, by the conversation in which they stand."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Row, insert, select, update

from bot.domain.alerts import AlertKey
from bot.domain.delivery import CardPost
from bot.store.session import Session
from bot.store.tables import cards


class SqlCards:
    def __init__(self, session: Session) -> None:
        self._session = session

    async def get(self, card_id: str) -> CardPost | None:
        found = await self._where(cards.c.id == card_id)
        return found[0] if found else None

    async def of_alert(self, key: AlertKey) -> tuple[CardPost, ...]:
        """Oldest first."""
        return await self._where(cards.c.partner == key.partner, cards.c.alert_id == key.id)

    async def by_activity(self, conversation_id: str, activity_id: str) -> CardPost | None:
        if not activity_id:
            return None  # many cards wait for their activity id
        found = await self._where(cards.c.conversation_id == conversation_id, cards.c.activity_id == activity_id)
        return found[-1] if found else None

    async def add(self, card: CardPost) -> None:
        values = {
            "id": card.id,
            "partner": card.alert.partner,
            "alert_id": card.alert.id,
            "conversation_id": card.conversation_id,
            "activity_id": card.activity_id,
            "created_at": card.created_at,
            "replaces": card.replaces,
            "repeat": card.repeat,
            "replaced_by": card.replaced_by,
        }
        await self._session.execute(insert(cards), values)

    async def posted(self, card_id: str, activity_id: str) -> None:
        await self._session.execute(update(cards).where(cards.c.id == card_id).values(activity_id=activity_id))

    async def repeated(self, card_id: str) -> None:
        await self._session.execute(update(cards).where(cards.c.id == card_id).values(repeat=True))

    async def replaced(self, card_id: str, by: str) -> None:
        await self._session.execute(update(cards).where(cards.c.id == card_id).values(replaced_by=by))

    async def _where(self, *wanted: ColumnElement[bool]) -> tuple[CardPost, ...]:
        statement = select(cards).where(*wanted).order_by(cards.c.created_at, cards.c.id)
        return tuple(_card(row) for row in await self._session.rows(statement))


def _card(row: Row[Any]) -> CardPost:
    return CardPost(
        id=row.id,
        alert=AlertKey(row.partner, row.alert_id),
        conversation_id=row.conversation_id,
        activity_id=row.activity_id,
        created_at=row.created_at,
        replaces=row.replaces,
        repeat=row.repeat,
        replaced_by=row.replaced_by,
    )
