"""What the use cases need from the world, in domain words. Small Protocols; the adapters implement them.

Adapters raise only the errors of bot/errors.py. All times are aware UTC; all spans are seconds.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncGenerator, AsyncIterator, Collection, Iterable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from bot.domain.alerts import Alert, AlertKey, AlertRecord, Decision, Note
from bot.domain.audit import AuditEntry, AuditRow
from bot.domain.bulk import BulkRun, BulkSet
from bot.domain.cancellations import Cancellation, Plan, RequestCard
from bot.domain.decisions import Intent
from bot.domain.delivery import CardPost, Doubt, NewItem, OutboxItem, PastCall, Uncovered
from bot.domain.filters import AlertQuery, Cursor
from bot.domain.people import Conversation, Partner, Person, Roles, Route
from bot.domain.storms import Arrivals, Census, Membership, News, RollUp, Scope


class Clock(Protocol):
    def now(self) -> datetime: ...
    def monotonic(self) -> float: ...
    async def sleep(self, seconds: float) -> None: ...


class Ids(Protocol):
    """Fresh identifiers and chance, so that tests can fix both."""

    def guid(self) -> str: ...
    def token(self) -> str:
        """An unguessable URL-safe text of 256 bits."""
        ...

    def jitter(self) -> float:
        """Uniform in [0, 1)."""
        ...


# Partner Center and Entra ------------------------------------------------------------------------------------------


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


class Subscriptions(Protocol):
    """Customers' Azure subscriptions at Partner Center: looked up, cancelled, reactivated. `actor` None: as the bot."""

    async def ready(self, partner: Partner, actor: Person) -> None:
        """Raises SignInNeeded where we hold no token with which the actor could change anything there."""
        ...

    async def find(
        self, partner: Partner, customer_tenant_id: str, subscription_id: str, actor: Person | None = None
    ) -> Entitlement:
        """By the documented look-ups, in any status. Raises Missing where there is none, Permanent (`ambiguous`) where
        there are several, SignInNeeded where the actor's token does not suffice."""
        ...

    async def get(self, partner: Partner, entitlement: Entitlement, actor: Person | None = None) -> Entitlement:
        """Read again. Raises Missing where it is gone."""
        ...

    async def cancel(
        self, partner: Partner, entitlement: Entitlement, request_id: str, actor: Person | None = None
    ) -> None:
        """Sent once, never repeated in here. Returns when Partner Center took it; the status follows minutes later.

        Raises Transient with in_doubt where it may have been taken all the same, PendingOperation, Refused, Missing or
        Permanent where it was not, SignInNeeded where Partner Center wants more of the actor's sign-in.
        """
        ...

    async def reactivate(
        self, partner: Partner, entitlement: Entitlement, request_id: str, actor: Person | None = None
    ) -> None:
        """As `cancel`."""
        ...


