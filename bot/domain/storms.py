"""Storms: when more alerts come than a conversation can read, and which roll-up card then stands for one. Pure.

A storm is more alerts in a minute than `LIMITS` says, of one subscription, of one customer, or in one conversation.
Below that each alert has a card of its own. While a roll-up is open in a conversation, further posts there are few:
roll-ups of at most `ROLLUPS_MOST` scopes beside the conversation's own, and at most `OWN_MOST` alerts' cards.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from bot.domain.alerts import Alert

MINUTE = timedelta(minutes=1)
"""Arrivals are counted over this long."""
CALM = timedelta(minutes=10)
"""A storm is over when its rate was below the limit for so long."""
HOT = timedelta(seconds=10)
WINDOW = timedelta(minutes=10)
POSTS_MOST = 20
"""New posts in a conversation per WINDOW, as long as there is a storm."""
ROLLUPS_MOST = 5
"""Roll-ups of single subscriptions or customers that are open in a conversation; what storms beyond joins its own."""
OWN_MOST = POSTS_MOST - ROLLUPS_MOST - 1
"""Alerts' cards per WINDOW that leave room for each roll-up there may be. One that closes is older than the window."""
RELEASED_MOST = 10
"""Alerts' own cards that come back per WINDOW and conversation after a storm."""
YOUNG = timedelta(hours=24)
"""Only alerts younger than this get cards of their own again."""
REDRAW_EVERY = timedelta(seconds=10)
REDRAW_AT_LEAST = timedelta(minutes=10)
"""A roll-up that is not closed is drawn anew so often, for which of its alerts are overdue changes with time."""
NEWS_EVERY = MINUTE
"""What happens to a roll-up's alerts is told in its thread once in so long, in one line."""


class ScopeKind(StrEnum):
    SUBSCRIPTION = "subscription"
    CUSTOMER = "customer"
    CONVERSATION = "conversation"


LIMITS: Mapping[ScopeKind, int] = {
    ScopeKind.SUBSCRIPTION: 5,
    ScopeKind.CUSTOMER: 15,
    ScopeKind.CONVERSATION: 30,
}
"""Alerts a minute that still get cards of their own."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What a roll-up gathers: the alerts of a subscription or customer (`id`, lower case), or all of a conversation."""

    kind: ScopeKind
    id: str = ""

    @property
    def key(self) -> str:
        """As it is stored; `scope_of` reads it."""
        return f"{self.kind}:{self.id}"


EVERYTHING = Scope(ScopeKind.CONVERSATION)


def scope_of(key: str) -> Scope:
    """The inverse of `Scope.key`."""
    kind, _, scope_id = key.partition(":")
    return Scope(ScopeKind(kind), scope_id)


def scopes(alert: Alert) -> tuple[Scope, ...]:
    """Those that an alert falls into, the narrowest first. What it does not name is no scope."""
    subscription, customer = alert.subscription_id.lower(), alert.customer_tenant_id.lower()
    return (
        *((Scope(ScopeKind.SUBSCRIPTION, subscription),) if subscription else ()),
        *((Scope(ScopeKind.CUSTOMER, customer),) if customer else ()),
        EVERYTHING,
    )


class RollUpState(StrEnum):
    OPEN = "open"  # takes further alerts in
    CALMING = "calming"  # the storm is over; alerts of it get their own cards again, a few at a time
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class RollUp:
    """A card that stands for many alerts in one conversation. `id` travels in its data as its delivery id."""

    id: str
    conversation_id: str
    scope: Scope
    opened_at: datetime
    hot_at: datetime  # when its rate was last above the limit
    redraw_at: datetime  # not drawn anew before
    rank: int = 1  # the worst severity that ever joined
    state: str = RollUpState.OPEN
    closed_at: datetime | None = None
    activity_id: str = ""  # empty until Teams confirmed the post
    repeat: bool = False  # sent again after an unknown end: an earlier copy may stand above
    replaces: bool = False  # an earlier card of it was deleted in Teams

    def is_hot(self, now: datetime) -> bool:
        """Whether the rate was above the limit a moment ago: it need not be counted again so soon."""
        return now - self.hot_at < HOT


@dataclass(frozen=True, slots=True)
class Membership:
    """An alert stands in a roll-up; where it `left`, it has a card of its own since."""

    rollup: RollUp
    number: int
    left: bool


@dataclass(frozen=True, slots=True)
class Arrivals:
    """How many alerts came in the last minute, up to one above each limit; the one in question is counted."""

    subscription: int = 0
    customer: int = 0
    conversation: int = 0

    def is_storm(self, kind: ScopeKind) -> bool:
        counts = {
            ScopeKind.SUBSCRIPTION: self.subscription,
            ScopeKind.CUSTOMER: self.customer,
            ScopeKind.CONVERSATION: self.conversation,
        }
        return counts[kind] > LIMITS[kind]


NONE_ARRIVED = Arrivals()


@dataclass(frozen=True, slots=True)
class Count:
    """So many of what is called `word`; of a customer the tenant id, and the `name` where it is known."""

    word: str
    count: int
    name: str = ""


@dataclass(frozen=True, slots=True)
class Census:
    """What a roll-up counts over all alerts that ever joined it. Commonest first, and at most as many as were asked
    for; `types` and `customers` are how many different ones there are."""

    total: int
    unresolved: int
    unresolved_by_severity: tuple[Count, ...]  # worst first
    verdicts: tuple[Count, ...]
    by_type: tuple[Count, ...]
    types: int
    by_customer: tuple[Count, ...]
    customers: int
    first_detected_at: datetime | None
    last_joined_at: datetime | None


@dataclass(frozen=True, slots=True)
class News:
    """What happened to alerts of a roll-up lately: to how many, and the newest line."""

    alerts: int
    latest: str


def covering(falls_into: Sequence[Scope], open_scopes: Set[Scope]) -> Scope | None:
    """The narrowest open roll-up that takes the alert in."""
    return next((scope for scope in falls_into if scope in open_scopes), None)


def placed(falls_into: Sequence[Scope], arrivals: Arrivals, open_scopes: Set[Scope], posts: int) -> Scope | None:
    """Which roll-up stands for a new alert, or None: it gets a card of its own.

    `falls_into` as of `scopes`, `open_scopes` those of the roll-ups that are open in the conversation, `posts` how many
    posts were made there in the last WINDOW. The answer may be a roll-up that is still to be opened.
    """
    if (taken := covering(falls_into, open_scopes)) is not None:
        return taken
    storm = next((scope for scope in falls_into if arrivals.is_storm(scope.kind)), None)
    if storm is None:
        return EVERYTHING if open_scopes and posts >= OWN_MOST else None
    return EVERYTHING if len(open_scopes) >= ROLLUPS_MOST else storm


def is_hot(falls_into: Sequence[Scope], arrivals: Arrivals) -> bool:
    """Whether the alert came at a storm's rate, in whichever of its scopes."""
    return any(arrivals.is_storm(scope.kind) for scope in falls_into)


def may_release(released: int, posts: int, *, storm: bool) -> int:
    """How many alerts may get their own cards back now, after `released` in the last WINDOW; where there is a `storm`
    of others in the conversation, its posts count too."""
    left = RELEASED_MOST - released
    return max(0, min(left, OWN_MOST - posts) if storm else left)
