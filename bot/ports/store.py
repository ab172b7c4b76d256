"""What the use cases need of the database: one Protocol for what belongs together, all of them in a Transaction."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from bot.domain.alerts import Alert, AlertKey, AlertRecord, Decision, Note, Work
from bot.domain.audit import AuditEntry, AuditRow
from bot.domain.bulk import BulkRun, BulkSet
from bot.domain.cancellations import Cancellation, Plan, RequestCard
from bot.domain.decisions import Intent
from bot.domain.delivery import CardPost, Doubt, NewItem, OutboxItem, PastCall, Uncovered
from bot.domain.digest import Digest
from bot.domain.drills import Drill
from bot.domain.duty import Duty
from bot.domain.escalation import Taken, Waiting, Window
from bot.domain.filters import AlertQuery, Cursor
from bot.domain.people import Conversation, Person, Roles, Route
from bot.domain.recurrence import Background
from bot.domain.refund import Filing, RefundClock
from bot.domain.response_clock import Standing
from bot.domain.saved_filters import SavedFilter
from bot.domain.storms import Arrivals, Census, Membership, News, RollUp, Scope


@dataclass(frozen=True, slots=True)
class Page:
    records: tuple[AlertRecord, ...]
    total: int  # counted up to COUNTED_MOST; one more than that stands for any more
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
        """By start of alert id or subscription id, or part of a customer's name; where nothing begins so, by any part
        of the ids of open alerts. Newest first."""
        ...

    async def of_subscription(self, partner: str, subscription_id: str, limit: int) -> tuple[AlertRecord, ...]:
        """Its alerts, the open ones first, then the newest."""
        ...

    async def background(self, record: AlertRecord, limit: int) -> Background:
        """Its latest note, and what was decided on its subscription: of the alerts that were detected before it, the
        newest `limit`. No tests. One question for both, for it is asked whenever a card is drawn."""
        ...

    async def open_keys(self, partner: str) -> frozenset[AlertKey]: ...
    async def add(self, alert: Alert, now: datetime, decision: Decision | None) -> AlertRecord:
        """A new record with the next number and version 1."""
        ...

    async def change(self, key: AlertKey, alert: Alert, now: datetime, decision: Decision | None) -> AlertRecord:
        """Replace what the source said and the decision; version + 1."""
        ...

    async def set_work(self, key: AlertKey, work: Work, now: datetime) -> AlertRecord:
        """Replace what the team made of it; version + 1."""
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

    async def of_subscription(self, partner: str, subscription_id: str, limit: int) -> tuple[Cancellation, ...]:
        """All on one subscription (id in any case), the newest first."""
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


class Duties(Protocol):
    """Who is on duty in which conversation."""

    async def get(self, conversation_id: str) -> tuple[Duty, int]:
        """The roster and its version; an empty one of version 0 where none was ever kept."""
        ...

    async def put(self, conversation_id: str, roster: Duty, version: int, now: datetime) -> bool:
        """Write version + 1 where `version` still is the stored one; False: somebody was faster."""
        ...


class Escalations(Protocol):
    """How far the escalation of alerts has come, in each conversation."""

    async def waiting(
        self,
        conversation_id: str,
        partners: Collection[str],
        windows: Sequence[Window],
        detected_from: datetime,
        now: datetime,
        after: int,
        limit: int,
    ) -> tuple[Waiting, ...]:
        """Unanswered alerts of these partners that fall into one of the windows, by number from `after` on. Routes'
        filters and when the alerts came there are not looked at."""
        ...

    async def taken(self, conversation_id: str, number: int) -> Taken: ...
    async def take(self, conversation_id: str, number: int, step: int, now: datetime) -> bool:
        """Write the step down. False: it is taken already, or the one before is not."""
        ...

    async def taken_since(self, conversation_id: str, step: int, since: datetime) -> int: ...
    async def prune(self, before: datetime) -> int:
        """Forget alerts whose last step was before. How many."""
        ...


class Drills(Protocol):
    """Drills and how the team did. The database keeps it to one of a partner that is not reported yet."""

    async def begin(self, drill: Drill) -> Drill | None:
        """Write it down. None: done; else the one of that partner that is under way."""
        ...

    async def get(self, drill_id: str) -> Drill | None: ...
    async def under_way(self, partner: str) -> Drill | None: ...
    async def open(self, limit: int) -> tuple[Drill, ...]:
        """All partners' that are not reported yet."""
        ...

    async def begun_since(self, partner: str, since: datetime) -> int: ...
    async def latest(self, partners: frozenset[str], limit: int) -> tuple[Drill, ...]:
        """Newest first."""
        ...

    async def put(self, drill: Drill) -> bool:
        """Write how far it came. False: it was reported before, and stays as it was."""
        ...

    async def carded_at(self, drill: Drill) -> datetime | None:
        """When Teams first confirmed a card of its alert."""
        ...


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