class Directory(Protocol):
    """Who holds which role, and what tenants are called."""

    async def roles(self, partner: Partner, person_id: str, actor: Person | None = None) -> Roles:
        """Live, from the partner's role tenant. A person whom that tenant does not know has no roles.

        With `actor` (who then is that person) asked with their own token; raises SignInNeeded where there is none.
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


# Teams -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Message:
    """One message to Teams: a card or a text, never both (Teams would split it and hand back no id).

    `summary` is the preview that a notification shows. `attachments` is for Teams' own cards (file consent).
    """

    text: str = ""
    card: Mapping[str, Any] | None = None
    summary: str = ""
    attachments: tuple[Mapping[str, Any], ...] = ()


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


# The store ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Page:
    records: tuple[AlertRecord, ...]
    total: int
    next: Cursor | None


class Alerts(Protocol):
    async def get(self, key: AlertKey) -> AlertRecord | None: ...
    async def many(self, keys: Iterable[AlertKey]) -> dict[AlertKey, AlertRecord]: ...
    async def by_number(self, number: int, partners: frozenset[str]) -> AlertRecord | None: ...
    async def by_id_prefix(self, prefix: str, partners: frozenset[str], limit: int) -> tuple[AlertRecord, ...]: ...
    async def page(self, query: AlertQuery, after: Cursor | None, limit: int) -> Page: ...
    async def first(self, query: AlertQuery, limit: int) -> tuple[AlertRecord, ...]:
        """The beginning of the list, which is not counted."""
        ...

    async def count(self, query: AlertQuery) -> int: ...
    def stream(self, query: AlertQuery) -> AsyncIterator[AlertRecord]:
        """Every alert of the query, by number, in constant memory."""
        ...

    async def search(self, text: str, partners: frozenset[str], limit: int) -> tuple[AlertRecord, ...]:
        """By start of alert id or subscription id, or part of a customer's name; newest first."""
        ...

    async def of_subscription(self, partner: str, subscription_id: str, limit: int) -> tuple[AlertRecord, ...]:
        """Its alerts, the open ones first, then the newest."""
        ...

    async def open_keys(self, partner: str) -> frozenset[AlertKey]: ...
    async def add(self, alert: Alert, now: datetime, decision: Decision | None) -> AlertRecord:
        """A new record with the next number and version 1."""
        ...

    async def change(self, key: AlertKey, alert: Alert, now: datetime, decision: Decision | None) -> AlertRecord:
        """Replace what the source said and the decision; version + 1."""
        ...

    async def touch(self, keys: Iterable[AlertKey], now: datetime) -> None:
        """Raise the records' versions: something that their cards show has changed beside them."""
        ...

    async def notes(self, keys: Iterable[AlertKey]) -> dict[AlertKey, tuple[Note, ...]]:
        """The notes of these alerts, oldest first; alerts without notes are left out."""
        ...

    async def add_note(self, key: AlertKey, note: Note) -> AlertRecord:
        """Adds it and raises the record's version."""
        ...


class Names(Protocol):
    """What tenants are called, as last heard. Empty text: asked, and there is no name."""

    async def known(self, partner: str, tenant_ids: Iterable[str]) -> dict[str, tuple[str, datetime]]: ...
    async def learn(self, partner: str, names: Mapping[str, str], now: datetime) -> frozenset[str]:
        """Stores them; the tenant ids whose name is new or changed."""
        ...

    async def alerts_of(self, partner: str, tenant_ids: Iterable[str]) -> frozenset[AlertKey]:
        """Open alerts whose customer or reseller is one of these."""
        ...


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

    async def stand(self, people: Iterable[Person], conversation_id: str) -> None:
        """They are on its roster. Whoever was heard there stays as heard; the others count as never heard."""
        ...

    async def left(self, person_ids: Iterable[str], conversation_id: str) -> int:
        """These (by Entra object id or MRI) are not there any more. How many of them were known there."""
        ...

    async def there(self, conversation_id: str) -> frozenset[str]:
        """The ids of all who are known there: Entra object id, or MRI where none is known."""
        ...


class Intents(Protocol):
    async def open(self, intent: Intent) -> Intent | None:
        """Write it down. None: done; else the intent that is already open on this alert."""
        ...

    async def get(self, intent_id: str) -> Intent | None: ...
    async def open_on(self, key: AlertKey) -> Intent | None: ...
    async def claim(self, intent_id: str, owner: str, now: datetime, lease: float) -> bool:
        """Take an open intent whose lease is free, run out, or already the owner's; attempts + 1."""
        ...

    async def hold(self, intent_ids: Iterable[str], owner: str, now: datetime, lease: float) -> frozenset[str]:
        """As `claim`, for many; attempts grow only where it was not the owner's. The ids that are held now."""
        ...

    async def of_bulk(self, run_id: str) -> tuple[Intent, ...]:
        """All intents of a run, in any state."""
        ...

    async def due(self, now: datetime, limit: int) -> tuple[Intent, ...]:
        """Open intents whose lease ran out, oldest first: a replica died or the other side was away."""
        ...

    async def later(self, intent_id: str, at: datetime, error: str) -> None:
        """Give the claim back until `at`, with the reason."""
        ...

    async def close(self, intent_id: str, state: str, error: str = "") -> bool:
        """False: it was closed already, and stays as it is."""
        ...


