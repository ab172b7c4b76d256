"""The database, and the only importer of SQLAlchemy, Alembic and the drivers. Implements ports.Store."""

from __future__ import annotations

from bot.store.migrate import migrate
from bot.store.sole import sole_user
from bot.store.sql_store import SqlStore, connect, open_store

__all__ = ["SqlStore", "connect", "migrate", "open_store", "sole_user"]
