"""Migrations from scratch make what bot/store/tables.py says, wherever the program runs, and only once at a time."""

from __future__ import annotations

import re
import sqlite3
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from sqlalchemy import Connection, Engine, create_engine, inspect, text
from sqlalchemy.exc import DBAPIError

from bot import store as store_package
from bot.errors import ConfigError
from bot.store import engine as engines
from bot.store import migrate, open_store
from bot.store.engine import migration_engine
from bot.store.migrate import _config
from bot.store.schema import metadata
from tests.contract.store_samples import AUDIT_KEY, NOW, FreshIds, a_plan, an_alert
from tests.support.postgres import PostgresServer


def schema(engine: Engine) -> dict[str, Any]:
    """Everything that the database says of its tables, comparable."""
    with engine.connect() as connection:
        inspector = inspect(connection)
        tables = sorted(set(inspector.get_table_names()) - {"alembic_version"})
        return {name: _table(inspector, name) for name in tables} | {"definitions": _definitions(connection)}


def _table(inspector: Any, name: str) -> dict[str, Any]:
    return {
        "columns": [
            (column["name"], repr(column["type"]), column["nullable"], str(column.get("default")))
            for column in inspector.get_columns(name)
        ],
        "key": inspector.get_pk_constraint(name),
        "unique": sorted(map(str, inspector.get_unique_constraints(name))),
        "foreign": sorted(map(str, inspector.get_foreign_keys(name))),
    }


