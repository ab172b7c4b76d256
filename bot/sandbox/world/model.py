"""What the world is made of. Ids are GUIDs derived from the seed and a name."""

from __future__ import annotations

import base64
import datetime as dt
import uuid
from dataclasses import dataclass, field

GLOBAL_ADMINISTRATOR = "62e90394-69f5-4237-9190-012177145e10"
"""Role template id: https://learn.microsoft.com/entra/identity/role-based-access-control/permissions-reference"""

AZURE_PLAN_OFFER = "DZH318Z0BPS6:0001"
_NAMESPACE = uuid.UUID("5a0db0c5-0000-4000-8000-000000000001")


def guid(seed: int, *names: object) -> str:
    """The id of what is called `names` in the world of `seed`; always the same, in the form of a random GUID."""
    digest = uuid.uuid5(_NAMESPACE, "/".join(str(part) for part in (seed, *names)))
    return str(uuid.UUID(bytes=digest.bytes, version=4))


def mri(seed: int, key: str) -> str:
    """A Teams user id as bots see it: `29:` and an opaque text."""
    opaque = uuid.UUID(guid(seed, "mri", key)).bytes + uuid.UUID(guid(seed, "mri", key, 2)).bytes
    return "29:1" + base64.urlsafe_b64encode(opaque).rstrip(b"=").decode()


@dataclass(frozen=True)
class BotApp:
    """The bot's Entra application: registered in `tenant_id`, consented to in every partner tenant."""

    app_id: str
    tenant_id: str
    name: str
    secret: str
    graph_roles: frozenset[str]
    partner_center_roles: frozenset[str]

    @property
    def bot_id(self) -> str:
        return f"28:{self.app_id}"


@dataclass(frozen=True)
class Partner:
    """A CSP partner: its tenant, its number in the partner network and the group that holds its Admin Agents.

    `approvers_group_id` is the group of those who are asked to approve cancellations; empty where it has none.
    """

    key: str
    name: str
    tenant_id: str
    domain: str
    mpn_id: str
    admin_agents_group_id: str
    approvers_group_id: str = ""


@dataclass(frozen=True)
class Person:
    """Somebody in Teams. `directory` is the tenant whose directory holds the object, `tenant_id` the home tenant:
    they differ for a guest."""

    key: str
    name: str
    upn: str
    aad_object_id: str
    mri: str
    tenant_id: str
    directory: str
    describe: str
    guest: bool = False
    directory_domain: str = ""

    @property
    def directory_upn(self) -> str:
        """The user principal name in `directory`; a guest's there is `name_home.domain#EXT#@…`."""
        return self.upn if not self.guest else f"{self.upn.replace('@', '_')}#EXT#@{self.directory_domain}"


@dataclass
class Group:
    """A security group. `members` are object ids of people and of other groups."""

    id: str
    tenant_id: str
    name: str
    members: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Channel:
    """`routed`: the bot's settings send this channel its partner's alerts from the start.

    `membership` is standard (the team's members), shared or private; those two have `members` of their own, keys of
    people. In a shared channel they may be people of another tenant who are not in the team.
    """

    id: str
    name: str
    routed: bool = False
    membership: str = "standard"
    members: tuple[str, ...] = ()


@dataclass(frozen=True)
class Team:
    """A Teams team; `id` is the thread id of its General channel's conversation, `members` keys of people."""

    key: str
    id: str
    aad_group_id: str
    name: str
    tenant_id: str
    channels: tuple[Channel, ...]
    members: tuple[str, ...]


@dataclass(frozen=True)
class GroupChat:
    id: str
    name: str
    tenant_id: str
    members: tuple[str, ...]


@dataclass(frozen=True)
class Reseller:
    """An indirect reseller of a partner."""

    tenant_id: str
    partner_tenant_id: str
    name: str
    mpn_id: str


@dataclass(frozen=True)
class Customer:
    tenant_id: str
    partner_tenant_id: str
    name: str
    domain: str
    reseller_tenant_id: str | None


@dataclass(frozen=True)
class Plan:
    """A Partner Center subscription of a customer. An Azure plan (`azure`) carries entitlements, others do not."""

    id: str
    customer_tenant_id: str
    offer_id: str
    offer_name: str
    name: str
    created: dt.datetime
    azure: bool
    reseller_mpn_id: str | None = None


@dataclass(frozen=True)
class Change:
    """A change of an entitlement that was accepted and is not done before `done_at`."""

    to: str
    request_id: str
    done_at: dt.datetime


@dataclass
class Entitlement:
    """An Azure subscription: `id` is the alert's `subscriptionId`, `plan_id` the Azure plan above it."""

    id: str
    plan_id: str
    customer_tenant_id: str
    name: str
    settled: str = "active"
    change: Change | None = None

    def status(self, now: dt.datetime) -> str:
        """`active` or `inactive` as of `now`: an accepted change shows only once it is done."""
        return self.change.to if self.change and now >= self.change.done_at else self.settled

    def pending(self, now: dt.datetime) -> bool:
        return self.change is not None and now < self.change.done_at

    def accept(self, to: str, request_id: str, now: dt.datetime, seconds: float) -> None:
        """Accept a change that will be done in `seconds`."""
        self.settled = self.status(now)
        self.change = Change(to, request_id, now + dt.timedelta(seconds=seconds))
