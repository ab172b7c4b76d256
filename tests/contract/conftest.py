"""The store on SQLite and on PostgreSQL: every contract test runs on both. Each test has a database of its own."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from bot.store import SqlStore, migrate, open_store
from tests.contract.store_samples import AUDIT_KEY, FreshIds
from tests.support.postgres import PostgresServer, database_of


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty SQLite file, to be copied."""
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    migrate(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def migrated_postgres(postgres_server: PostgresServer) -> str:
    """The name of a migrated, empty PostgreSQL database, to be copied."""
    url = postgres_server.fresh()
    migrate(url)
    return database_of(url)


@pytest.fixture
def sqlite_url(migrated_sqlite: Path, tmp_path: Path) -> str:
    copy = tmp_path / "alertdesk.db"
    shutil.copyfile(migrated_sqlite, copy)
    return f"sqlite:///{copy}"


@pytest.fixture
def migrated_postgres_url(postgres_server: PostgresServer, migrated_postgres: str) -> Iterator[str]:
    url = postgres_server.fresh(template=migrated_postgres)
    yield url
    postgres_server.drop(url)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest) -> str:
    """A migrated, empty database, on each of the two systems."""
    url: str = request.getfixturevalue("sqlite_url" if request.param == "sqlite" else "migrated_postgres_url")
    return url


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[SqlStore]:
    opened = await open_store(database_url, audit_key=AUDIT_KEY, ids=FreshIds(), migrate=False)
    yield opened
    await opened.close()


@pytest.fixture
async def postgres_store(migrated_postgres_url: str) -> AsyncIterator[SqlStore]:
    """For what PostgreSQL alone can suffer."""
    opened = await open_store(migrated_postgres_url, audit_key=AUDIT_KEY, ids=FreshIds(), migrate=False)
    yield opened
    await opened.close()


@pytest.fixture
async def other_store(database_url: str) -> AsyncIterator[SqlStore]:
    """The same database, opened as another replica would."""
    opened = await open_store(database_url, audit_key=AUDIT_KEY, ids=FreshIds(), migrate=False)
    yield opened
    await opened.close()