class ExportKind(StrEnum):
    """What a file holds: the alerts of the request's query; the audit trail of its one partner; an evidence pack about
    the request's `subject`, a subscription id or the number of an alert, of its one partner."""

    ALERTS = "alerts"
    AUDIT = "audit"
    EVIDENCE = "evidence"


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """Someone asked for a file. `rows` is how many alerts or audit rows it holds. `token_hash` (SHA-256 of the link's
    token) is empty where a file consent is used."""

    id: str
    person_id: str
    tenant_id: str
    query: AlertQuery
    file_name: str
    rows: int
    expires_at: datetime
    token_hash: str = ""
    kind: str = ExportKind.ALERTS
    subject: str = ""


@dataclass(frozen=True, slots=True)
class Decided:
    """How many alerts somebody gave one verdict."""

    by_name: str
    verdict: str
    alerts: int


class Digests(Protocol):
    """The digests of conversations, one of each kind at most, and what they tell that nothing else asks for."""

    async def of(self, conversation_id: str) -> tuple[Digest, ...]: ...
    async def put(self, digest: Digest) -> None: ...
    async def remove(self, conversation_id: str, kind: str) -> bool:
        """False: there was none."""
        ...

    async def due(self, now: datetime, limit: int) -> tuple[Digest, ...]:
        """Those whose time has come, longest waiting first."""
        ...

    async def advance(self, digest: Digest, next_at: datetime, last_at: datetime | None) -> bool:
        """Set when the next one is due. False: it was set anew, removed, or taken by another replica meanwhile."""
        ...

    async def resolved(self, query: AlertQuery, since: datetime) -> int:
        """How many alerts of the query were resolved since then."""
        ...

    async def decided(self, query: AlertQuery, since: datetime, limit: int) -> tuple[Decided, ...]:
        """The same by person and verdict, most first."""
        ...


class Figures(Protocol):
    """What tiles and the response clock count, as domain/response_clock.py defines it."""

    async def standing(self, partners: Sequence[str], now: datetime, until: datetime) -> Standing:
        """`until` is not before `now` and at most HORIZON later."""
        ...

    async def merge(self, now: datetime, limit: int) -> int:
        """Put the tallies of up to so many hours together, and forget those that no window reaches. How many rows
        there are fewer. No figure changes by it."""
        ...


class Refunds(Protocol):
    """The clocks of credit requests. A subscription has one as soon as the verdict of one of its alerts is fraud."""

    async def clock(self, partner: str, subscription_id: str) -> RefundClock | None: ...
    async def since(self, query: AlertQuery, first: datetime, limit: int) -> tuple[RefundClock, ...]:
        """Clocks that began at `first` or later, of the alerts that the query selects; earliest first. Left out are
        customers for whom a request is filed."""
        ...

    async def count_since(self, query: AlertQuery, first: datetime) -> int:
        """How many those are."""
        ...

    async def file(self, partner: str, subscription_id: str, customer_tenant_id: str, filing: Filing) -> None:
        """Write down that it is filed; what was written before for this subscription is replaced."""
        ...

    async def unfile(self, partner: str, subscription_id: str) -> bool:
        """False: nothing was written down."""
        ...


class SavedFilters(Protocol):
    """Filters that are kept under a name, in the scopes of bot/domain/saved_filters.py. Names in any case."""

    async def named(self, scope: str, names: Collection[str]) -> tuple[SavedFilter, ...]: ...
    async def all_of(self, scope: str, limit: int) -> tuple[SavedFilter, ...]:
        """By name."""
        ...

    async def count(self, scope: str) -> int: ...
    async def put(self, saved: SavedFilter) -> None:
        """Keep it; what the scope has under that name is replaced."""
        ...

    async def remove(self, scope: str, name: str) -> bool:
        """False: there was none."""
        ...


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
    duties: Duties
    escalations: Escalations
    drills: Drills
    inbox: Inbox
    audit: Audit
    digests: Digests
    refunds: Refunds
    figures: Figures
    saved_filters: SavedFilters
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
