"""Transactions on both databases: all or nothing, reads beside writes, and trouble that says what it is."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import exc, text

from bot.errors import ConfigError, Permanent, Transient
from bot.store import SqlStore, migrate, open_store
from bot.store.engine import parse_url
from bot.store.failures import our_errors, translated
from tests.contract.store_samples import (
    AUDIT_KEY,
    NOW,
    FreshIds,
    a_conversation,
    a_query,
    add_alerts,
    add_conversations,
    an_alert,
    an_item,
)


async def count(store: SqlStore) -> int:
    async with store.read() as tx:
        return await tx.alerts.count(a_query())


def file_of(url: str) -> str:
    return url.removeprefix("sqlite:///")


async def test_an_exception_undoes_everything(store: SqlStore) -> None:
    async def fail() -> None:
        async with store.write() as tx:
            await tx.alerts.add(an_alert("one"), NOW, None)
            await tx.conversations.put(a_conversation())
            await tx.outbox.add([an_item()], NOW)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    async with store.read() as tx:
        assert await tx.alerts.count(a_query()) == 0
        assert await tx.conversations.get("channel-1") is None
        assert sum((await tx.outbox.counts()).values()) == 0


async def test_a_cancelled_write_is_undone_and_the_next_one_goes_on(store: SqlStore) -> None:
    inside = asyncio.Event()

    async def write() -> None:
        async with store.write() as tx:
            await tx.alerts.add(an_alert("one"), NOW, None)
            inside.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(write())
    await inside.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await add_alerts(store, an_alert("two")) == [1001]
    assert await count(store) == 1


async def test_writes_cancelled_at_any_moment_leave_the_store_usable(store: SqlStore) -> None:
    async def write(n: int) -> None:
        async with store.write() as tx:
            await tx.alerts.add(an_alert(f"a{n}"), NOW, None)
            await tx.outbox.add([an_item()], NOW)

    for turns in range(0, 60, 3):
        task = asyncio.create_task(write(turns))
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    async with asyncio.timeout(20):
        await add_alerts(store, an_alert("after"))
        async with store.read() as tx:
            alerts = await tx.alerts.count(a_query())
            assert (await tx.outbox.counts())["pending"] == alerts - 1  # each was kept whole or not at all


async def test_readers_see_the_last_commit_while_a_writer_is_at_work(store: SqlStore) -> None:
    await add_alerts(store, an_alert("one"))
    async with asyncio.timeout(20), store.write() as tx:
        await tx.alerts.add(an_alert("two"), NOW, None)
        assert await asyncio.gather(*(count(store) for _ in range(20))) == [1] * 20
    assert await count(store) == 2


async def test_a_read_sees_one_moment(store: SqlStore) -> None:
    async with store.read() as tx:
        assert await tx.alerts.count(a_query()) == 0
        await add_alerts(store, an_alert("one"))
        assert await tx.alerts.count(a_query()) == 0
    assert await count(store) == 1


async def test_a_read_cannot_write(store: SqlStore) -> None:
    with pytest.raises((ConfigError, Transient, exc.DBAPIError)):
        async with store.read() as tx:
            await tx.conversations.put(a_conversation())
    async with store.read() as tx:
        assert await tx.conversations.get("channel-1") is None


async def test_a_transaction_may_be_shared_by_tasks(store: SqlStore) -> None:
    await add_conversations(store, *(f"c{n}" for n in range(20)))
    async with store.read() as tx:
        found = await asyncio.gather(*(tx.conversations.get(f"c{n}") for n in range(20)))
    assert [conversation.id for conversation in found if conversation] == [f"c{n}" for n in range(20)]


async def test_more_readers_than_connections_wait_for_each_other(store: SqlStore) -> None:
    await add_alerts(store, an_alert("one"))
    async with asyncio.timeout(20):
        assert await asyncio.gather(*(count(store) for _ in range(100))) == [1] * 100


async def test_ping(store: SqlStore) -> None:
    await store.ping()


async def test_a_broken_constraint_shows_as_what_it_is(store: SqlStore) -> None:
    async with store.write() as tx:
        await tx.alerts.add(an_alert("one"), NOW, None)
    with pytest.raises(exc.IntegrityError):
        async with store._engines.writer.begin() as connection:
            await connection.execute(text("INSERT INTO counters (name, value) VALUES ('alert', 1)"))


@contextmanager
def locked(path: str) -> Iterator[None]:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.execute("ROLLBACK")


async def test_a_database_locked_by_another_program_is_passing_trouble(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.store.engine.BUSY_SECONDS", 0.05)
    store = await open_store(sqlite_url, audit_key=AUDIT_KEY, ids=FreshIds())
    with locked(file_of(sqlite_url)):
        with pytest.raises(Transient, match="locked by another program"):
            await add_alerts(store, an_alert("one"))
        assert await count(store) == 0  # reads go on
        await store.ping()
    assert await add_alerts(store, an_alert("one")) == [1001]
    await store.close()


async def test_a_full_disk_is_passing_trouble(sqlite_url: str) -> None:
    store = await open_store(sqlite_url, audit_key=AUDIT_KEY, ids=FreshIds())
    await add_alerts(store, an_alert("one"))
    async with store._engines.writer.connect() as connection:
        pages = (await connection.exec_driver_sql("PRAGMA page_count")).scalar_one()
        await connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")
    with pytest.raises(Transient, match="disk that holds the database is full"):
        await add_alerts(store, an_alert("big", description="x" * 200_000))
    assert await count(store) == 1
    await store.close()


async def test_what_was_acknowledged_is_written_through_to_the_disk(sqlite_url: str) -> None:
    store = await open_store(sqlite_url, audit_key=AUDIT_KEY, ids=FreshIds())
    async with store._engines.writer.connect() as connection:
        settings = [
            (await connection.exec_driver_sql(f"PRAGMA {name}")).scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        ]
    await store.close()
    assert settings == ["wal", 2, 1, 2000]


async def test_a_lost_connection_is_passing_trouble_and_the_next_try_works(
    postgres_store: SqlStore, migrated_postgres_url: str
) -> None:

    async def cut() -> None:
        async with await psycopg.AsyncConnection.connect(migrated_postgres_url, autocommit=True) as connection:
            await connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )

    async def write() -> None:
        async with postgres_store.write() as tx:
            await tx.alerts.add(an_alert("one"), NOW, None)
            await cut()
            await tx.alerts.add(an_alert("two"), NOW, None)

    async def commit() -> None:
        async with postgres_store.write() as tx:
            await tx.alerts.add(an_alert("one"), NOW, None)
            await cut()

    with pytest.raises(Transient) as lost:
        await write()
    assert not lost.value.in_doubt
    with pytest.raises(Transient) as lost:
        await commit()
    assert lost.value.in_doubt
    assert await add_alerts(postgres_store, an_alert("three")) == [1001]
    await cut()
    assert await count(postgres_store) == 1  # an idle connection that died is replaced unseen


async def test_a_deadlock_is_passing_trouble_for_one_of_the_two(postgres_store: SqlStore) -> None:
    keys = [an_alert("one").key, an_alert("two").key]
    await add_alerts(postgres_store, an_alert("one"), an_alert("two"))
    holding = [asyncio.Event(), asyncio.Event()]

    async def touch(mine: int) -> str:
        try:
            async with postgres_store.write() as tx:
                await tx.alerts.touch([keys[mine]], NOW)
                holding[mine].set()
                await holding[1 - mine].wait()
                await tx.alerts.touch([keys[1 - mine]], NOW)
        except Transient as trouble:
            return trouble.code
        return ""

    assert sorted(await asyncio.gather(touch(0), touch(1))) == ["", "40P01"]


async def test_a_database_that_is_not_there_is_passing_trouble(tmp_path: Path) -> None:
    with pytest.raises(Transient):
        await open_store(f"postgresql://u:secret@/db?host={tmp_path}", audit_key=AUDIT_KEY, ids=FreshIds())


@pytest.mark.parametrize(
    "url",
    [
        "mysql://localhost/db",
        "postgresql+asyncpg://localhost/db",
        "sqlite://",
        "sqlite:///:memory:",
        "sqlite:////no/such/folder/x.db",
        "not a url",
        "",
        "postgresql://user:secret@host:port/db",
    ],
)
def test_a_url_that_cannot_work_is_refused_without_showing_a_password(url: str) -> None:
    with pytest.raises(ConfigError) as refused:
        parse_url(url)
    assert "secret" not in str(refused.value)


async def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "notes.db"
    path.write_text("Dear diary, " * 500)
    with pytest.raises(ConfigError, match="not a database"):
        await open_store(f"sqlite:///{path}", audit_key=AUDIT_KEY, ids=FreshIds())


async def test_a_relative_file_is_made_where_the_program_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    store = await open_store("sqlite:///alertdesk.db", audit_key=AUDIT_KEY, ids=FreshIds())
    await store.close()
    assert (tmp_path / "alertdesk.db").exists()


def sqlite_error(code: int) -> sqlite3.Error:
    error = sqlite3.OperationalError("made up")
    error.sqlite_errorcode = code
    return error


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (sqlite_error(sqlite3.SQLITE_BUSY), Transient),
        (sqlite_error(sqlite3.SQLITE_BUSY_SNAPSHOT), Transient),
        (sqlite_error(sqlite3.SQLITE_FULL), Transient),
        (sqlite_error(sqlite3.SQLITE_IOERR_FSYNC), Transient),
        (sqlite_error(sqlite3.SQLITE_READONLY), ConfigError),
        (sqlite_error(sqlite3.SQLITE_CORRUPT), Permanent),
        (sqlite_error(sqlite3.SQLITE_ERROR), None),
        (sqlite_error(sqlite3.SQLITE_CONSTRAINT_UNIQUE), None),
        (psycopg.OperationalError("no route to host"), Transient),
        (psycopg.InterfaceError("the connection is closed"), Transient),
        (psycopg.errors.SerializationFailure(), Transient),
        (psycopg.errors.DeadlockDetected(), Transient),
        (psycopg.errors.QueryCanceled(), Transient),
        (psycopg.errors.DiskFull(), Transient),
        (psycopg.errors.AdminShutdown(), Transient),
        (psycopg.errors.ConnectionFailure(), Transient),
        (psycopg.errors.InvalidPassword(), ConfigError),
        (psycopg.errors.InvalidCatalogName(), ConfigError),
        (psycopg.errors.UniqueViolation(), None),
        (psycopg.errors.UndefinedTable(), None),
        (exc.TimeoutError(), Transient),
        (exc.InvalidRequestError(), None),
    ],
    ids=repr,
)
def test_foreign_errors_and_what_they_become(error: Exception, kind: type[Exception] | None) -> None:
    ours = translated(error)
    wrapped = translated(exc.DBAPIError("SELECT 1", {}, error)) if not isinstance(error, exc.SQLAlchemyError) else ours
    if kind is None:
        assert ours is None
        assert wrapped is None
        with pytest.raises(type(error)), our_errors():
            raise error
    else:
        assert type(ours) is type(wrapped) is kind
        assert str(ours)
        with pytest.raises(kind), our_errors():
            raise error


def test_migrating_twice_changes_nothing(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'twice.db'}"
    migrate(url)
    migrate(url)
