"""The versions of alerts, many callers at a time: the hot path of drawing cards. Reads only what is committed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from itertools import islice
from typing import Any, Protocol

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bot.domain.alerts import AlertKey
from bot.errors import Transient
from bot.store.column_types import clean
from bot.store.failures import our_errors

BATCH = 500
TIMEOUT_SECONDS = 5.0

# One text for every number of keys, which is prepared once. CROSS JOIN keeps SQLite from scanning alerts.
_SQLITE = """
SELECT alerts.partner, alerts.id, alerts.version
FROM json_each(?) AS wanted CROSS JOIN alerts
ON alerts.partner = json_extract(wanted.value, '$[0]') AND alerts.id = json_extract(wanted.value, '$[1]')
"""
_POSTGRES = """
SELECT alerts.partner, alerts.id, alerts.version
FROM unnest(%s::text[], %s::text[]) AS wanted (partner, id) JOIN alerts USING (partner, id)
"""


class VersionReader(Protocol):
    async def read(self, keys: Sequence[AlertKey]) -> dict[AlertKey, int]: ...
    async def close(self) -> None: ...


class BatchedVersions:
    """Callers of one turn of the event loop, or of the time that a query takes, share the next query.

    Never a query that runs already: an answer is never older than its question.
    """

    def __init__(self, reader: VersionReader) -> None:
        self._reader = reader
        self._waiting: dict[AlertKey, list[asyncio.Future[int | None]]] = {}
        self._task: asyncio.Task[None] | None = None
        self._closed = False

    async def get(self, key: AlertKey) -> int | None:
        if self._closed:
            raise Transient("The database is closed.")
        answer: asyncio.Future[int | None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(key, []).append(answer)
        if self._task is None:
            self._task = asyncio.create_task(self._answer_all(), name="alert-versions")
        return await answer

    async def close(self) -> None:
        self._closed = True
        if self._task is not None:
            await self._task
        await self._reader.close()

    async def _answer_all(self) -> None:
        try:
            while self._waiting:
                keys = list(islice(self._waiting, BATCH))
                asked = [(key, self._waiting.pop(key)) for key in keys]
                try:
                    found = await self._reader.read(keys)
                except Exception as error:  # noqa: BLE001 - each caller gets it, whatever it is
                    for _, answers in asked:
                        _fail(answers, error)
                    continue
                for key, answers in asked:
                    for answer in answers:
                        if not answer.done():  # its caller may have gone
                            answer.set_result(found.get(key))
        finally:
            self._task = None


def _fail(answers: list[asyncio.Future[int | None]], error: Exception) -> None:
    for answer in answers:
        if not answer.done():
            # An exception object can be raised once only: each caller adds its own traceback to it.
            fresh = Transient(error.message, code=error.code) if isinstance(error, Transient) else error
            answer.set_exception(fresh)


class SqlVersionReader:
    """Asks the driver itself on a connection that is kept: one hop to SQLite's thread, one round trip to PostgreSQL."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._connection: AsyncConnection | None = None
        self._driver: Any = None

    async def read(self, keys: Sequence[AlertKey]) -> dict[AlertKey, int]:
        reused = self._connection is not None
        try:
            return await self._bounded(keys)
        except Transient:
            await self.close()
            if not reused:
                raise
        return await self._bounded(keys)  # the kept connection had died; a new one is worth one try

    async def close(self) -> None:
        connection, self._connection, self._driver = self._connection, None, None
        if connection is not None:
            try:
                await connection.invalidate()
            finally:
                await connection.close()

    async def _bounded(self, keys: Sequence[AlertKey]) -> dict[AlertKey, int]:
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                with our_errors():
                    rows = await self._rows(keys)
        except TimeoutError as error:
            raise Transient("The database took too long to answer.") from error
        return {AlertKey(partner, alert_id): version for partner, alert_id, version in rows}

    async def _rows(self, keys: Sequence[AlertKey]) -> Sequence[tuple[str, str, int]]:
        if self._driver is None:
            self._connection = await self._engine.connect()
            self._driver = (await self._connection.get_raw_connection()).driver_connection
        if self._engine.dialect.name == "sqlite":
            rows: Sequence[tuple[str, str, int]] = await self._driver.execute_fetchall(_SQLITE, (json.dumps(keys),))
            return rows
        partners, ids = [clean(key.partner) for key in keys], [clean(key.id) for key in keys]
        cursor = await self._driver.execute(_POSTGRES, (partners, ids), prepare=True)
        found: Sequence[tuple[str, str, int]] = await cursor.fetchall()
        return found
