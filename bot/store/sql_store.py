"""The store itself: transactions over all tables, on SQLite or PostgreSQL."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext

from sqlalchemy import select

from bot import ports
from bot.domain.alerts import AlertKey
from bot.errors import Transient
from bot.ports import Ids
from bot.store.alert_versions import BatchedVersions, SqlVersionReader
from bot.store.alerts import SqlAlerts
from bot.store.audit import SqlAudit
from bot.store.bulk import SqlBulk
from bot.store.cancellations import SqlCancellations
from bot.store.cards import SqlCards
from bot.store.conversations import SqlConversations
from bot.store.coverage import SqlCoverage
from bot.store.digests import SqlDigests
from bot.store.drills import SqlDrills
from bot.store.duty import SqlDuties
from bot.store.engine import WAIT_SECONDS, Engines, open_engines
from bot.store.escalations import SqlEscalations
from bot.store.exports import SqlExports
from bot.store.figures import SqlFigures
from bot.store.inbox import SqlInbox
from bot.store.intents import SqlIntents
from bot.store.leases import SqlLeases
from bot.store.migrate import check_schema
from bot.store.migrate import migrate as migrate_database
from bot.store.names import SqlNames
from bot.store.outbox import SqlOutbox
from bot.store.people import SqlPeople
from bot.store.refunds import SqlRefunds
from bot.store.request_cards import SqlRequestCards
from bot.store.rollups import SqlRollUps
from bot.store.saved_filters import SqlSavedFilters
from bot.store.session import Session
from bot.store.sign_ins import SqlSignIns
from bot.store.syncs import SqlSyncs
from bot.store.tables import counters
from bot.store.vault import SqlVault

PING_SECONDS = 5.0


class SqlTransaction:
    """All tables in one transaction (ports.Transaction)."""

    def __init__(self, session: Session, audit_key: bytes, ids: Ids) -> None:
        self.alerts: ports.Alerts = SqlAlerts(session)
        self.names: ports.Names = SqlNames(session)
        self.conversations: ports.Conversations = SqlConversations(session)
        self.people: ports.People = SqlPeople(session)
        self.intents: ports.Intents = SqlIntents(session)
        self.coverage: ports.Coverage = SqlCoverage(session)
        self.outbox: ports.Outbox = SqlOutbox(session, ids)
        self.cards: ports.Cards = SqlCards(session)
        self.cancellations: ports.Cancellations = SqlCancellations(session)
        self.request_cards: ports.RequestCards = SqlRequestCards(session)
        self.bulk: ports.Bulk = SqlBulk(session)
        self.rollups: ports.RollUps = SqlRollUps(session)
        self.duties: ports.Duties = SqlDuties(session)
        self.escalations: ports.Escalations = SqlEscalations(session)
        self.drills: ports.Drills = SqlDrills(session)
        self.inbox: ports.Inbox = SqlInbox(session)
        self.audit: ports.Audit = SqlAudit(session, audit_key)
        self.digests: ports.Digests = SqlDigests(session)
        self.refunds: ports.Refunds = SqlRefunds(session)
        self.figures: ports.Figures = SqlFigures(session)
        self.saved_filters: ports.SavedFilters = SqlSavedFilters(session)
        self.exports: ports.Exports = SqlExports(session)
        self.sign_ins: ports.SignIns = SqlSignIns(session)
        self.leases: ports.Leases = SqlLeases(session)
        self.syncs: ports.Syncs = SqlSyncs(session)
        self.vault: ports.Vault = SqlVault(session)


class SqlStore:
    """ports.Store. Opened by `open_store`; `close` it when done."""

    def __init__(self, engines: Engines, audit_key: bytes, ids: Ids) -> None:
        self._engines = engines
        self._audit_key = audit_key
        self._ids = ids
        self._writing = asyncio.Lock()
        self._versions = BatchedVersions(SqlVersionReader(engines.instant))

    @asynccontextmanager
    async def write(self) -> AsyncIterator[ports.Transaction]:
        """Commits when the block is left. After Transient nothing was kept, unless it says in_doubt."""
        async with self._turn():
            session = Session(self._engines.writer, writes=True)
            try:
                yield SqlTransaction(session, self._audit_key, self._ids)
                await session.commit()
            finally:
                await session.close()

    @asynccontextmanager
    async def read(self) -> AsyncIterator[ports.Transaction]:
        """Sees one moment, from its first statement on. `stream` and `rows` of the audit see each batch's own."""
        session = Session(self._engines.reader, writes=False)
        try:
            yield SqlTransaction(session, self._audit_key, self._ids)
        finally:
            await session.close()

    async def alert_version(self, key: AlertKey) -> int | None:
        return await self._versions.get(key)

    async def ping(self) -> None:
        session = Session(self._engines.reader, writes=False)
        try:
            async with asyncio.timeout(PING_SECONDS):
                await session.execute(select(counters).limit(1))
        except TimeoutError as error:
            raise Transient("The database does not answer.") from error
        finally:
            await session.close()

    async def close(self) -> None:
        await self._versions.close()
        await self._engines.dispose()

    def _turn(self) -> AbstractAsyncContextManager[None]:
        return self._sole_writer() if self._engines.one_writer else nullcontext()

    @asynccontextmanager
    async def _sole_writer(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                await self._writing.acquire()
        except TimeoutError as error:
            raise Transient("The database is busy: others have been writing for too long.") from error
        try:
            yield
        finally:
            self._writing.release()


def connect(url: str, *, audit_key: bytes, ids: Ids) -> SqlStore:
    """The store at this URL. Nothing is opened yet, and the schema is the caller's business (see `migrate`)."""
    return SqlStore(open_engines(url), audit_key, ids)


async def open_store(url: str, *, audit_key: bytes, ids: Ids, migrate: bool = True) -> SqlStore:
    """Open the database of the operator's URL: `sqlite:///file`, `sqlite:////absolute/file`, or `postgresql://…`.

    With `migrate` the schema is brought up to date first; without, ConfigError where it is not.
    Raises ConfigError for a URL that cannot work, Transient where the database does not answer.
    """
    await asyncio.to_thread(migrate_database if migrate else check_schema, url)
    return connect(url, audit_key=audit_key, ids=ids)
