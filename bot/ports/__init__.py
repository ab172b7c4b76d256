"""What the use cases need from the world, in domain words. Small Protocols; the adapters implement them.

Adapters raise only the errors of bot/errors.py. All times are aware UTC; all spans are seconds.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.domain.people import Partner
from bot.ports.common import Clock, Ids
from bot.ports.microsoft import (
    AlertPage,
    AlertSource,
    Directory,
    Entitlement,
    ReaderSignIns,
    Receipt,
    SecurityScores,
    SignedIn,
    SignInPage,
    Subscriptions,
    Tokens,
    UnreadableAlert,
    UserTokens,
)
from bot.ports.store import Store, Transaction
from bot.ports.store.acts import (
    Audit,
    Bulk,
    Cancellations,
    Drills,
    ExportKind,
    ExportRequest,
    Exports,
    Intents,
    RequestCards,
)
from bot.ports.store.alerts import Alerts, Decided, Figures, Names, Page, Refunds, SavedFilters
from bot.ports.store.delivery import Cards, Coverage, Digests, Escalations, Outbox, RollUps
from bot.ports.store.people import Conversations, Duties, People, Sealed, SealedRow, SignIn, SignIns, Vault
from bot.ports.store.replicas import Inbox, Leases, Syncs, SyncState
from bot.ports.teams import Channel, Files, Full, Heartbeat, Message, Pace, Renderer, Roster

__all__ = [
    "AlertPage",
    "AlertSource",
    "Alerts",
    "Audit",
    "Bulk",
    "Cancellations",
    "Cards",
    "Channel",
    "Clock",
    "Conversations",
    "Coverage",
    "Decided",
    "Digests",
    "Directory",
    "Drills",
    "Duties",
    "Entitlement",
    "Environment",
    "Escalations",
    "ExportKind",
    "ExportRequest",
    "Exports",
    "Figures",
    "Files",
    "Full",
    "Heartbeat",
    "Ids",
    "Inbox",
    "Intents",
    "Leases",
    "Message",
    "Names",
    "Outbox",
    "Pace",
    "Page",
    "People",
    "ReaderSignIns",
    "Receipt",
    "Refunds",
    "Renderer",
    "RequestCards",
    "RollUps",
    "Roster",
    "SavedFilters",
    "Sealed",
    "SealedRow",
    "SecurityScores",
    "SignIn",
    "SignInPage",
    "SignIns",
    "SignedIn",
    "Store",
    "Subscriptions",
    "SyncState",
    "Syncs",
    "Tokens",
    "Transaction",
    "UnreadableAlert",
    "UserTokens",
    "Vault",
]


@dataclass(frozen=True, slots=True)
class Environment:
    """What nearly every use case needs, handed over as one. `outbox_work` is set after work was added to the outbox."""

    store: Store
    clock: Clock
    ids: Ids
    partners: Mapping[str, Partner] = field(default_factory=dict)  # by tenant id
    outbox_work: asyncio.Event = field(default_factory=asyncio.Event)
