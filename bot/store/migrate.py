"""Brings a database's schema up to date, or says that it is not. Works from anywhere; there is no alembic.ini."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from bot.errors import ConfigError
from bot.store.engine import migration_engine
from bot.store.failures import our_errors

_LOCK = 0x616C657274  # any number will do that other programs on the same server do not use


def migrate(url: str) -> None:
    """Run the migrations that are missing, in one transaction; others who try at the same time wait and find it done.

    Blocks: call it in a thread. Raises ConfigError where the database was made by a newer version of the program.
    """
    config = _config()
    engine = migration_engine(url)
    with our_errors(), engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": _LOCK})
        _refuse_newer(connection, config)
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def check_schema(url: str) -> None:
    """Raises ConfigError unless the schema is the one that this version of the program works with. Blocks."""
    config = _config()
    engine = migration_engine(url)
    with our_errors(), engine.connect() as connection:
        current = _refuse_newer(connection, config)
    if current != ScriptDirectory.from_config(config).get_current_head():
        raise ConfigError("The database's schema is out of date. Run: python -m bot migrate")


def _refuse_newer(connection: Connection, config: Config) -> str | None:
    current = MigrationContext.configure(connection).get_current_revision()
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if current is not None and current not in known:
        raise ConfigError(f"The database was made by a newer version of Alert Desk (its schema is {current}).")
    return current


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config
