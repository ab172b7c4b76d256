"""What people do and ask for: verdicts, many at once, requests, drills, exports; and the evidence of it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from bot.domain.alerts import AlertKey
from bot.domain.audit import AuditEntry, AuditRow
from bot.domain.bulk import BulkRun, BulkSet
from bot.domain.cancellations import Cancellation, Plan, RequestCard
from bot.domain.decisions import Intent
from bot.domain.drills import Drill
from bot.domain.filters import AlertQuery


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

    async def wake(self, intent_id: str, now: datetime) -> bool:
        """One that was given back until later is due now. False: somebody is at it, or it has ended."""
        ...

    async def set_aside(self, intent_id: str, now: datetime, error: str) -> bool:
        """One that was given back until later is overtaken. False: somebody is at it, or it has ended."""
        ...

    async def resolved_since(self, partner: str, since: datetime) -> frozenset[str]:
        """The ids of the partner's alerts that were resolved through intents of that time and later."""
        ...

    async def close(self, intent_id: str, state: str, error: str = "") -> bool:
        """False: it was closed already, and stays as it is."""
        ...


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


class Cancellations(Protocol):
    """Plans to cancel or reactivate, and how far they came. The database keeps it to one open plan per subscription.

    One whose stored plan is not what was asked for (somebody changed the row by hand) is never handed out: what reads
    many leaves it out, what is about it raises Permanent (`plan_changed`). It is due until it is discarded."""

    async def next_number(self) -> int: ...
    async def open(self, plan: Plan, due_at: datetime) -> Cancellation | None:
        """Write a new one down, in state asked. None: done; else the one that is already open on this subscription."""
        ...

    async def get(self, number: int) -> Cancellation | None: ...
    async def held(self, number: int) -> Cancellation | None:
        """As `get`, while writing: nobody else changes it before this transaction ends, and what others wrote down
        together with a change of theirs shows from here on."""
        ...

    async def last_on(self, partner: str, subscriptions: Iterable[str]) -> dict[str, Cancellation]:
        """The newest of each of these subscriptions (ids in any case; the answer's are lower case)."""
        ...

    async def latest(self, partners: frozenset[str], limit: int) -> tuple[Cancellation, ...]:
        """The open ones, oldest first, then the others, newest first."""
        ...

    async def of_subscription(self, partner: str, subscription_id: str, limit: int) -> tuple[Cancellation, ...]:
        """All on one subscription (id in any case), the newest first. They are evidence: none is left out in silence,
        so it raises Permanent where a plan was changed."""
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

    async def discard(self, number: int, now: datetime, outcome: str) -> bool:
        """End one whose plan was changed. False: nothing was left to do about it."""
        ...


class RequestCards(Protocol):
    """The cards of requests, in whichever conversations they stand."""

    async def add(self, card: RequestCard) -> None: ...
    async def get(self, card_id: str) -> RequestCard | None: ...
    async def of_request(self, number: int) -> tuple[RequestCard, ...]: ...
    async def unposted(self, conversation_id: str) -> tuple[RequestCard, ...]:
        """Those that wait in a conversation for Teams to take them."""
        ...

    async def posted(self, card_id: str, activity_id: str) -> None: ...


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


class Exports(Protocol):
    async def add(self, request: ExportRequest) -> None: ...
    async def get(self, export_id: str) -> ExportRequest | None: ...
    async def by_token(self, token_hash: str) -> ExportRequest | None: ...
    async def take(self, export_id: str, now: datetime) -> ExportRequest | None:
        """Consume it: the request, once, if it has not expired."""
        ...


class Audit(Protocol):
    async def append(self, entry: AuditEntry, now: datetime) -> AuditRow: ...
    async def head(self, partner: str) -> tuple[int, str]:
        """Length and last hash of a partner's chain, as the database keeps them beside the rows."""
        ...

    async def partners(self) -> tuple[str, ...]:
        """Everybody who has a row, or whose rows are counted."""
        ...

    def rows(self, partner: str) -> AsyncIterator[AuditRow]:
        """By number, in constant memory."""
        ...
