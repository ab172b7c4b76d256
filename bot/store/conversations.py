"""Conversations and the routes that lead to them."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from sqlalchemy import Row, case, select, update

from bot.domain.people import Conversation, ConversationKind, ConversationState, Route
from bot.store.session import Session
from bot.store.tables import conversations, routes


class SqlConversations:
    def __init__(self, session: Session) -> None:
        self._session = session

    async def get(self, conversation_id: str) -> Conversation | None:
        row = await self._session.first(select(conversations).where(conversations.c.id == conversation_id))
        return _conversation(row) if row is not None else None

    async def put(self, conversation: Conversation) -> None:
        values = asdict(conversation)
        statement = self._session.insert(conversations)
        rest = {name: statement.excluded[name] for name in values if name != "id"}
        await self._session.execute(statement.on_conflict_do_update(index_elements=["id"], set_=rest), values)

    async def set_state(self, conversation_id: str, state: str) -> None:
        await self._session.execute(
            update(conversations).where(conversations.c.id == conversation_id).values(state=str(state))
        )

    async def of_team(self, team_id: str) -> tuple[Conversation, ...]:
        if not team_id:
            return ()
        statement = select(conversations).where(conversations.c.team_id == team_id).order_by(conversations.c.id)
        return tuple(_conversation(row) for row in await self._session.rows(statement))

    async def personal_of(self, person_id: str) -> Conversation | None:
        """Where someone has several chats with the bot, an active one."""
        if not person_id:
            return None
        statement = (
            select(conversations)
            .where(conversations.c.person_id == person_id, conversations.c.kind == ConversationKind.PERSONAL.value)
            .order_by(case((conversations.c.state == ConversationState.ACTIVE.value, 0), else_=1), conversations.c.id)
        )
        row = await self._session.first(statement.limit(1))
        return _conversation(row) if row is not None else None

    async def routes(self, conversation_id: str = "", partner: str = "") -> tuple[Route, ...]:
        statement = select(routes).order_by(routes.c.conversation_id, routes.c.partner)
        if conversation_id:
            statement = statement.where(routes.c.conversation_id == conversation_id)
        if partner:
            statement = statement.where(routes.c.partner == partner)
        return tuple(_route(row) for row in await self._session.rows(statement))

    async def put_route(self, route: Route) -> None:
        values = asdict(route)
        values |= {"is_on": values.pop("on"), "filter_text": values.pop("filter")}
        statement = self._session.insert(routes)
        keys = ["conversation_id", "partner"]
        rest = {name: statement.excluded[name] for name in values if name not in keys}
        await self._session.execute(statement.on_conflict_do_update(index_elements=keys, set_=rest), values)


def _conversation(row: Row[Any]) -> Conversation:
    return Conversation(**row._mapping)


def _route(row: Row[Any]) -> Route:
    values = dict(row._mapping)
    return Route(on=values.pop("is_on"), filter=values.pop("filter_text"), **values)
