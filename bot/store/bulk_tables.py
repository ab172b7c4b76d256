"""The tables of verdicts on many alerts at once: what a button was drawn for, and who pressed it."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Index, Integer, Table

from bot.store.column_types import Json
from bot.store.schema import metadata, moment, where, words

bulk_sets = Table(
    "bulk_sets",
    metadata,
    words("id", key=True),
    words("partner"),
    words("conversation_id"),
    words("status"),
    Column("alerts", Json, nullable=False),
    moment("drawn_at"),
)
Index("ix_bulk_sets_drawn", bulk_sets.c.drawn_at)

bulk_runs = Table(
    "bulk_runs",
    metadata,
    words("id", key=True),
    words("set_id"),
    words("partner"),
    words("conversation_id"),
    words("thread"),
    words("verdict"),
    words("note"),
    words("by_id"),
    words("by_name"),
    moment("at"),
    Column("total", Integer, nullable=False),
    Column("left_out", Json, nullable=False),
    # How far it has come
    Column("sent", Integer, nullable=False),
    words("activity_id"),
    Column("silent", Boolean, nullable=False),
    moment("ended_at", null=True),
)
Index("ix_bulk_runs_open", bulk_runs.c.at, **where("ended_at IS NULL"))
