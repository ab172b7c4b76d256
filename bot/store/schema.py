"""What tables are made with. Who imports anything of this package has all tables in `metadata`."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, MetaData, text

from bot.store.column_types import Moment, Words

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(referred_table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    }
)


def words(name: str, *, key: bool = False, null: bool = False, later: bool = False) -> Column[str]:
    """`later`: added to a table that was there, so that programs of the version before write rows without it."""
    return Column(name, Words, primary_key=key, nullable=null, server_default=text("''") if later else None)


def moment(name: str, *, null: bool = False) -> Column[object]:
    return Column(name, Moment, nullable=null)


def where(condition: str) -> dict[str, Any]:
    """The condition of a partial index."""
    return {"sqlite_where": text(condition), "postgresql_where": text(condition)}
