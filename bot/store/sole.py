"""A SQLite file belongs to one running bot: a second one on the same file would send everything twice.

A lock of the operating system on a file beside it, which ends with the process however that ends. There is none for
PostgreSQL, where any number of replicas share the work. fcntl is there on every system that the program is made for;
where it is not (Windows), nobody is kept out.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bot.errors import ConfigError
from bot.store.engine import parse_url


@contextmanager
def sole_user(url: str) -> Iterator[None]:
    """Hold the SQLite database of this URL while the block runs. Raises ConfigError where another process does."""
    parsed = parse_url(url)
    if parsed.drivername != "sqlite" or not parsed.database or sys.platform == "win32":
        yield
        return
    import fcntl

    path = Path(f"{parsed.database}.lock")
    try:
        with path.open("a") as held:
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise ConfigError(
                    f"Another Alert Desk already runs on this SQLite database ({parsed.database}). SQLite serves one; "
                    "for more than one replica use PostgreSQL."
                ) from None
            yield
    except PermissionError:
        raise ConfigError(f"The lock file {path} cannot be written.") from None
