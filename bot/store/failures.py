"""The one place where errors of SQLAlchemy and the drivers become ours.

Trouble that passes becomes Transient. What only a bug can cause (a broken constraint, wrong SQL) passes as it is.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from sqlalchemy import exc

from bot.errors import AlertDeskError, ConfigError, Permanent, Transient

# https://www.sqlite.org/rescode.html, by primary code
_SQLITE_TRANSIENT = {
    sqlite3.SQLITE_BUSY: "The database is locked by another program.",
    sqlite3.SQLITE_LOCKED: "The database is locked.",
    sqlite3.SQLITE_FULL: "The disk that holds the database is full.",
    sqlite3.SQLITE_IOERR: "The disk that holds the database reports an error.",
    sqlite3.SQLITE_NOMEM: "There is no memory left for the database.",
    sqlite3.SQLITE_INTERRUPT: "The database was interrupted.",
    sqlite3.SQLITE_CANTOPEN: "The database file cannot be opened.",
}
_SQLITE_CONFIG = {
    sqlite3.SQLITE_READONLY: "The database file or its folder cannot be written.",
    sqlite3.SQLITE_NOTADB: "The database file is not a database.",
    sqlite3.SQLITE_PERM: "The database file may not be used by this user.",
    sqlite3.SQLITE_AUTH: "The database file may not be used by this user.",
}

# https://www.postgresql.org/docs/current/errcodes-appendix.html, by whole state, then by class
_LOST = "The connection to the database was lost."
_POSTGRES_TRANSIENT = {
    "40001": "The change clashed with another one.",
    "40P01": "The change clashed with another one (deadlock).",
    "55P03": "The database waited too long for a lock.",
    "57014": "The database took too long to answer.",
    "25P03": "The change took too long and was given up.",
    "25P04": "The change took too long and was given up.",
    "25006": "The database takes no changes at the moment.",
    "53100": "The disk that holds the database is full.",
    "53300": "The database takes no more connections.",
    "08": _LOST,
    "53": "The database has run out of resources.",
    "57": "The database is shutting down or starting.",
    "58": "The machine of the database reports an error.",
}
_POSTGRES_CONFIG = {
    "28": "The database refuses our user or password.",
    "3D": "There is no such database.",
}


@contextmanager
def our_errors(*, committing: bool = False) -> Iterator[None]:
    """Translates what is raised inside. `committing`: after a lost connection nobody knows whether it was done."""
    try:
        yield
    except (exc.SQLAlchemyError, sqlite3.Error, psycopg.Error) as error:
        ours = translated(error, committing=committing)
        if ours is None:
            raise
        raise ours from error


def translated(error: Exception, *, committing: bool = False) -> AlertDeskError | None:
    """The error of ours that says the same, or None where it shows a bug."""
    if isinstance(error, exc.TimeoutError):
        return Transient("The database is busy: no connection became free in time.")
    cause = error.orig if isinstance(error, exc.DBAPIError) else error
    if isinstance(cause, sqlite3.Error):
        return _from_sqlite(cause)
    if isinstance(cause, psycopg.Error):
        return _from_postgres(cause, committing)
    return None


def _from_sqlite(error: sqlite3.Error) -> AlertDeskError | None:
    code = getattr(error, "sqlite_errorcode", None)
    if code is None:  # raised by the Python modules themselves, not by SQLite
        closed = isinstance(error, sqlite3.OperationalError) or "closed" in str(error)
        return Transient("The database is closed.") if closed else None
    name = getattr(error, "sqlite_errorname", "")
    if (primary := code & 0xFF) in _SQLITE_TRANSIENT:
        return Transient(_SQLITE_TRANSIENT[primary], code=name)
    if primary in _SQLITE_CONFIG:
        return ConfigError(_SQLITE_CONFIG[primary], code=name)
    if primary == sqlite3.SQLITE_CORRUPT:
        return Permanent("The database file is damaged.", code=name)
    return None


def _from_postgres(error: psycopg.Error, committing: bool) -> AlertDeskError | None:
    state = error.sqlstate or ""
    if not state:
        if isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
            return Transient(_LOST, in_doubt=committing)
        return None
    for key in (state, state[:2]):
        if key in _POSTGRES_TRANSIENT:
            return Transient(_POSTGRES_TRANSIENT[key], code=state, in_doubt=committing and key in ("08", "57"))
        if key in _POSTGRES_CONFIG:
            return ConfigError(_POSTGRES_CONFIG[key], code=state)
    return None