def _definitions(connection: Connection) -> list[str]:
    """Index definitions in the database's own words: conditions, order, uniqueness."""
    if connection.dialect.name == "postgresql":
        query = "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename <> 'alembic_version'"
    else:
        query = "SELECT sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
    return sorted(" ".join(row[0].split()) for row in connection.execute(text(query)))


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def empty_urls(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    """Two empty databases."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'one.db'}", f"sqlite:///{tmp_path / 'two.db'}"
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    urls = server.fresh(), server.fresh()
    yield urls
    for url in urls:
        server.drop(url)


def test_migrations_from_scratch_make_the_tables_of_the_program(empty_urls: tuple[str, str]) -> None:
    by_migration, by_metadata = empty_urls
    migrate(by_migration)
    engines = migration_engine(by_migration), migration_engine(by_metadata)
    metadata.create_all(engines[1])
    migrated, declared = (schema(engine) for engine in engines)
    for name, table in declared.items():
        assert migrated[name] == table, name
    assert migrated.keys() == declared.keys()
    if engines[0].dialect.name == "sqlite":
        assert _autoincrements(engines[0]) == _autoincrements(engines[1]) == {"notes", "outbox"}


def _autoincrements(engine: Engine) -> set[str]:
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT name FROM sqlite_master WHERE sql LIKE '%AUTOINCREMENT%'"))
        return {row.name for row in rows}


def test_those_who_migrate_at_once_wait_for_each_other(empty_urls: tuple[str, str]) -> None:
    failures: list[BaseException] = []

    def run() -> None:
        try:
            migrate(empty_urls[0])
        except Exception as failure:  # noqa: BLE001 - whatever it is, the test shows it
            failures.append(failure)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failures == []
    with migration_engine(empty_urls[0]).connect() as connection:
        counters = connection.execute(text("SELECT name, value FROM counters ORDER BY name"))
        assert [tuple(row) for row in counters] == [("alert", 1000), ("requests", 0), ("schema for", 6)]


class Locked:
    """A new file that others change to the same mode at this moment: SQLite refuses at once, so many times."""

    def __init__(self, times: int, says: str = "database is locked") -> None:
        self.left, self.says, self.asked = times, says, 0

    def execute(self, statement: str) -> None:
        assert statement == "PRAGMA journal_mode=WAL"
        self.asked += 1
        if self.left:
            self.left -= 1
            raise sqlite3.OperationalError(self.says)


def test_who_opens_a_new_sqlite_file_together_with_others_tries_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "_WAL_PAUSE", 0.0)
    connection = Locked(3)
    engines._to_wal(connection, None)
    assert connection.asked == 4

    with pytest.raises(sqlite3.OperationalError, match="locked"):
        engines._to_wal(Locked(10_000), None)
    broken = Locked(1, "disk I/O error")
    with pytest.raises(sqlite3.OperationalError, match="disk"):
        engines._to_wal(broken, None)
    assert broken.asked == 1, "what waiting does not mend is told at once"


async def test_a_database_of_the_version_before_keeps_what_it_holds(empty_urls: tuple[str, str]) -> None:
    url = empty_urls[0]
    with migration_engine(url).begin() as connection:
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "0002")
        assert "cancellations" not in inspect(connection).get_table_names()
        connection.execute(text("UPDATE counters SET value = 1234 WHERE name = 'alert'"))
        connection.execute(
            text("INSERT INTO leases (name, owner, until) VALUES ('old', 'one', '2026-03-01T12:00:00Z')")
        )
    store = await open_store(url, audit_key=AUDIT_KEY, ids=FreshIds())
    try:
        async with store.write() as tx:
            assert (await tx.alerts.add(an_alert(), NOW, None)).number == 1235
            assert not await tx.leases.acquire("old", "two", NOW - timedelta(hours=1), 60)
            assert await tx.cancellations.next_number() == 1
            assert await tx.cancellations.open(a_plan(), NOW) is None
        with pytest.raises(DBAPIError, match="neither changed nor deleted"):
            async with store._engines.writer.begin() as connection_now:
                await connection_now.execute(text("DELETE FROM cancellations"))
    finally:
        await store.close()


async def test_without_migration_an_old_schema_is_refused(empty_urls: tuple[str, str]) -> None:
    with pytest.raises(ConfigError, match="migrate"):
        await open_store(empty_urls[0], audit_key=AUDIT_KEY, ids=FreshIds(), migrate=False)
    migrate(empty_urls[0])
    store = await open_store(empty_urls[0], audit_key=AUDIT_KEY, ids=FreshIds(), migrate=False)
    await store.ping()
    await store.close()


@pytest.mark.parametrize("and_migrate", [True, False])
async def test_a_database_of_a_newer_program_is_refused(empty_urls: tuple[str, str], and_migrate: bool) -> None:
    migrate(empty_urls[0])
    with migration_engine(empty_urls[0]).begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        connection.execute(text("UPDATE counters SET value = 9999 WHERE name = 'schema for'"))
    with pytest.raises(ConfigError, match="newer version"):
        await open_store(empty_urls[0], audit_key=AUDIT_KEY, ids=FreshIds(), migrate=and_migrate)


@pytest.mark.parametrize("and_migrate", [True, False])
async def test_a_newer_schema_that_still_serves_us_is_worked_with_and_left_as_it_is(
    empty_urls: tuple[str, str], and_migrate: bool
) -> None:
    """During an upgrade a replica of the version before may start after the first of the new ones did."""
    migrate(empty_urls[0])
    with migration_engine(empty_urls[0]).begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        connection.execute(text("ALTER TABLE routes ADD COLUMN newer TEXT"))
    store = await open_store(empty_urls[0], audit_key=AUDIT_KEY, ids=FreshIds(), migrate=and_migrate)
    try:
        async with store.write() as tx:
            assert (await tx.alerts.add(an_alert(), NOW, None)).number == 1001
    finally:
        await store.close()
    with migration_engine(empty_urls[0]).connect() as connection:
        assert connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one() == "9999"


def test_every_migration_only_adds_unless_it_says_which_schema_it_still_serves() -> None:
    """What takes something away raises the counter `schema for` to its own number."""
    for path in (Path(str(store_package.__file__)).parent / "migrations" / "versions").glob("v*.py"):
        source = path.read_text()
        takes = re.findall(r"\bop\.(drop_\w+|alter_column|rename_table)\b", source)
        assert not takes or "schema for" in source, (path.name, takes)


def test_a_failed_migration_leaves_nothing_behind(tmp_path: Path) -> None:
    path = tmp_path / "half.db"
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE routes (other INTEGER)"))
    with pytest.raises(Exception, match="already exists"):
        migrate(f"sqlite:///{path}")
    assert inspect(engine).get_table_names() == ["routes"]
    engine.dispose()


def test_a_program_of_the_version_before_can_write_intents_beside_this_one(empty_urls: tuple[str, str]) -> None:
    """It knows nothing of the columns that came with 0005."""
    url = empty_urls[0]
    migrate(url)
    named = (
        "id, partner, alert_id, status, reason, note, by_id, by_name, at, conversation_id, may_replace, state, "
        "attempts, error, owner, claimed_until"
    )
    with migration_engine(url).begin() as connection:
        columns = {column["name"]: column for column in inspect(connection).get_columns("intents")}
        assert set(columns) - set(named.split(", ")) == {"bulk", "only_from"}
        assert all("''" in str(columns[name]["default"]) for name in ("bulk", "only_from"))
