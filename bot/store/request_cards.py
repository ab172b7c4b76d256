"""The cards of requests to cancel or reactivate, by the conversation in which they stand."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Row, insert, select, update

from bot.domain.cancellations import RequestCard
from bot.store.cancellation_tables import request_cards
from bot.store.session import Session


class SqlRequestCards:
    def __init__(self, session: Session) -> None:
        self._session = session

    async def add(self, card: RequestCard) -> None:
        values = {
            "id": card.id,
            "number": card.number,
            "conversation_id": card.conversation_id,
            "activity_id": card.activity_id,
            "created_at": card.created_at,
            "root_card_id": card.root_card_id,
            "person_id": card.person_id,
            "mentions": card.mentions,
        }
        await self._session.execute(insert(request_cards), values)

    async def get(self, card_id: str) -> RequestCard | None:
        found = await self._where(request_cards.c.id == card_id)
        return found[0] if found else None

    async def of_request(self, number: int) -> tuple[RequestCard, ...]:
        """Oldest first."""
        return await self._where(request_cards.c.number == number)

    async def unposted(self, conversation_id: str) -> tuple[RequestCard, ...]:
        return await self._where(request_cards.c.conversation_id == conversation_id, request_cards.c.activity_id == "")

    async def posted(self, card_id: str, activity_id: str) -> None:
        statement = update(request_cards).where(request_cards.c.id == card_id)
        await self._session.execute(statement.values(activity_id=activity_id))

    async def _where(self, *wanted: ColumnElement[bool]) -> tuple[RequestCard, ...]:
        statement = select(request_cards).where(*wanted).order_by(request_cards.c.created_at, request_cards.c.id)
        return tuple(map(_card, await self._session.rows(statement)))


def _card(row: Row[Any]) -> RequestCard:
    return RequestCard(
        id=row.id,
        number=row.number,
        conversation_id=row.conversation_id,
        activity_id=row.activity_id,
        created_at=row.created_at,
        root_card_id=row.root_card_id,
        person_id=row.person_id,
        mentions=tuple((mri, name) for mri, name in row.mentions),
    )
