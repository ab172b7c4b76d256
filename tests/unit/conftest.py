"""A real store on SQLite, and the house of use cases on it with a made-up world around. Each test has its own."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.chat import acting
from bot.services import access
from bot.store import SqlStore, connect, migrate
from tests.fakes import FakeClock, FakeIds
from tests.support.house import House

AUDIT_KEY = b"an insecure key for tests only..."


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file without a row, to be copied."""
    path = tmp_path_factory.mktemp("sqlite") / "empty.db"
    migrate(f"sqlite:///{path}")
    return path


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def ids() -> FakeIds:
    return FakeIds()


@pytest.fixture
async def store(empty_database: Path, tmp_path: Path, ids: FakeIds) -> AsyncIterator[SqlStore]:
    copy = tmp_path / "alertdesk.db"
    shutil.copyfile(empty_database, copy)
    opened = connect(f"sqlite:///{copy}", audit_key=AUDIT_KEY, ids=ids)
    yield opened
    await opened.close()


@pytest.fixture
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy machine even a made-up Teams may answer late; what is about lateness sets its own seconds."""
    monkeypatch.setattr(access, "CHECK_SECONDS", 30.0)
    monkeypatch.setattr(acting, "ANSWER_SECONDS", 30.0)


@pytest.fixture
async def house(store: SqlStore, clock: FakeClock, ids: FakeIds, patience: None) -> AsyncIterator[House]:
    built = House(store, clock, ids)
    yield built
    await built.close()
