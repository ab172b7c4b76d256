"""What a team does with alerts beyond the verdict: assigned and snoozed alerts, saved filters, duty, escalations,
digests and drills; indexes for the tiles. Adds tables, and columns with a default or none needed, so that a program of
the version before can work on beside this one."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

WORDS = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
MOMENT = sa.DateTime(timezone=True).with_variant(sa.String(27), "sqlite")


def upgrade() -> None:
    for name in ("assigned_id", "assigned_name"):
        op.add_column("alerts", sa.Column(name, WORDS, nullable=False, server_default=sa.text("''")))
    op.add_column("alerts", sa.Column("snoozed_until", MOMENT, nullable=True))
    op.add_column("alerts", sa.Column("snoozed_by", WORDS, nullable=False, server_default=sa.text("''")))
    _index("ix_alerts_assigned", "alerts", ["partner", "assigned_id"], "assigned_id <> ''")
    op.create_index("ix_alerts_detected", "alerts", ["partner", "detected_at", "number", "is_test"])
    of_resolved = ["partner", "resolved_at", "detected_at", "is_test", "is_open", "resolved_reason"]
    _index("ix_alerts_resolved", "alerts", of_resolved, "resolved_at IS NOT NULL")

    op.create_table(
        "saved_filters",
        *(
            sa.Column(name, WORDS, nullable=False)
            for name in ("scope", "name_lower", "name", "words", "by_id", "by_name")
        ),
        sa.Column("at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("scope", "name_lower", name="pk_saved_filters"),
    )
    op.create_table(
        "duty",
        sa.Column("conversation_id", WORDS, nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("changed_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("conversation_id", name="pk_duty"),
    )
    op.create_table(
        "escalations",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("conversation_id", WORDS, nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("number", "conversation_id", name="pk_escalations"),
        sa.ForeignKeyConstraint(["number"], ["alerts.number"], name="fk_escalations_alerts"),
    )
    op.create_index("ix_escalations_at", "escalations", ["at"])
    op.create_table(
        "digests",
        sa.Column("conversation_id", WORDS, nullable=False),
        sa.Column("kind", WORDS, nullable=False),
        sa.Column("zone", WORDS, nullable=False),
        sa.Column("minute", sa.Integer(), nullable=False),
        sa.Column("weekday", sa.Integer(), nullable=False),
        sa.Column("next_at", MOMENT, nullable=False),
        sa.Column("by_id", WORDS, nullable=False),
        sa.Column("by_name", WORDS, nullable=False),
        sa.PrimaryKeyConstraint("conversation_id", "kind", name="pk_digests"),
    )
    op.create_index("ix_digests_next", "digests", ["next_at"])
    op.create_table(
        "drills",
        sa.Column("number", sa.Integer(), nullable=False),
        *(sa.Column(name, WORDS, nullable=False) for name in ("partner", "conversation_id", "by_id", "by_name")),
        sa.Column("begun_at", MOMENT, nullable=False),
        *(
            sa.Column(name, MOMENT, nullable=True)
            for name in ("detected_at", "carded_at", "acknowledged_at", "decided_at", "reported_at")
        ),
        sa.PrimaryKeyConstraint("number", name="pk_drills"),
        sa.ForeignKeyConstraint(["number"], ["alerts.number"], name="fk_drills_alerts"),
    )
    _index("ix_drills_open", "drills", ["begun_at"], "reported_at IS NULL")


def _index(name: str, table: str, columns: list[str], condition: str) -> None:
    only = sa.text(condition)
    op.create_index(name, table, columns, sqlite_where=only, postgresql_where=only)
