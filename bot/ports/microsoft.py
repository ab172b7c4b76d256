"""What the use cases need of Partner Center, Graph and Entra."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from bot.domain.alerts import Alert
from bot.domain.people import Partner, Person, Roles
from bot.domain.scores import CustomerMfa, ScorePoint, SecurityScore


@dataclass(frozen=True, slots=True)
class UnreadableAlert:
    """An alert that came in a shape we cannot use. The others of its page are not held up by it."""

    id: str
    problem: str


@dataclass(frozen=True, slots=True)
class AlertPage:
    alerts: tuple[Alert, ...]
    unreadable: tuple[UnreadableAlert, ...] = ()


class AlertSource(Protocol):
    """Reads and changes alerts at Partner Center (through Graph)."""

    def open_alerts(self, partner: Partner) -> AsyncIterator[AlertPage]:
        """Alerts that are not resolved; may yield resolved ones too where the server cannot filter."""
        ...

    def all_alerts(self, partner: Partner) -> AsyncIterator[AlertPage]: ...

    def alerts_since(self, partner: Partner, detected_from: datetime) -> AsyncGenerator[AlertPage, None]:
        """Alerts detected at or after that, resolved or not; may yield older ones where the server cannot filter."""
        ...

    async def get(self, partner: Partner, alert_id: str, actor: Person | None = None) -> Alert:
        """Read as `actor`, or with the reader's own token. Raises Missing where there is none."""
        ...

    async def set_status(
        self, partner: Partner, alert_id: str, status: str, reason: str, actor: Person | None = None
    ) -> None:
        """One PATCH as `actor` (None: as the bot), never repeated in here. Its echo can be stale: read the alert again.

        Raises Transient with in_doubt where the change may have been made all the same, SignInNeeded where there is no
        token for the actor or Graph wants a better one.
        """
        ...

    def remark(self, partner: Partner) -> str:
        """What operators should know of how this partner is read, such as with whose token; empty: as they asked."""
        ...


@dataclass(frozen=True, slots=True)
class Entitlement:
    """An Azure subscription at Partner Center, which calls it an entitlement of an Azure plan. `status` in lower case.
    https://learn.microsoft.com/partner-center/developer/get-a-list-of-azure-entitlements-for-subscription"""

    customer_tenant_id: str
    plan_id: str
    id: str
    name: str
    status: str


@dataclass(frozen=True, slots=True)
class Receipt:
    """What came back when a change was taken: the HTTP status, and the MS-CorrelationId by which Microsoft's support
    finds it (empty where none did)."""

    status: int
    correlation_id: str = ""


class Subscriptions(Protocol):
    """Customers' Azure subscriptions at Partner Center: looked up, cancelled, reactivated. `actor` None: as the bot."""

    async def ready(self, partner: Partner, actor: Person) -> None:
        """Raises SignInNeeded where we hold no token with which the actor could change anything there."""
        ...

    async def find(
        self, partner: Partner, customer_tenant_id: str, subscription_id: str, actor: Person | None = None
    ) -> Entitlement:
        """By the documented look-ups, in any status; where several plans name it, in the one where it is active.
        Raises Missing where there is none, Permanent (`ambiguous`) where it is active in several or in none of them,
        SignInNeeded where the actor's token does not suffice."""
        ...

    async def get(self, partner: Partner, entitlement: Entitlement, actor: Person | None = None) -> Entitlement:
        """Read again. Raises Missing where it is gone."""
        ...

    async def cancel(
        self,
        partner: Partner,
        entitlement: Entitlement,
        request_id: str,
        actor: Person | None = None,
        *,
        until: datetime | None = None,
    ) -> Receipt:
        """Sent once, never repeated in here, and not from `until` on, however long the way there took. Returns when
        Partner Center took it; the status follows minutes later.

        Raises Transient with in_doubt where it may have been taken all the same, PendingOperation, Refused, Missing or
        Permanent where it was not, SignInNeeded where Partner Center wants more of the actor's sign-in.
        """
        ...

    async def reactivate(
        self,
        partner: Partner,
        entitlement: Entitlement,
        request_id: str,
        actor: Person | None = None,
        *,
        until: datetime | None = None,
    ) -> Receipt:
        """As `cancel`."""
        ...