class Outbox(Protocol):
    async def add(self, items: Iterable[NewItem], now: datetime) -> int:
        """How many were new (the rest stood there already under their dedup key)."""
        ...

    async def claim(
        self,
        owner: str,
        now: datetime,
        lease: float,
        limit: int,
        *,
        after: str = "",
        not_in: Collection[str] = (),
        not_of: Collection[str] = (),
    ) -> tuple[OutboxItem, ...]:
        """Due items, one per conversation at most and none where one is being sent; highest priority, then oldest.

        At equal priority partners take turns, beginning with the one that comes `after` that one. Items of
        conversations that are not active stay where they are, as do those of the conversations `not_in` and of the
        tenants `not_of`.
        """
        ...

    async def sent(self, item: OutboxItem, activity_id: str, now: datetime) -> bool:
        """False: the fence is no longer ours, nothing was written."""
        ...

    async def retry(self, item: OutboxItem, at: datetime, error: str) -> bool: ...
    async def shorten(self, item: OutboxItem, now: datetime, error: str) -> bool:
        """It was too large for Teams: pending again, with its card to be drawn a step shorter."""
        ...

    async def uncertain(self, item: OutboxItem, recheck_at: datetime, error: str) -> bool:
        """Its end is unknown; unless adopted it becomes pending again, marked repeat, at `recheck_at`."""
        ...

    async def park(self, item: OutboxItem, error: str) -> bool: ...
    async def unpark(self, conversation_id: str, now: datetime) -> int:
        """The conversation is back: what was parked there is pending again. How many."""
        ...

    async def adopt(self, card_id: str, activity_id: str, now: datetime) -> bool:
        """Something proved that an uncertain card arrived."""
        ...

    async def recover(self, now: datetime) -> int:
        """Items whose sender died (lease ran out while sending): updates become pending, posts uncertain."""
        ...

    async def doubts(self, conversation_id: str) -> tuple[Doubt, ...]: ...
    async def sent_since(self, since: datetime) -> Mapping[str, int]:
        """How many messages each conversation got since then."""
        ...

    async def knows(self, conversation_id: str, activity_id: str) -> bool:
        """Whether we sent that message and know what it is."""
        ...

    async def calls(self, since: datetime, now: datetime, not_by: str) -> tuple[PastCall, ...]:
        """What went, or may have gone, to conversations since then; what `not_by` has under way itself is left out."""
        ...

    async def waiting_in(self, conversation_id: str) -> int: ...
    async def oldest_waiting(self) -> datetime | None: ...
    async def counts(self) -> Mapping[str, int]: ...
    async def prune(self, before: datetime) -> int:
        """Forget sent items older than that."""
        ...


class Coverage(Protocol):
    async def uncovered(self, after: tuple[int, str], changed_since: datetime, limit: int) -> tuple[Uncovered, ...]:
        """Open alerts without a confirmed card, or a confirmed roll-up, in active conversations that their partner's
        alerts go to; by number and conversation, beginning `after` that pair. Those without any card only where they
        came after the route began and changed since then; the route's filter is not looked at."""
        ...


class Cards(Protocol):
    async def get(self, card_id: str) -> CardPost | None: ...
    async def of_alert(self, key: AlertKey) -> tuple[CardPost, ...]: ...
    async def by_activity(self, conversation_id: str, activity_id: str) -> CardPost | None: ...
    async def add(self, card: CardPost) -> None: ...
    async def posted(self, card_id: str, activity_id: str) -> None: ...
    async def repeated(self, card_id: str) -> None:
        """It is sent again after an unknown end, and says so from now on."""
        ...

    async def replaced(self, card_id: str, by: str) -> None: ...


