"""People, their roles in a partner tenant, and the conversations they talk in. Values only."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

GLOBAL_ADMINISTRATOR = "62e90394-69f5-4237-9190-012177145e10"
"""Role template id, the same in every tenant.
https://learn.microsoft.com/entra/identity/role-based-access-control/permissions-reference"""


@dataclass(frozen=True, slots=True)
class Person:
    """Someone on a conversation's roster. `tenant_id` comes from the connector's member record; empty is unknown.

    Of a guest that record names the home tenant, while `aad_id` is the object in the directory of the host, which it
    does not name. https://learn.microsoft.com/entra/external-id/user-properties
    """

    aad_id: str
    mri: str
    name: str
    tenant_id: str = ""
    upn: str = ""
    guest: bool = False

    @property
    def is_known(self) -> bool:
        """Whether the roster told of them. Who is not known has no roles anywhere."""
        return bool(self.aad_id) and (self.guest or bool(self.tenant_id))

    def may_stand_in(self, tenant_id: str) -> bool:
        """Whether it is worth asking the directory of that tenant about `aad_id`: it is their own, or they are a guest
        somewhere, and only the directory that holds the object knows it. Others have no object there that is them."""
        return self.is_known and (self.guest or self.tenant_id == tenant_id)

    def as_of(self, tenant_id: str) -> Person:
        """The same person, a guest as the account in that tenant. Whether there is such an account, Entra decides."""
        return replace(self, tenant_id=tenant_id) if self.guest and tenant_id else self


@dataclass(frozen=True, slots=True)
class Roles:
    """What a person holds in one partner's role tenant at one moment."""

    admin_agent: bool = False
    global_administrator: bool = False


NO_ROLES = Roles()


class ConversationKind(StrEnum):
    PERSONAL = "personal"
    GROUP_CHAT = "groupChat"
    CHANNEL = "channel"


class ConversationState(StrEnum):
    ACTIVE = "active"
    REMOVED = "removed"  # the bot was uninstalled
    ARCHIVED = "archived"
    DELETED = "deleted"
    BLOCKED = "blocked"  # Teams answered that it takes no messages from us
    TRIED = "tried"  # it took none, and is written to once more: as active as soon as something arrives


SENT_TO = frozenset({ConversationState.ACTIVE, ConversationState.TRIED})
"""What waits for such a conversation is sent."""


@dataclass(frozen=True, slots=True)
class Conversation:
    """Where the bot talks. `id` is the base id, without `;messageid=`. `person_id` is set in a personal chat."""

    id: str
    kind: str
    tenant_id: str
    service_url: str
    bot_id: str
    name: str = ""
    team_id: str = ""
    team_name: str = ""
    person_id: str = ""
    state: str = ConversationState.ACTIVE


@dataclass(frozen=True, slots=True)
class Partner:
    """One partner tenant, as the operator configured it. Ids are lower-case GUIDs."""

    name: str
    tenant_id: str
    admin_agents_group_id: str
    reader: str = "auto"
    role_tenant_id: str = ""
    act_as: str = "app"
    approvers_group_id: str = ""
    channels: tuple[str, ...] = ()
    app_may_cancel: bool = False

    @property
    def roles_in(self) -> str:
        """The tenant in which people's roles are checked."""
        return self.role_tenant_id or self.tenant_id


BY_SETTINGS = "PARTNERS"
"""In the place of a name, of a route that stands in the setting of that name."""


@dataclass(frozen=True, slots=True)
class Route:
    """A partner's alerts go to a conversation. `filter` is the grammar's text, empty for all."""

    conversation_id: str
    partner: str
    on: bool
    filter: str = ""
    by_id: str = ""
    by_name: str = ""
    summarised: bool = False  # the one summary card of a new route is queued
    begun_at: datetime | None = None  # when that was
