"""What the use cases need of Teams, and of who watches us."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from bot.domain.delivery import Mention, OutboxItem, PastCall
from bot.domain.people import Conversation, Person


@dataclass(frozen=True, slots=True)
class Message:
    """One message to Teams: a card or a text, never both (Teams would split it and hand back no id).

    `summary` is the preview that a notification shows. `mentions` stand, and ring, before the text. `attachments` is
    for Teams' own cards (file consent).
    """

    text: str = ""
    card: Mapping[str, Any] | None = None
    summary: str = ""
    attachments: tuple[Mapping[str, Any], ...] = ()
    mentions: tuple[Mention, ...] = ()


@dataclass(frozen=True, slots=True)
class Roster:
    """The people of a conversation; where it is not `complete` there are more than were asked for."""

    people: tuple[Person, ...]
    complete: bool


class Channel(Protocol):
    """Says things in Teams. Ids are those of Teams; `thread` is the root post's activity id."""

    async def send(self, to: Conversation, message: Message, thread: str = "") -> str:
        """The new message's activity id. Raises Transient (in_doubt: it may stand there), Unreachable, TooLarge."""
        ...

    async def update(self, to: Conversation, activity_id: str, message: Message) -> None:
        """Raises Missing where the message is gone."""
        ...

    async def delete(self, to: Conversation, activity_id: str) -> None: ...

    async def member(self, conversation: Conversation, person_id: str) -> Person | None:
        """The roster's record of a person by MRI or Entra object id; None where they are no member."""
        ...

    async def members(self, conversation: Conversation, most: int) -> Roster:
        """The first `most` people of its roster."""
        ...

    async def personal(self, person: Person, like: Conversation) -> Conversation:
        """The person's own chat with the bot, on the service of `like`. Unreachable where the app is not installed."""
        ...


class Files(Protocol):
    """Hands a file to a person through Teams, in a personal chat."""

    def consent_card(self, name: str, description: str, size: int, context: Mapping[str, Any]) -> Mapping[str, Any]:
        """Teams' own question whether the file may be put into the person's OneDrive."""
        ...

    def info_card(self, name: str, content_url: str, unique_id: str, file_type: str) -> Mapping[str, Any]:
        """Teams' own card for a file that is there."""
        ...

    async def upload(self, url: str, chunks: AsyncIterator[bytes], size: int) -> None:
        """Puts exactly `size` bytes to the address that Teams gave. Raises Permanent where its host is not allowed."""
        ...


@dataclass(frozen=True, slots=True)
class Full:
    """Whose send windows are full: no message would get out there now. `seconds` until the first of them has room."""

    conversations: frozenset[str] = frozenset()
    tenants: frozenset[str] = frozenset()
    seconds: float = math.inf


class Pace(Protocol):
    """Teams' send limits, as this process counts them."""

    def full(self) -> Full: ...

    @property
    def memory(self) -> float:
        """Seconds that a call counts for: the longest window."""
        ...

    def carry(self, calls: Iterable[PastCall]) -> None:
        """What others sent, before this process took over; as far as their windows go, it counts as if we had."""
        ...


class Heartbeat(Protocol):
    """A place outside that notices when it is not called any more."""

    async def beat(self) -> None:
        """Raises Transient or Permanent where it could not be reached."""
        ...


class Renderer(Protocol):
    """Turns an outbox item into the message that it stands for, from the newest state in the store."""

    async def render(self, item: OutboxItem) -> Message | None:
        """None: there is nothing left to say (the alert's card already shows its newest version)."""
        ...