class Cancellations(Protocol):
    """Plans to cancel or reactivate, and how far they came. The database keeps it to one open plan per subscription."""

    async def next_number(self) -> int: ...
    async def open(self, plan: Plan, due_at: datetime) -> Cancellation | None:
        """Write a new one down, in state asked. None: done; else the one that is already open on this subscription."""
        ...

    async def get(self, number: int) -> Cancellation | None: ...
    async def last_on(self, partner: str, subscriptions: Iterable[str]) -> dict[str, Cancellation]:
        """The newest of each of these subscriptions (ids in any case; the answer's are lower case)."""
        ...

    async def latest(self, partners: frozenset[str], limit: int) -> tuple[Cancellation, ...]:
        """The open ones, oldest first, then the others, newest first."""
        ...

    async def change(self, before: Cancellation, after: Cancellation) -> Cancellation | None:
        """Write the progress of `after`, if the stored version still is that of `before`; as it then stands, with
        version + 1. None: somebody was faster, and nothing was written. The plan itself is never written again."""
        ...

    async def claim(self, number: int, owner: str, now: datetime, lease: float) -> Cancellation | None:
        """Take one that is due, if nobody else holds it; its `due_at` then is when the lease runs out."""
        ...

    async def due(self, now: datetime, limit: int) -> tuple[int, ...]:
        """Numbers of those that are due, longest waiting first."""
        ...


class RequestCards(Protocol):
    """The cards of requests, in whichever conversations they stand."""

    async def add(self, card: RequestCard) -> None: ...
    async def get(self, card_id: str) -> RequestCard | None: ...
    async def of_request(self, number: int) -> tuple[RequestCard, ...]: ...
    async def posted(self, card_id: str, activity_id: str) -> None: ...


class Bulk(Protocol):
    """The sets that buttons were drawn for, and the runs in which they are marked."""

    async def pin(self, pinned: BulkSet) -> None:
        """Keep it; what is kept already was drawn again."""
        ...

    async def pinned(self, set_id: str) -> BulkSet | None: ...
    async def prune(self, before: datetime) -> int:
        """Forget sets that were not drawn since then. How many."""
        ...

    async def begin(self, run: BulkRun) -> None: ...
    async def run(self, run_id: str) -> BulkRun | None: ...
    async def open_runs(self, limit: int) -> tuple[BulkRun, ...]:
        """Those that have not ended, oldest first."""
        ...

    async def sent(self, run_id: str, count: int) -> None: ...
    async def posted(self, run_id: str, activity_id: str) -> None: ...
    async def end(self, run_id: str, at: datetime, *, silent: bool = False) -> bool:
        """False: it had ended already."""
        ...


