"""One transaction's way to the database: what every table module in this package talks through."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import CursorResult, Executable, Row, Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bot.store.failures import our_errors


class Session:
    """A transaction that takes its connection with its first statement. Statements run one after another.

    Values of a row go into `parameters`: put into the statement they would be taken apart and named anew each time.

    Nothing is kept unless `commit` is called; `close` gives the connection back in any case.
    """

    def __init__(self, engine: AsyncEngine, *, writes: bool) -> None:
        self._engine = engine
        self._writes = writes
        self._connection: AsyncConnection | None = None
        self._turn = asyncio.Lock()

    @property
    def is_postgres(self) -> bool:
        return self._engine.dialect.name == "postgresql"

    async def execute(self, statement: Executable, parameters: Any = None) -> CursorResult[Any]:
        async with self._turn:
            with our_errors():
                connection = await self._open()
                return await connection.execute(statement, parameters)

    async def rows(self, statement: Executable) -> Sequence[Row[Any]]:
        return (await self.execute(statement)).all()

    async def first(self, statement: Executable) -> Row[Any] | None:
        return (await self.execute(statement)).first()

    async def changed(self, statement: Executable, parameters: Any = None) -> int:
        """How many rows the statement inserted, changed or deleted."""
        # Without the option the count of an insert is gone by the time that it could be asked for.
        return (await self.execute(statement.execution_options(preserve_rowcount=True), parameters)).rowcount

    def insert(self, table: Table) -> postgresql.Insert | sqlite.Insert:
        """An insert that can say what to do on a conflict."""
        return postgresql.insert(table) if self.is_postgres else sqlite.insert(table)

    @asynccontextmanager
    async def savepoint(self) -> AsyncIterator[None]:
        """What fails inside is undone alone; the transaction goes on."""
        with our_errors():
            connection = await self._open()
            async with connection.begin_nested():
                yield

    @asynccontextmanager
    async def apart(self) -> AsyncIterator[Session]:
        """A session for one batch of a long read, so that nothing is held open between the batches.

        While writing it is this session itself, which sees its own changes.
        """
        if self._writes:
            yield self
            return
        session = Session(self._engine, writes=False)
        try:
            yield session
        finally:
            await session.close()

    async def commit(self) -> None:
        if self._connection is not None:
            with our_errors(committing=True):
                await self._connection.commit()

    async def close(self) -> None:
        if self._connection is not None:
            with our_errors():
                # A caller that is cancelled must not leave a transaction open behind it.
                await asyncio.shield(asyncio.ensure_future(self._connection.close()))

    async def _open(self) -> AsyncConnection:
        if self._connection is None:
            self._connection = await self._engine.connect()
        return self._connection
