"""What the use cases need of the database: one Protocol for what belongs together, all of them in a Transaction."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import Protocol

from bot.domain.alerts import AlertKey
from bot.ports.store.acts import Audit, Bulk, Cancellations, Drills, Exports, Intents, RequestCards
from bot.ports.store.alerts import Alerts, Figures, Names, Refunds, SavedFilters
from bot.ports.store.delivery import Cards, Coverage, Digests, Escalations, Outbox, RollUps
from bot.ports.store.people import Conversations, Duties, People, SignIns, Vault
from bot.ports.store.replicas import Inbox, Leases, Syncs


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