class RollUps(Protocol):
    """Roll-up cards of storms, and the alerts that stand in them (by number). No call looks at more rows than it must,
    however large the storm."""

    async def shown_in(self, record: AlertRecord) -> frozenset[str]:
        """The conversations where the alert has a card, or stands in a roll-up that is not closed."""
        ...

    async def arrived(self, conversation_id: str, record: AlertRecord, now: datetime) -> None:
        """Note that an alert came to a conversation."""
        ...

    async def arrivals(self, conversation_id: str, record: AlertRecord, now: datetime) -> Arrivals:
        """How many came there in the last minute, with this one."""
        ...

    async def posts_since(self, conversation_id: str, since: datetime, most: int) -> int:
        """Cards of alerts and roll-ups made there since then; of neither kind more than `most` are counted."""
        ...

    async def prune(self, before: datetime) -> int:
        """Forget older arrivals."""
        ...

    async def get(self, rollup_id: str) -> RollUp | None: ...
    async def open_in(self, conversation_id: str) -> tuple[RollUp, ...]: ...
    async def open(self, rollup: RollUp) -> RollUp:
        """Write it down; where one of its scope is open there, that one stays, and is returned."""
        ...

    async def posted(self, rollup_id: str, activity_id: str) -> None: ...
    async def repeated(self, rollup_id: str) -> None: ...
    async def gone(self, rollup_id: str, activity_id: str) -> bool:
        """This message of it was deleted in Teams. False: it stands in another one meanwhile."""
        ...

    async def drawn_not_before(self, rollup_id: str, at: datetime) -> None: ...
    async def live(self) -> tuple[RollUp, ...]:
        """All that are not closed, the worst first."""
        ...

    async def close(self, rollup_id: str, hot_before: datetime, now: datetime) -> bool:
        """Let it calm, if its rate was below the limit since then. False: it was not, or it is no longer open."""
        ...

    async def finish(self, rollup_id: str) -> None: ...
    async def join(self, rollup: RollUp, number: int, rank: int, now: datetime, *, hot: bool) -> bool:
        """An alert of that severity rank comes in, at a storm's rate or (`hot` False) not. False: it is not open."""
        ...

    async def of_alert(self, key: AlertKey) -> tuple[Membership, ...]: ...
    async def left(self, conversation_id: str, number: int, now: datetime) -> None:
        """The alert leaves the roll-ups of that conversation that are not open."""
        ...

    async def left_since(self, conversation_id: str, since: datetime) -> int: ...
    async def worst(self, rollup_id: str, limit: int, status: str = "") -> tuple[AlertKey, ...]:
        """Its unresolved alerts (of that status alone, where one is given), worst first, then newest."""
        ...

    async def to_release(self, conversation_id: str, young: datetime, limit: int) -> tuple[AlertKey, ...]:
        """Unresolved alerts, detected since `young`, that still stand in calming roll-ups there; worst first."""
        ...

    async def has_more(self, rollup_id: str, young: datetime) -> bool:
        """Whether it holds alerts as `to_release` means them."""
        ...

    async def happened(self, rollup_id: str, number: int, line: str, now: datetime) -> None: ...
    async def news(self, rollup_id: str, since: datetime) -> News: ...
    async def withdraw(self, conversation_id: str, scope: Scope) -> tuple[tuple[int, int], ...]:
        """Take back the cards of a scope's alerts that were never sent, with all that waits for them. The alerts'
        numbers and severity ranks. What is being sent, or may have been, stays as it is."""
        ...

    async def census(self, rollup_id: str, most: int) -> Census: ...


class Inbox(Protocol):
    """Activities already handled, so that a redelivery does nothing twice."""

    async def begin(self, key: str, now: datetime) -> tuple[bool, Mapping[str, Any] | None]:
        """(True, None) for a first sight; (False, answer) for a repeat, answer None while the first still runs.

        A first that left no answer within half a minute died: then the repeat counts as a first.
        """
        ...

    async def finish(self, key: str, answer: Mapping[str, Any]) -> None: ...
    async def forget(self, key: str) -> None:
        """Nothing was done for it: the same activity may be tried again."""
        ...

    async def prune(self, before: datetime) -> int: ...


class Audit(Protocol):
    async def append(self, entry: AuditEntry, now: datetime) -> AuditRow: ...
    async def head(self, partner: str) -> tuple[int, str]:
        """Length and last hash of a partner's chain, as the database keeps them beside the rows."""
        ...

    async def partners(self) -> tuple[str, ...]:
        """Everybody who ever had a row."""
        ...

    def rows(self, partner: str) -> AsyncIterator[AuditRow]:
        """By number, in constant memory."""
        ...


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """Someone asked for a file: the alerts of `query`, or with `audit` the audit trail of its one partner.
    `token_hash` (SHA-256 of the link's token) is empty where a file consent is used."""

    id: str
    person_id: str
    tenant_id: str
    query: AlertQuery
    file_name: str
    rows: int
    expires_at: datetime
    token_hash: str = ""
    audit: bool = False


