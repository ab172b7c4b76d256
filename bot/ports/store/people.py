"""Who is where: conversations, people, who is on duty, and what is kept of their sign-ins."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from bot.domain.duty import Duty
from bot.domain.people import Conversation, Person, Roles, Route


class Conversations(Protocol):
    async def get(self, conversation_id: str) -> Conversation | None: ...
    async def put(self, conversation: Conversation) -> None: ...
    async def set_state(self, conversation_id: str, state: str) -> None: ...
    async def of_team(self, team_id: str) -> tuple[Conversation, ...]: ...
    async def personal_of(self, person_id: str) -> Conversation | None: ...
    async def routes(self, conversation_id: str = "", partner: str = "") -> tuple[Route, ...]:
        """Routes of a conversation, of a partner, of both, or all."""
        ...

    async def put_route(self, route: Route) -> None: ...


class People(Protocol):
    """Whom the bot has seen, and where. For drawing views and naming people; never for acting."""

    async def seen(self, person: Person, conversation_id: str, now: datetime) -> None: ...
    async def get(self, person_id: str) -> Person | None: ...
    async def remember_roles(self, person_id: str, partner: str, roles: Roles, now: datetime) -> None: ...
    async def roles(self, person_id: str, partner: str) -> Roles | None:
        """As last found, None where never looked at."""
        ...

    async def holders(self, partner: str, limit: int) -> tuple[Person, ...]:
        """Those who, when last looked at, held Admin Agent and Global Administrator there."""
        ...

    async def responders(self, conversation_id: str, limit: int) -> tuple[str, ...]:
        """MRIs of those last heard there, latest first; then of those only known from its roster."""
        ...

    async def known_in(self, conversation_id: str, limit: int) -> tuple[Person, ...]:
        """Whom `responders` names, as they are known."""
        ...

    async def stand(self, people: Iterable[Person], conversation_id: str) -> None:
        """They are on its roster. Whoever was heard there stays as heard; the others count as never heard."""
        ...

    async def left(self, person_ids: Iterable[str], conversation_id: str) -> int:
        """These (by Entra object id or MRI) are not there any more. How many of them were known there."""
        ...

    async def there(self, conversation_id: str) -> frozenset[str]:
        """The ids of all who are known there: Entra object id, or MRI where none is known."""
        ...


class Duties(Protocol):
    """Who is on duty in which conversation."""

    async def get(self, conversation_id: str) -> tuple[Duty, int]:
        """The roster and its version; an empty one of version 0 where none was ever kept."""
        ...

    async def put(self, conversation_id: str, roster: Duty, version: int, now: datetime) -> bool:
        """Write version + 1 where `version` still is the stored one; False: somebody was faster."""
        ...


@dataclass(frozen=True, slots=True)
class SignIn:
    """A sign-in under way, for `person_id` of `tenant_id`. `flow` is the adapter's own."""

    state: str
    person_id: str
    tenant_id: str
    after: str  # what goes on afterwards: "export:<id>"
    flow: Mapping[str, Any]
    expires_at: datetime


class SignIns(Protocol):
    async def add(self, sign_in: SignIn) -> None: ...
    async def get(self, state: str, now: datetime) -> SignIn | None:
        """Look without consuming it."""
        ...

    async def take(self, state: str, now: datetime) -> SignIn | None:
        """Consume it: once, if it has not expired."""
        ...

    async def prune(self, now: datetime) -> int:
        """Remove those that have expired. How many."""
        ...


@dataclass(frozen=True, slots=True)
class Sealed:
    """Something encrypted at rest. `version` grows with each write, so that no replica overwrites another."""

    blob: bytes
    key_id: str
    version: int


@dataclass(frozen=True, slots=True)
class SealedRow:
    """Where it stands, and when it was last written."""

    kind: str
    owner: str
    sealed: Sealed
    changed_at: datetime


class Vault(Protocol):
    """Encrypted tokens, as opaque bytes. `kind` is `user` or `reader`, `owner` whose it is."""

    async def get(self, kind: str, owner: str) -> Sealed | None: ...
    async def put(self, kind: str, owner: str, blob: bytes, key_id: str, version: int, now: datetime) -> bool:
        """Write version + 1 where `version` (0: none yet) is still the stored one; False: somebody was faster."""
        ...

    async def remove(self, kind: str, owner: str) -> bool:
        """False: there was none."""
        ...

    async def prune(self, kind: str, before: datetime, keep: Collection[str] = ()) -> int:
        """Remove those of a kind that were not written since then, but for those of the owners to `keep`. How many."""
        ...

    async def not_under(self, key_id: str, limit: int) -> tuple[SealedRow, ...]:
        """What other keys sealed, the oldest first."""
        ...

    async def key_ids(self) -> Mapping[str, int]:
        """Which keys sealed what is kept: key id -> how many."""
        ...

    async def discard(self, key_id: str) -> int:
        """Remove whatever that key sealed, for it is lost. How many."""
        ...
