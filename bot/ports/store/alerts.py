"""What is known of alerts: the records, their names, what is counted and kept about them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.domain.alerts import Alert, AlertKey, AlertRecord, Decision, Note, Work
from bot.domain.filters import AlertQuery, Cursor
from bot.domain.recurrence import Background
from bot.domain.refund import Filing, RefundClock
from bot.domain.response_clock import Standing
from bot.domain.saved_filters import SavedFilter


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


@dataclass(frozen=True, slots=True)
class Decided:
    """How many alerts somebody gave one verdict."""

    by_name: str
    verdict: str
    alerts: int


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
