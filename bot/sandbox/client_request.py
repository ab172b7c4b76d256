"""One request of the Teams-like client: who asks, about which conversation and message. Says no in plain words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aiohttp import web

if TYPE_CHECKING:
    from bot.sandbox.cloud import Cloud
    from bot.sandbox.teams import Conversation, Message
    from bot.sandbox.world import Person


@dataclass(eq=False)
class ClientError(Exception):
    """The client asked for something that Teams would not let a person do."""

    status: int
    code: str
    message: str


class ClientRequest:
    """Looks up what the request names. Every look-up raises ClientError."""

    def __init__(self, cloud: Cloud, request: web.Request) -> None:
        self.cloud = cloud
        self.request = request

    async def json(self) -> dict[str, Any]:
        try:
            body = await self.request.json()
        except ValueError as problem:
            raise ClientError(400, "BadRequest", "the body is not JSON") from problem
        if not isinstance(body, dict):
            raise ClientError(400, "BadRequest", "the body is not an object")
        return body

    def person(self) -> Person:
        """The person of the query string."""
        return self.named_person(self.request.query.get("person"))

    def named_person(self, key: object) -> Person:
        person = self.cloud.world.people.get(key) if isinstance(key, str) else None
        if person is None:
            raise ClientError(404, "NoSuchPerson", f"there is no person {key!r}")
        return person

    def conversation_of(self, person: Person, conversation_id: object) -> Conversation:
        """A conversation that the person is in; others do not exist for that person."""
        found = self.any_conversation(conversation_id)
        if person.key not in found.people:
            raise ClientError(404, "NoSuchConversation", f"{person.name} is in no conversation {conversation_id!r}")
        return found

    def any_conversation(self, conversation_id: object) -> Conversation:
        found = self.cloud.teams.conversation(conversation_id) if isinstance(conversation_id, str) else None
        if found is None or found.gone:
            raise ClientError(404, "NoSuchConversation", f"there is no conversation {conversation_id!r}")
        return found

    def message_in(self, conversation: Conversation, person: Person, message_id: object) -> Message:
        found = conversation.messages.get(message_id) if isinstance(message_id, str) else None
        if found is None or found.deleted or not found.visible_to(person.key):
            raise ClientError(404, "NoSuchMessage", f"there is no message {message_id!r} in {conversation.name}")
        return found
