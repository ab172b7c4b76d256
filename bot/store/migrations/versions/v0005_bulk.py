"""Verdicts on many alerts at once. Adds two tables, and to intents two columns with a default, so that a program of the
version before can work on beside this one."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

WORDS = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
MOMENT = sa.DateTime(timezone=True).with_variant(sa.String(27), "sqlite")


def upgrade() -> None:
    op.create_table(
        "bulk_sets",
        sa.Column("id", WORDS, nullable=False),
        sa.Column("partner", WORDS, nullable=False),
        sa.Column("conversation_id", WORDS, nullable=False),
        sa.Column("status", WORDS, nullable=False),
        sa.Column("alerts", sa.Text(), nullable=False),
        sa.Column("drawn_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_bulk_sets"),
    )
    op.create_index("ix_bulk_sets_drawn", "bulk_sets", ["drawn_at"])
    op.create_table(
        "bulk_runs",
        sa.Column("id", WORDS, nullable=False),
        sa.Column("set_id", WORDS, nullable=False),
        sa.Column("partner", WORDS, nullable=False),
        sa.Column("conversation_id", WORDS, nullable=False),
        sa.Column("thread", WORDS, nullable=False),
        sa.Column("verdict", WORDS, nullable=False),
        sa.Column("note", WORDS, nullable=False),
        sa.Column("by_id", WORDS, nullable=False),
        sa.Column("by_name", WORDS, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("left_out", sa.Text(), nullable=False),
        sa.Column("sent", sa.Integer(), nullable=False),
        sa.Column("activity_id", WORDS, nullable=False),
        sa.Column("silent", sa.Boolean(), nullable=False),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_bulk_runs"),
    )
    is_open = sa.text("ended_at IS NULL")
    op.create_index("ix_bulk_runs_open", "bulk_runs", ["at"], sqlite_where=is_open, postgresql_where=is_open)
    for name in ("bulk", "only_from"):
        op.add_column("intents", sa.Column(name, WORDS, nullable=False, server_default=sa.text("''")))
    of_runs = sa.text("bulk <> ''")
    op.create_index("ix_intents_bulk", "intents", ["bulk"], sqlite_where=of_runs, postgresql_where=of_runs)