class Exports(Protocol):
    async def add(self, request: ExportRequest) -> None: ...
    async def get(self, export_id: str) -> ExportRequest | None: ...
    async def by_token(self, token_hash: str) -> ExportRequest | None: ...
    async def take(self, export_id: str, now: datetime) -> ExportRequest | None:
        """Consume it: the request, once, if it has not expired."""
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


class Leases(Protocol):
    async def acquire(self, name: str, owner: str, now: datetime, seconds: float) -> bool:
        """Take or renew a named lease."""
        ...

    async def release(self, name: str, owner: str) -> None: ...
    async def drop(self, name: str) -> bool:
        """Free it, whoever has it. Whether anybody had."""
        ...


@dataclass(frozen=True, slots=True)
class SyncState:
    """How far the reading of one partner has come. `baseline` is set once the quiet first sync is complete."""

    partner: str
    baseline: bool = False
    last_open_at: datetime | None = None
    last_full_at: datetime | None = None
    error: str = ""


class Syncs(Protocol):
    async def get(self, partner: str) -> SyncState: ...
    async def put(self, state: SyncState) -> None: ...


class Transaction(Protocol):
    """All tables, in one transaction. Leaving the block commits; an exception rolls back."""

    alerts: Alerts
    names: Names
    conversations: Conversations
    people: People
    intents: Intents
    outbox: Outbox
    coverage: Coverage
    cards: Cards
    cancellations: Cancellations
    request_cards: RequestCards
    bulk: Bulk
    rollups: RollUps
    inbox: Inbox
    audit: Audit
    exports: Exports
    sign_ins: SignIns
    leases: Leases
    syncs: Syncs
    vault: Vault


class Store(Protocol):
    """The database. On SQLite there is one writer at a time; reads never wait for it."""

    def write(self) -> AbstractAsyncContextManager[Transaction]: ...
    def read(self) -> AbstractAsyncContextManager[Transaction]:
        """For reading only."""
        ...

    async def alert_version(self, key: AlertKey) -> int | None:
        """The record's version now. Concurrent calls share one query, so that drawing a card costs next to nothing."""
        ...

    async def ping(self) -> None:
        """Raises Transient where the database does not answer."""
        ...

    async def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Environment:
    """What nearly every use case needs, handed over as one. `outbox_work` is set after work was added to the outbox."""

    store: Store
    clock: Clock
    ids: Ids
    partners: Mapping[str, Partner] = field(default_factory=dict)  # by tenant id
    outbox_work: asyncio.Event = field(default_factory=asyncio.Event)


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

    async def forget(self, person: Person) -> None: ...


class ReaderSignIns(Protocol):
    """The sign-ins of the people as whom partners' alerts are read."""

    async def ends_at(self, partner: Partner) -> datetime | None:
        """When it ends if it is not used before; None where nobody signed in. Raises Refused where it is unreadable."""
        ...


@dataclass(frozen=True, slots=True)
class Sealed:
    """Something encrypted at rest. `version` grows with each write, so that no replica overwrites another."""

    blob: bytes
    key_id: str
    version: int


class Vault(Protocol):
    """Encrypted tokens, as opaque bytes. `kind` is `user` or `reader`, `owner` whose it is."""

    async def get(self, kind: str, owner: str) -> Sealed | None: ...
    async def put(self, kind: str, owner: str, blob: bytes, key_id: str, version: int, now: datetime) -> bool:
        """Write version + 1 where `version` (0: none yet) is still the stored one; False: somebody was faster."""
        ...

    async def remove(self, kind: str, owner: str) -> None: ...
    async def prune(self, kind: str, before: datetime) -> int:
        """Remove those of a kind that were not written since then. How many."""
        ...

    async def key_ids(self) -> Mapping[str, int]:
        """Which keys sealed what is kept: key id -> how many."""
        ...

    async def discard(self, key_id: str) -> int:
        """Remove whatever that key sealed, for it is lost. How many."""
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