class Directory(Protocol):
    """Who holds which role, and what tenants are called."""

    async def roles(self, partner: Partner, person_id: str, actor: Person | None = None) -> Roles:
        """Live, from the partner's role tenant. A person whom that tenant does not know has no roles.

        With `actor` (who then is that person) asked with their own token; raises SignInNeeded where there is none,
        NoAccount where that account is disabled or gone, and NotAllowed where it may not use the application.
        """
        ...

    async def approvers(self, partner: Partner) -> tuple[Person, ...]:
        """The people of the partner's approvers group, at most 100; empty where none is set."""
        ...

    async def customer_name(self, partner: Partner, tenant_id: str) -> str | None:
        """None where Partner Center knows no such customer or will not say."""
        ...

    def customer_names(self, partner: Partner) -> AsyncIterator[Mapping[str, str]]:
        """All customers, in pages of tenant id -> name."""
        ...

    async def reseller_names(self, partner: Partner) -> Mapping[str, str]:
        """Indirect resellers, tenant id -> name."""
        ...


class SecurityScores(Protocol):
    """What Microsoft thinks of a partner's own security."""

    async def current(self, partner: Partner) -> SecurityScore: ...
    async def history(self, partner: Partner) -> tuple[ScorePoint, ...]:
        """As far back as Microsoft tells, in any order; a bounded number."""
        ...

    def customers(self, partner: Partner) -> AsyncGenerator[tuple[CustomerMfa, ...], None]:
        """All customers, page by page, each once. Raises Permanent where the pages never end."""
        ...


class Tokens(Protocol):
    """The bot's own tokens, cached until shortly before they expire."""

    async def app(self, tenant_id: str, scope: str, *, fresh: bool = False) -> str:
        """An app-only access token. `fresh` throws the cached one away first (the other side answered 401)."""
        ...


class UserTokens(Protocol):
    """Tokens with which the bot acts as a person, by on-behalf-of. Kept encrypted per person, for every replica."""

    async def get(self, person: Person, scope: str, claims: str = "") -> str:
        """A delegated access token, from what is kept. `claims` is a challenge that the last token did not meet.

        Raises SignInNeeded (interactive where silence cannot mend it), Transient where Entra is away.
        """
        ...

    async def exchange(self, person: Person, assertion: str) -> None:
        """Take Teams' SSO token for what it proves, and keep what on-behalf-of gives.

        Raises NotAllowed where it is another person's or tenant's, forged, expired or not meant for us; SignInNeeded
        (interactive) where Entra wants consent, multi-factor authentication or more.
        """
        ...

    async def begin(
        self, person: Person, state: str, redirect_uri: str, claims: str, scope: str = ""
    ) -> tuple[str, Mapping[str, Any]]:
        """A sign-in page for this person: (its address, what must be kept until the browser comes back).

        `scope` is what the page asks to agree to, as of `get`; empty: what is asked of Graph. Whatever it was, tokens
        for both are had afterwards, where both are agreed to.
        """
        ...

    async def complete(self, person: Person, flow: Mapping[str, Any], answer: Mapping[str, str]) -> None:
        """Keep what came back. Raises UserError where it is another account, or does not belong to the flow."""
        ...

    async def forget(self, person: Person) -> bool:
        """False: there was nothing."""
        ...


class ReaderSignIns(Protocol):
    """The sign-ins of the people as whom partners' alerts are read."""

    async def ends_at(self, partner: Partner) -> datetime | None:
        """When it ends if it is not used before; None where nobody signed in. Raises Refused where it is unreadable."""
        ...

    async def person_id(self, partner: Partner) -> str:
        """Whose it is, in the partner's tenant; empty where nobody signed in. Raises as `ends_at`."""
        ...


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who came back from a sign-in page."""

    person_id: str
    tenant_id: str
    name: str


class SignInPage(Protocol):
    """Authorization code flow with PKCE at Entra."""

    async def begin(self, tenant_id: str, state: str, redirect_uri: str) -> tuple[str, Mapping[str, Any]]:
        """(the address to send the browser to, what must be kept until it comes back)."""
        ...

    async def complete(self, flow: Mapping[str, Any], answer: Mapping[str, str]) -> SignedIn:
        """Raises UserError where the answer does not belong to the flow or Entra refused it."""
        ...
