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

    A schema that is newer, but still serves this version, stays as it is: during an upgrade both run side by side.
    Blocks: call it in a thread. Raises ConfigError where the schema does not serve this version any more.
    """
    config = _config()
    engine = migration_engine(url)
    with our_errors(), engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": _LOCK})
        if _is_newer(connection, config):
            return
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def check_schema(url: str) -> None:
    """Raises ConfigError unless this version of the program can work with the schema. Blocks."""
    config = _config()
    engine = migration_engine(url)
    with our_errors(), engine.connect() as connection:
        newer = _is_newer(connection, config)
        current = MigrationContext.configure(connection).get_current_revision()
    if not newer and current != ScriptDirectory.from_config(config).get_current_head():
        raise ConfigError("The database's schema is out of date. Run: python -m bot migrate")


def _is_newer(connection: Connection, config: Config) -> bool:
    """Whether a newer version made the schema. Raises ConfigError where it does not serve this version.

    The counter `schema for` names the oldest schema whose programs can work with this one: migrations that only add
    leave it alone, one that takes something away raises it to its own number.
    """
    current = MigrationContext.configure(connection).get_current_revision()
    scripts = ScriptDirectory.from_config(config)
    if current is None or current in {script.revision for script in scripts.walk_revisions()}:
        return False
    row = connection.execute(text("SELECT value FROM counters WHERE name = 'schema for'")).first()
    if row is None or row.value > int(scripts.get_current_head() or 0):
        raise ConfigError(f"The database was made by a newer version of Alert Desk (its schema is {current}).")
    return True


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config
